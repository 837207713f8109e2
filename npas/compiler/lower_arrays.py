"""Lowering of operators on arrays of any rank: moves, reductions, products of matrices, resampling."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.array_layers import (
    OUTSIDE,
    ClearLayer,
    MatMulLayer,
    MoveAxis,
    MoveLayer,
    NormalizeLayer,
    ReduceLayer,
    ResampleLayer,
    SoftmaxLayer,
)
from npas.compiler.blocks import is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.layout import compact_layout
from npas.compiler.moves import Moved, Table, axis_tables, joined, runs
from npas.compiler.plan import CopyLayer
from npas.graph.graph import Node
from npas.ops import Concat, Flatten, MatMul, Normalize, Reduce, Resample, Reshape, Shape, Softmax


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
            _move(plan, group, read, source, moved, at)
            source, read = at, done[-1].name if done else read
            moved, done = Moved.of(moved.shape, plan.layout(at)), []
            after = moved.through(node.op)
            assert after is not None, node
        moved = after
        done.append(node)
    out = plan.result(group)
    clear(plan, group, out)
    _move(plan, group, read, source, moved, out)


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


def _move(plan: PlanBuilder, group: Group, name: str, source: int, moved: Moved, to: int) -> None:
    """What is made of the value called ``name``, to a value of the same shape."""
    _move_to(plan, group, name, source, moved, to, axis_tables(moved.shape, plan.layout(to)))


def _move_to(
    plan: PlanBuilder, group: Group, name: str, source: int, moved: Moved, to: int, places: list[Table]
) -> None:
    if any((t == OUTSIDE).all() for t in moved.tables if len(t) == 1):  # nothing of the source is left
        moved = Moved(tuple(np.full(len(t), OUTSIDE) for t in moved.tables), moved.fill)
    tables, targets, first_source, first_target = joined(moved.tables, places)
    if not tables:
        tables, targets = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
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
    _move(plan, group, name, source, moved, to)
    return to


def per_channel(plan: PlanBuilder, group: Group, name: str, channels: int) -> int:
    """A value of one element, or of one a channel, as a plain array of one a channel."""
    if prod(plan.graph.shapes[name]) == channels:
        return plan.place[name]
    to = plan.value(f"{name}.for.{group.value}", compact_layout((1, channels, 1, 1)))
    _move(plan, group, name, plan.place[name], Moved((np.zeros(channels, np.int64),)), to)
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


def lower_reduce(plan: PlanBuilder, group: Group) -> None:
    op, name = group.root.op, group.root.inputs[0]
    assert isinstance(op, Reduce)
    shape = plan.graph.shapes[name]
    kept = [i for i in range(len(shape)) if i not in op.axes]
    source = _ordered(plan, group, name, (*kept, *op.axes))
    length = prod(shape[i] for i in op.axes)
    out = _result(plan, group)
    plan.add(
        ReduceLayer(
            nodes=group.nodes,
            reads=(name,),
            inputs=(source,),
            output=out,
            function=op.function,
            rows=prod(shape) // length,
            length=length,
        )
    )
    _planes(plan, group, out)


def lower_softmax(plan: PlanBuilder, group: Group) -> None:
    op, name = group.root.op, group.root.inputs[0]
    assert isinstance(op, Softmax)
    shape = plan.graph.shapes[name]
    rank = len(shape)
    axis = op.axis % rank
    order = (*(i for i in range(rank) if i != axis), axis)
    source = _ordered(plan, group, name, order)
    turned = axis != rank - 1
    turned_shape = tuple(shape[i] for i in order)
    out = plan.value(f"{group.value}.turned", compact_layout(turned_shape)) if turned else _result(plan, group)
    plan.add(
        SoftmaxLayer(
            nodes=group.nodes,
            reads=(name,),
            inputs=(source,),
            output=out,
            function=op.kind,
            rows=prod(shape) // shape[axis],
            length=shape[axis],
        )
    )
    if turned:
        back = tuple(order.index(i) for i in range(rank))
        tables = axis_tables(turned_shape, plan.layout(out))
        to = plan.result(group)
        clear(plan, group, to)
        _move(plan, group, group.value, out, Moved(tuple(tables[i] for i in back)), to)
    else:
        _planes(plan, group, out)


def lower_normalize(plan: PlanBuilder, group: Group) -> None:
    op, name = group.root.op, group.root.inputs[0]
    assert isinstance(op, Normalize)
    shape = plan.graph.shapes[name]
    source, out, length = plan.vector(name), _result(plan, group), prod(shape[op.axis :])
    plan.add(
        NormalizeLayer(
            nodes=group.nodes,
            reads=(name,),
            inputs=(source,),
            output=out,
            rows=prod(shape) // length,
            length=length,
            epsilon=op.epsilon,
        )
    )
    _planes(plan, group, out)


def lower_matmul(plan: PlanBuilder, group: Group) -> None:
    op, (a, b) = group.root.op, (group.root.inputs * 2)[:2]
    assert isinstance(op, MatMul)
    shape = plan.graph.shapes[group.value]
    batch = shape[:-2]
    wanted = {name: (*batch, *plan.graph.shapes[name][-2:]) for name in (a, b)}
    for name in (a, b):  # copies first: what a group adds by itself stays together
        if plan.graph.shapes[name] == wanted[name]:
            plan.vector(name)
    left, right = (_repeated(plan, group, name, wanted[name]) for name in (a, b))
    out = _result(plan, group)
    plan.add(
        MatMulLayer(
            nodes=group.nodes,
            reads=(a, b),
            inputs=(left, right),
            output=out,
            macs=plan.graph.macs(group.root),
            batch=prod(batch),
            rows=shape[-2],
            depth=plan.graph.shapes[a][-1],
            columns=shape[-1],
        )
    )
    _planes(plan, group, out)


def lower_resample(plan: PlanBuilder, group: Group) -> None:
    op, name = group.root.op, group.root.inputs[0]
    assert isinstance(op, Resample)
    shape = plan.graph.shapes[name]
    source, out = plan.vector(name), _result(plan, group)
    plan.add(
        ResampleLayer(
            nodes=group.nodes,
            reads=(name,),
            inputs=(source,),
            output=out,
            outer=prod(shape[: op.axis]),
            size=shape[op.axis],
            inner=prod(shape[op.axis + 1 :]),
            taps=op.taps,
            indices=op.indices,
            weights=op.weights,
        )
    )
    _planes(plan, group, out)


def _ordered(plan: PlanBuilder, group: Group, name: str, order: tuple[int, ...]) -> int:
    """A value as a plain array with its axes in the given order."""
    if order == tuple(range(len(order))):
        return plan.vector(name)
    source, shape = plan.place[name], plan.graph.shapes[name]
    tables = axis_tables(shape, plan.layout(source))
    moved = Moved(tuple(tables[i] for i in order))
    to = plan.value(f"{name}.for.{group.value}", compact_layout(moved.shape))
    _move(plan, group, name, source, moved, to)
    return to


def _repeated(plan: PlanBuilder, group: Group, name: str, shape: Shape) -> int:
    """A value as a plain array, broadcast to a shape."""
    if plan.graph.shapes[name] == shape:
        return plan.vector(name)
    source = plan.place[name]
    moved = Moved.of(plan.graph.shapes[name], plan.layout(source)).expanded(shape)
    to = plan.value(f"{name}.for.{group.value}", compact_layout(shape))
    _move(plan, group, name, source, moved, to)
    return to


def _result(plan: PlanBuilder, group: Group) -> int:
    """A plain array for the group's value; ``_planes`` copies it where it is an image that others read as planes."""
    shape = plan.graph.shapes[group.value]
    return plan.value(group.value if is_compact(shape) else f"{group.value}.vector", compact_layout(shape))


def _planes(plan: PlanBuilder, group: Group, vector: int) -> None:
    shape = plan.graph.shapes[group.value]
    if is_compact(shape):
        return
    out = plan.result(group)
    read, target = plan.layout(vector), plan.layout(out)
    plan.add(
        CopyLayer(nodes=group.nodes, reads=(group.value,), inputs=(vector,), output=out, source=read, target=target)
    )
