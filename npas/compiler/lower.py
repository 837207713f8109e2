"""From a pruned network to a plan: one layer per fused group, values in one arena, weights in sections."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from npas.compiler.blocks import KernelKind, is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.indexed import Options, Section
from npas.compiler.layout import compact_layout, reads_phases, runs_on_planes
from npas.compiler.lower_depthwise import lower_depthwise
from npas.compiler.lower_expansion import is_expansion, lower_expansion
from npas.compiler.lower_indexed import lower_conv, lower_linear
from npas.compiler.lower_lanes import lower_conv_lanes
from npas.compiler.lower_packed import lower_packed
from npas.compiler.lower_winograd import lower_winograd
from npas.compiler.plan import (
    ConcatLayer,
    CopyLayer,
    ElementwiseLayer,
    GlobalAvgPoolLayer,
    InputLayer,
    Kernel,
    OutputLayer,
    Plan,
    PoolLayer,
    SoftmaxLayer,
)
from npas.compiler.schedules.choice import Choice
from npas.compiler.weights_file import write
from npas.errors import UnsupportedError
from npas.graph.graph import Network
from npas.ops import (
    Add,
    AvgPool,
    Concat,
    Conv2d,
    Elementwise,
    Flatten,
    GlobalAvgPool,
    Input,
    Linear,
    MaxPool,
    Mul,
    Softmax,
)
from npas.spec.schema import Isa

MOST_DIMENSIONS = 4
"""Of a value, batch included: a layout has channels, height and width."""


@dataclass(frozen=True)
class Lowered:
    """A plan and the weights' sections that it speaks of, made in one go."""

    plan: Plan
    sections: tuple[Section, ...]
    choices: Mapping[str, Choice]
    """What could have been decided of each layer with weights, by root node."""
    options: Options
    """With which other weights in the same places give the same plan."""

    def weights(self) -> bytes:
        """The weights file."""
        return write(self.sections, fingerprint(self.plan))


def fingerprint(plan: Plan) -> int:
    """64 bits that tie a weights file to its plan."""
    return int.from_bytes(hashlib.sha256(plan.model_dump_json().encode()).digest()[:8], "little")


def lower(network: Network, *, isa: Isa, threads: int, options: Options | None = None) -> Lowered:
    """Lowers a simplified network (no batch-norm, no dropout).

    Raises UnsupportedError where an operator has no lowering at its shapes.
    """
    options = options or Options()
    plan = PlanBuilder(network, isa, threads, options)
    groups = list(plan.groups)
    while groups:
        group, *groups = groups
        if groups and is_expansion(plan, group, groups[0]):
            lower_expansion(plan, group, groups.pop(0))
        else:
            _lowering(plan, group)(plan, group)
    for i, name in enumerate(plan.graph.outputs):
        plan.add(OutputLayer(nodes=(name,), inputs=(plan.place[name],), output=-1 - i))
    return Lowered(plan.plan(), tuple(plan.sections), plan.choices, options)


def _lowering(plan: PlanBuilder, group: Group) -> Callable[[PlanBuilder, Group], None]:
    name, shape = group.root.name, plan.graph.shapes[group.root.name]
    if len(shape) > MOST_DIMENSIONS:
        raise UnsupportedError(
            f"node {name}: values have at most {MOST_DIMENSIONS} dimensions, got {shape}, merge some of them"
        )
    for kind, function in _LOWERINGS:
        if isinstance(group.root.op, kind):
            return function
    raise UnsupportedError(
        f"node {name}: must be an operator with a lowering, got {group.root.op.type}, export the model without it"
    )


def _input(plan: PlanBuilder, group: Group) -> None:
    number = -1 - plan.graph.inputs.index(group.value)
    readers = [g for g in plan.groups if group.value in g.root.inputs or g.residual == group.value]
    only_split = all(_splits(plan, g) and g.residual != group.value for g in readers)
    if readers and only_split and group.value not in plan.graph.outputs:
        plan.place[group.value] = number  # a phase split reads the caller's array as it is
        return
    plan.add(InputLayer(nodes=group.nodes, inputs=(number,), output=plan.result(group)))


def _splits(plan: PlanBuilder, group: Group) -> bool:
    return runs_on_planes(plan.graph, group) and reads_phases(group, plan.blocks)


def _conv(plan: PlanBuilder, group: Group) -> None:
    if not runs_on_planes(plan.graph, group):
        return lower_linear(plan, group)
    kernel = plan.blocks.kernel[group.root.name]
    return _CONVOLUTIONS[kernel](plan, group)


def _elementwise(plan: PlanBuilder, group: Group) -> None:
    op = group.root.op
    binary: Literal["", "plane", "channel"] = ""
    if isinstance(op, Elementwise):
        names, statement, word = group.root.inputs, f"x = {op.expression()};", group.word
    else:
        names, binary = _operands(plan, group)
        statement = "x = x + other;" if isinstance(op, Add) else "x = x * other;"
        word = f"{op.type}_{binary}"
    kernel = Kernel(
        name=f"{word}_{plan.isa}{group.suffix()}",
        template="elementwise",
        epilogue=(statement, *group.statements()),
        binary=binary,
    )
    inputs = tuple(plan.place[name] for name in names)
    plan.add(
        ElementwiseLayer(
            nodes=group.nodes, reads=names, inputs=inputs, output=plan.result(group), kernel=plan.kernel(kernel)
        )
    )


def _operands(plan: PlanBuilder, group: Group) -> tuple[tuple[str, str], Literal["plane", "channel"]]:
    """The operands, the one with the result's shape first, and whether the other is a plane or one float a channel."""
    shapes = plan.graph.shapes
    out = shapes[group.root.name]
    a, b = (group.root.inputs * 2)[:2]
    if shapes[a] != out:
        a, b = b, a
    if shapes[a] == out and shapes[b] == out:
        return (a, b), "plane"
    if shapes[a] == out and len(out) == 4 and shapes[b] == (1, out[1], 1, 1):
        return (a, b), "channel"
    raise UnsupportedError(
        f"node {group.root.name}: {group.root.op.type} takes operands of one shape or one value per channel, "
        f"got {shapes[a]} and {shapes[b]}, expand the smaller one"
    )


def _pool(plan: PlanBuilder, group: Group) -> None:
    op = group.root.op
    assert isinstance(op, MaxPool | AvgPool)
    plan.add(
        PoolLayer(
            nodes=group.nodes,
            reads=group.root.inputs,
            inputs=(plan.place[group.root.inputs[0]],),
            output=plan.result(group),
            function="max_pool" if isinstance(op, MaxPool) else "average_pool",
            window=op.kernel,
            stride=op.stride,
            top=op.pads[0],
            left=op.pads[1],
            count_pads=isinstance(op, AvgPool) and op.count_pads,
        )
    )


def _global_avg_pool(plan: PlanBuilder, group: Group) -> None:
    source = plan.place[group.root.inputs[0]]
    plan.add(
        GlobalAvgPoolLayer(nodes=group.nodes, reads=group.root.inputs, inputs=(source,), output=plan.result(group))
    )


def _concat(plan: PlanBuilder, group: Group) -> None:
    op, shapes = group.root.op, plan.graph.shapes
    assert isinstance(op, Concat)
    rank = len(shapes[group.value])
    if op.axis % rank != 1:
        raise UnsupportedError(
            f"node {group.root.name}: concat must be along channels (axis 1), got axis {op.axis} of {rank}, "
            "transpose around it"
        )
    out, first = plan.result(group), 0
    for name in group.root.inputs:
        plan.add(
            ConcatLayer(nodes=group.nodes, reads=(name,), inputs=(plan.place[name],), output=out, first_channel=first)
        )
        first += shapes[name][1]


def _flatten(plan: PlanBuilder, group: Group) -> None:
    source = plan.place[group.root.inputs[0]]
    read = plan.layout(source)
    if read.compact and read.plane == 1:
        plan.place[group.value] = source  # one float a channel already: another name for the same array
        return
    target = compact_layout(plan.graph.shapes[group.root.inputs[0]])
    plan.add(
        CopyLayer(
            nodes=group.nodes,
            reads=group.root.inputs,
            inputs=(source,),
            output=plan.result(group),
            source=read,
            target=target,
        )
    )


def _softmax(plan: PlanBuilder, group: Group) -> None:
    shape = plan.graph.shapes[group.value]
    if not is_compact(shape) or len(shape) != 2:
        raise UnsupportedError(f"node {group.root.name}: softmax takes [batch, classes], got {shape}, flatten it first")
    source = plan.vector(group.root.inputs[0])
    plan.add(SoftmaxLayer(nodes=group.nodes, reads=group.root.inputs, inputs=(source,), output=plan.result(group)))


_CONVOLUTIONS: Mapping[KernelKind, Callable[[PlanBuilder, Group], None]] = {
    "pixels": lower_conv,
    "packed": lower_packed,
    "lanes": lower_conv_lanes,
    "depthwise": lower_depthwise,
    "winograd": lower_winograd,
}

_LOWERINGS: tuple[tuple[type | tuple[type, ...], Callable[[PlanBuilder, Group], None]], ...] = (
    (Input, _input),
    (Conv2d, _conv),
    (Linear, lower_linear),
    ((Elementwise, Add, Mul), _elementwise),
    ((MaxPool, AvgPool), _pool),
    (GlobalAvgPool, _global_avg_pool),
    (Concat, _concat),
    (Flatten, _flatten),
    (Softmax, _softmax),
)
