"""Lowering of depthwise layers whose channels lie in the lanes of vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.formats.base import Floats
from npas.compiler.fuse import Group
from npas.compiler.lower_indexed import describe, reads, source_of
from npas.compiler.plan import DepthwiseLayer, Kernel
from npas.compiler.schedules.choice import Choice
from npas.compiler.schedules.depthwise import depthwise_pixels, depthwise_schedule, depthwise_space
from npas.compiler.schedules.records import DepthwiseSchedule, PlanarSchedule
from npas.compiler.stored import Depthwise
from npas.ops import Conv2d

PASSES_OVER_ALL = "a depthwise kernel passes over every position"


def lower_depthwise(plan: PlanBuilder, group: Group) -> None:
    """A depthwise convolution of planes of as many channels as there are lanes, to such planes or turned round."""
    source, out = source_of(plan, group), plan.result(group)
    schedule = plan.choose(group, depthwise_choice(plan, group, None), DepthwiseSchedule)
    plan.add(depthwise_layer(plan, group, source, out, schedule.model_copy(update={"rows": 0})))


def depthwise_choice(plan: PlanBuilder, group: Group, before: tuple[str, int] | None) -> Choice:
    """The schedules of a depthwise layer; ``before`` is the layer that can be computed with this one, and the estimate
    of ``DepthwiseSchedule.rows``."""
    op = group.root.op
    assert isinstance(op, Conv2d)
    _, _, height, width = plan.graph.shapes[group.root.name]
    alone = depthwise_schedule(width, op.kernel[1], plan.isa)
    if before is None:
        return Choice(plan.key(group, "depthwise", "dense"), depthwise_space(width), (alone,))
    partner, rows = before
    together = alone.model_copy(update={"rows": rows})
    return Choice(
        key=plan.key(group, "expansion", "dense"),
        space=depthwise_space(width, height),
        estimated=tuple(dict.fromkeys((together, alone))),
        partner=partner,
    )


def depthwise_layer(
    plan: PlanBuilder, group: Group, source: int, out: int, schedule: DepthwiseSchedule
) -> DepthwiseLayer:
    """The layer from value to value; ``source`` may be a buffer for some rows of the input."""
    root = group.root
    op = root.op
    assert isinstance(op, Conv2d)
    inputs = (source,) if group.residual is None else (source, plan.place[group.residual])
    width = plan.layout(out).width
    edges = plan.edges(root) or (0, 0)
    pixels = depthwise_pixels(width, schedule.pixels, edges, op.stride[1])
    schedule = schedule.model_copy(update={"pixels": pixels})
    if plan.backend == "opencl":  # a tile that is a pixel narrower than the others reads as they do
        read, to = plan.layout(source), plan.layout(out)
        last = (to.height - 1) * op.stride[0] + (op.kernel[0] - 1) * op.dilation[0] - op.pads[0]
        column = to.width * op.stride[1] + (op.kernel[1] - 1) * op.dilation[1] - op.pads[1] + 1
        plan.reads(source, max(last * read.pitch + column, 0) * read.block)
    weight = plan.network.weights[f"{root.name}.weight"]
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    sections = [_side_by_side(weight.reshape(op.filters, -1), plan.lanes), _side_by_side(bias[:, None], plan.lanes)]
    turned = plan.layout(out).block == 1
    words = [f"k{op.kernel[0]}x{op.kernel[1]}", f"s{op.stride[0]}x{op.stride[1]}"]
    words += [] if op.dilation == (1, 1) else [f"d{op.dilation[0]}x{op.dilation[1]}"]
    words += [f"p{schedule.pixels}"] + [f"e{edges[0]}x{edges[1]}"] * any(edges) + ["turned"] * turned
    kernel = Kernel(
        name="_".join(["depthwise_lanes", plan.isa, *words]) + group.suffix(),
        template="depthwise_lanes",
        pixels=schedule.pixels,
        window=op.kernel,
        stride=op.stride,
        dilation=op.dilation,
        edges=edges,
        turned=turned,
        epilogue=group.statements(),
        residual=group.residual is not None,
    )
    return DepthwiseLayer(
        nodes=group.nodes,
        reads=reads(group),
        inputs=inputs,
        output=out,
        macs=plan.graph.macs(root),
        kernel=plan.kernel(kernel),
        depthwise=depthwise_stored(plan, group, sections, plan.lanes, schedule),
        geometry=describe(op),
    )


def depthwise_stored(
    plan: PlanBuilder,
    group: Group,
    sections: Sequence[Floats],
    lanes: int,
    schedule: DepthwiseSchedule | PlanarSchedule,
) -> Depthwise:
    """The weights of a depthwise layer, whose ``sections`` have ``lanes`` channels side by side."""
    op, pruned = group.root.op, plan.options.pruned(group.root.name)
    assert isinstance(op, Conv2d)
    if pruned is not None and pruned.built_dense_because is None:
        pruned = pruned.model_copy(update={"built_dense_because": PASSES_OVER_ALL})
    return Depthwise(
        format="dense",
        first_section=plan.store(sections),
        filters=op.filters,
        channels=op.filters,
        groups=op.groups,
        kernel=op.kernel,
        pruned=pruned,
        kept_weights=int(np.count_nonzero(plan.network.weights[f"{group.root.name}.weight"])),
        bytes=sum(s.nbytes for s in sections),
        lanes=lanes,
        top=op.pads[0],
        left=op.pads[1],
        height=plan.graph.shapes[group.root.inputs[0]][2],
        schedule=schedule,
    )


def _side_by_side(values: Floats, lanes: int) -> Floats:
    """[C, n] as [C / lanes, n, lanes], filled up with zeros, in one dimension."""
    channels, count = values.shape
    padded = np.zeros((-(-channels // lanes) * lanes, count), np.float32)
    padded[:channels] = values
    return np.ascontiguousarray(padded.reshape(-1, lanes, count).transpose(0, 2, 1)).ravel()
