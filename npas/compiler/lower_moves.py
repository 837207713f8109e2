"""Lowering of operators that only move numbers, and of the moves before others."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.array_layers import (
    MOST_AXES,
    OUTSIDE,
    ClearLayer,
    MoveAxis,
    MoveLayer,
)
from npas.compiler.blocks import is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.layout import compact_layout
from npas.compiler.moves import Moved, Table, axis_tables, joined, runs
from npas.compiler.plan import CopyLayer
from npas.errors import UnsupportedError
from npas.graph.graph import Node
from npas.ops import Concat, Flatten, Reshape, Shape


def lower_move(plan: PlanBuilder, group: Group) -> None:
    """A chain of moves as one layer, or as few as its reshapes allow; reshapes alone rename a compact value."""
    shapes, name = plan.graph.shapes, group.root.inputs[0]
    nodes = [group.root, *group.chain]
    if all(isinstance(node.op, Reshape | Flatten) for node in nodes) and _renamed(plan, group, name):
        return
    source, shape = plan.place[name], shapes[name]
    moved, done, read = Moved.of(shape, plan.layout(source)), list[Node](), name
    for node in nodes:
        after = moved.through(node.op)
        if after is None:
            at = plan.value(f"{done[-1].name if done else read}.moved", compact_layout(moved.shape))
            move(plan, group, read, source, moved, at)
            source, read = at, done[-1].name if done else read
            moved, done = Moved.of(moved.shape, plan.layout(at)), []
            after = moved.through(node.op)
            assert after is not None, node
        moved = after
        done.append(node)
    out = plan.result(group)
    clear(plan, group, out)
    move(plan, group, read, source, moved, out)


def _renamed(plan: PlanBuilder, group: Group, name: str) -> bool:
    """Reshapes of plain arrays to plain arrays, or to planes from them or back: no move is needed."""
    source, shape = plan.place[name], plan.graph.shapes[group.value]
    read = plan.layout(source)
    if read.compact and is_compact(shape):
        plan.place[group.value] = source
        return True
    if is_compact(shape) and len(plan.graph.shapes[name]) == 4:
        target = compact_layout(plan.graph.shapes[name])
    elif read.compact and not is_compact(shape):
        read, target = compact_layout(shape), None
    else:
        return False
    out = plan.result(group)
    layer = CopyLayer(
        nodes=group.nodes,
        reads=(name,),
        inputs=(source,),
        output=out,
        source=read,
        target=target or plan.layout(out),
    )
    plan.add(layer)
    return True


def clear(plan: PlanBuilder, group: Group, value: int) -> None:
    """Zeros in a value whose pixels alone will be written."""
    layout = plan.layout(value)
    if not layout.compact and not (layout.gapless and layout.channels % layout.block == 0):
        plan.add(ClearLayer(nodes=group.nodes, inputs=(), output=value))


def move(plan: PlanBuilder, group: Group, name: str, source: int, moved: Moved, to: int) -> None:
    """What is made of the value called ``name``, to a value of the same shape."""
    _move_to(plan, group, name, source, moved, to, axis_tables(moved.shape, plan.layout(to)))


def _move_to(
    plan: PlanBuilder, group: Group, name: str, source: int, moved: Moved, to: int, places: list[Table]
) -> None:
    if any((t == OUTSIDE).all() for t in moved.tables if len(t) == 1):  # nothing of the source is left
        moved = Moved(tuple(np.full(len(t), OUTSIDE) for t in moved.tables), moved.fill)
    tables, targets, first_source, first_target = joined(moved.tables, places)
    if not tables:
        tables, targets = [np.full(1, min(first_source, 0))], [np.zeros(1, np.int64)]
    if len(tables) > MOST_AXES:
        raise UnsupportedError(
            f"node {group.root.name}: moving numbers must take at most {MOST_AXES} axes that join with no other, got "
            f"{len(tables)}, transpose in steps"
        )
    plan.add(
        MoveLayer(
            nodes=group.nodes,
            reads=(name,),
            inputs=(source,),
            output=to,
            axes=tuple(MoveAxis(source=runs(s), target=runs(t)) for s, t in zip(tables, targets, strict=True)),
            source=max(first_source, 0),
            target=first_target,
            fill=moved.fill,
        )
    )


def broadcast(plan: PlanBuilder, group: Group, name: str) -> int:
    """A value repeated to the shape of the group's root, and laid out as its result."""
    shapes, like = plan.graph.shapes, group.root.name
    source = plan.place[name]
    moved = Moved.of(shapes[name], plan.layout(source)).expanded(shapes[like])
    to = plan.value(f"{name}.for.{group.value}", plan.layout_of(group.value))
    clear(plan, group, to)
    move(plan, group, name, source, moved, to)
    return to


def per_channel(plan: PlanBuilder, group: Group, name: str, channels: int) -> int:
    """A value of one element, or of one a channel, as a plain array of one a channel."""
    if prod(plan.graph.shapes[name]) == channels:
        return plan.place[name]
    to = plan.value(f"{name}.for.{group.value}", compact_layout((1, channels, 1, 1)))
    move(plan, group, name, plan.place[name], Moved((np.zeros(channels, np.int64),)), to)
    return to


def lower_concat(plan: PlanBuilder, group: Group) -> None:
    """Along any axis: each input moves to its place."""
    op, shapes = group.root.op, plan.graph.shapes
    assert isinstance(op, Concat)
    shape = shapes[group.value]
    axis, first, out = op.axis % len(shape), 0, plan.result(group)
    clear(plan, group, out)
    places = axis_tables(shape, plan.layout(out))
    for name in group.root.inputs:
        count = shapes[name][axis]
        own = [t[first : first + count] if i == axis else t for i, t in enumerate(places)]
        source = plan.place[name]
        _move_to(plan, group, name, source, Moved.of(shapes[name], plan.layout(source)), out, own)
        first += count


def ordered(plan: PlanBuilder, group: Group, name: str, order: tuple[int, ...]) -> int:
    """A value as a plain array with its axes in the given order."""
    if order == tuple(range(len(order))):
        return plan.vector(name)
    source, shape = plan.place[name], plan.graph.shapes[name]
    tables = axis_tables(shape, plan.layout(source))
    moved = Moved(tuple(tables[i] for i in order))
    to = plan.value(f"{name}.for.{group.value}", compact_layout(moved.shape))
    move(plan, group, name, source, moved, to)
    return to


def repeated(plan: PlanBuilder, group: Group, name: str, shape: Shape) -> int:
    """A value as a plain array, broadcast to a shape."""
    if plan.graph.shapes[name] == shape:
        return plan.vector(name)
    source = plan.place[name]
    moved = Moved.of(plan.graph.shapes[name], plan.layout(source)).expanded(shape)
    to = plan.value(f"{name}.for.{group.value}", compact_layout(shape))
    move(plan, group, name, source, moved, to)
    return to
