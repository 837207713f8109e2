"""Lowering of what is computed on arrays of any rank: reductions, norms, products of matrices, resampling."""

from __future__ import annotations

from math import prod

from npas.compiler.array_layers import (
    MatMulLayer,
    NormalizeLayer,
    ReduceLayer,
    ResampleLayer,
    SoftmaxLayer,
)
from npas.compiler.blocks import is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.layout import compact_layout
from npas.compiler.lower_moves import clear, move, ordered, repeated
from npas.compiler.moves import Moved, axis_tables
from npas.compiler.plan import CopyLayer
from npas.ops import MatMul, Normalize, Reduce, Resample, Softmax


def lower_reduce(plan: PlanBuilder, group: Group) -> None:
    op, name = group.root.op, group.root.inputs[0]
    assert isinstance(op, Reduce)
    shape = plan.graph.shapes[name]
    kept = [i for i in range(len(shape)) if i not in op.axes]
    source = ordered(plan, group, name, (*kept, *op.axes))
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
    source = ordered(plan, group, name, order)
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
        move(plan, group, group.value, out, Moved(tuple(tables[i] for i in back)), to)
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
    left, right = (repeated(plan, group, name, wanted[name]) for name in (a, b))
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
