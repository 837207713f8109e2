"""From a pruned network to a plan: one layer per fused group, values in one arena, weights in sections."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Literal

from npas.compiler.blocks import KernelKind, is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import MOVES, Group
from npas.compiler.indexed import Options, Section
from npas.compiler.layout import reads_phases, runs_on_planes
from npas.compiler.lower_arrays import lower_matmul, lower_normalize, lower_reduce, lower_resample, lower_softmax
from npas.compiler.lower_depthwise import lower_depthwise
from npas.compiler.lower_indexed import lower_conv, lower_linear
from npas.compiler.lower_lanes import lower_conv_lanes
from npas.compiler.lower_moves import broadcast, lower_concat, lower_move, per_channel
from npas.compiler.lower_packed import lower_packed
from npas.compiler.lower_pairs import is_pair, lower_pair
from npas.compiler.lower_planar import lower_planar
from npas.compiler.lower_pool import lower_pool
from npas.compiler.lower_winograd import lower_winograd
from npas.compiler.plan import (
    ConcatLayer,
    ElementwiseLayer,
    GlobalAvgPoolLayer,
    InputLayer,
    Kernel,
    OutputLayer,
    Plan,
)
from npas.compiler.schedules.choice import Choice
from npas.compiler.weights_file import write
from npas.errors import UnsupportedError
from npas.graph.graph import Network
from npas.ops import (
    Add,
    AvgPool,
    Binary,
    Concat,
    Constant,
    Conv2d,
    Dropout,
    Elementwise,
    GlobalAvgPool,
    Input,
    Linear,
    MatMul,
    MaxPool,
    Mul,
    Normalize,
    Reduce,
    Resample,
    Shape,
    Softmax,
)
from npas.targets.isa import IsaName


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


def lower(network: Network, *, isa: IsaName, threads: int, options: Options | None = None) -> Lowered:
    """Lowers a simplified network (no batch-norm, no dropout).

    Raises UnsupportedError where an operator has no lowering at its shapes.
    """
    options = options or Options()
    plan = PlanBuilder(network, isa, threads, options)
    groups = list(plan.groups)
    while groups:
        group, *groups = groups
        if groups and is_pair(plan, group, groups[0]):
            lower_pair(plan, group, groups.pop(0))
        else:
            _lowering(plan, group)(plan, group)
    for i, name in enumerate(plan.graph.outputs):
        plan.add(OutputLayer(nodes=(name,), inputs=(plan.place[name],), output=-1 - i))
    return Lowered(plan.plan(), tuple(plan.sections), plan.choices, options)


def _lowering(plan: PlanBuilder, group: Group) -> Callable[[PlanBuilder, Group], None]:
    op, where, shapes = group.root.op, f"node {group.root.name}", plan.graph.input_shapes(group.root)
    if isinstance(op, Conv2d | MaxPool | AvgPool | GlobalAvgPool) and shapes[0][0] != 1:
        raise UnsupportedError(f"{where}: {op.type} takes one image, got shape {shapes[0]}, export with batch 1")
    for kind, function in _LOWERINGS:
        if isinstance(op, kind):
            return function
    raise UnsupportedError(f"{where}: must be an operator with a lowering, got {op.type}, export the model without it")


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
        inputs = tuple(plan.place[name] for name in names)
    else:
        assert isinstance(op, Binary)
        names, inputs, binary = _operands(plan, group)
        swapped = names[0] != group.root.inputs[0]
        first, second = ("other", "x") if swapped and not isinstance(op, Add | Mul) else ("x", "other")
        statement = f"x = {op.combine(first, second)};"
        word = f"{group.word}{'_swapped' if swapped and not isinstance(op, Add | Mul) else ''}_{binary}"
    kernel = Kernel(
        name=f"{word}_{plan.isa}{group.suffix()}",
        template="elementwise",
        epilogue=(statement, *group.statements()),
        binary=binary,
    )
    plan.add(
        ElementwiseLayer(
            nodes=group.nodes, reads=names, inputs=inputs, output=plan.result(group), kernel=plan.kernel(kernel)
        )
    )


def _operands(plan: PlanBuilder, group: Group) -> tuple[tuple[str, str], tuple[int, int], Literal["plane", "channel"]]:
    """The operands by name and as values, the one with the result's shape first, and whether the other is a plane or
    one float a channel. What fits neither is repeated first."""
    shapes, out = plan.graph.shapes, plan.graph.shapes[group.root.name]
    a, b = (group.root.inputs * 2)[:2]
    if shapes[a] != out and shapes[b] == out:
        a, b = b, a
    x = plan.place[a] if shapes[a] == out else broadcast(plan, group, a)
    if shapes[b] == out:
        return (a, b), (x, plan.place[b]), "plane"
    if not is_compact(out) and _is_per_channel(shapes[b], out):
        return (a, b), (x, per_channel(plan, group, b, out[1])), "channel"
    return (a, b), (x, broadcast(plan, group, b)), "plane"


def _is_per_channel(shape: Shape, image: Shape) -> bool:
    """Whether a value has one element for each channel of an image, or one for all."""
    return prod(shape) == 1 or (prod(shape) == image[1] and shape[-3:] == (image[1], 1, 1))


def _global_avg_pool(plan: PlanBuilder, group: Group) -> None:
    source = plan.place[group.root.inputs[0]]
    plan.add(
        GlobalAvgPoolLayer(nodes=group.nodes, reads=group.root.inputs, inputs=(source,), output=plan.result(group))
    )


def _concat(plan: PlanBuilder, group: Group) -> None:
    """Images side by side along their channels keep their layout; the others move."""
    op, shapes = group.root.op, plan.graph.shapes
    assert isinstance(op, Concat)
    if is_compact(shapes[group.value]) or op.axis % 4 != 1:
        lower_concat(plan, group)
        return
    out, first = plan.result(group), 0
    for name in group.root.inputs:
        plan.add(
            ConcatLayer(nodes=group.nodes, reads=(name,), inputs=(plan.place[name],), output=out, first_channel=first)
        )
        first += shapes[name][1]


def _same(plan: PlanBuilder, group: Group) -> None:
    """What computes nothing: simplifying left it to tell an output from an input."""
    plan.place[group.value] = plan.place[group.root.inputs[0]]


def _constant(plan: PlanBuilder, group: Group) -> None:
    plan.constant(group.value, plan.network.weights[f"{group.value}.value"])


_CONVOLUTIONS: Mapping[KernelKind, Callable[[PlanBuilder, Group], None]] = {
    "pixels": lower_conv,
    "packed": lower_packed,
    "lanes": lower_conv_lanes,
    "depthwise": lower_depthwise,
    "planar": lower_planar,
    "winograd": lower_winograd,
}

_LOWERINGS: tuple[tuple[type | tuple[type, ...], Callable[[PlanBuilder, Group], None]], ...] = (
    (Input, _input),
    (Constant, _constant),
    (Dropout, _same),
    (Conv2d, _conv),
    (Linear, lower_linear),
    ((Elementwise, Binary), _elementwise),
    ((MaxPool, AvgPool), lower_pool),
    (GlobalAvgPool, _global_avg_pool),
    (Concat, _concat),
    (MOVES, lower_move),
    (Reduce, lower_reduce),
    (Normalize, lower_normalize),
    (MatMul, lower_matmul),
    (Resample, lower_resample),
    (Softmax, lower_softmax),
)
