"""Lowering of convolutions and fully connected layers."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from npas.compiler import arena
from npas.compiler.blocks import is_pointwise
from npas.compiler.builder import KERNELS, PlanBuilder
from npas.compiler.formats import FormatName
from npas.compiler.formats.base import Floats, Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import in_half, matrix_of, pack, shared_filters
from npas.compiler.layout import Phases, reads_phases, spread
from npas.compiler.plan import ConvLayer, Kernel, Layout, LinearLayer, SplitLayer
from npas.compiler.schedules import packed
from npas.compiler.schedules.choice import Choice
from npas.compiler.schedules.pixels import ConvWork, conv_schedule, conv_space, linear_schedule, linear_space
from npas.compiler.schedules.records import AnySchedule, Schedule
from npas.compiler.stored import Indexed
from npas.errors import UnsupportedError
from npas.ops import Conv2d, Linear
from npas.spec.schema import Storage
from npas.targets.isa import ISAS


def lower_conv(plan: PlanBuilder, group: Group) -> None:
    """A convolution from planes to planes, strided ones behind a phase split."""
    root, graph = group.root, plan.graph
    op = root.op
    assert isinstance(op, Conv2d)
    channels = graph.input_shapes(root)[0][1]
    split = reads_phases(group, plan.blocks)
    source, taps, stride = _split(plan, group, op) if split else _direct(plan, group, op)
    run = plan.planes.run(graph, group.value)
    format_ = plan.options.format_of(root.name, depthwise=op.groups > 1)
    schedule = plan.choose(group, pixels_choice(plan, group, format_), Schedule)
    if plan.backend == "opencl":  # whose kernels go down their lists without a stop
        schedule = schedule.model_copy(update={"channel_block": channels})
    tile = schedule.vectors * plan.lanes
    tiles = -(-run // tile)
    plan.reads(source, tiles * tile + max(taps))
    inputs: tuple[int, ...] = (source,)
    if group.residual is not None:
        inputs = (source, plan.place[group.residual])
        plan.reads(inputs[1], tiles * tile)
    out = plan.result(group, tiles * tile)
    weight = plan.network.weights[f"{root.name}.weight"]
    geometry = Geometry(op.filters, weight[0].size, op.groups, schedule.rows, prod(op.kernel))
    view = _View(channels, op.kernel, taps, stride, tile, tiles)
    storage = storage_of(plan, root.name)
    plan.add(
        ConvLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=inputs,
            output=out,
            macs=graph.macs(root),
            kernel=_kernel(plan, group, "conv", schedule, storage),
            indexed=_indexed(plan, group, format_, weight.reshape(op.filters, -1), geometry, view, schedule, storage),
            geometry=describe(op),
        )
    )


def pixels_choice(plan: PlanBuilder, group: Group, format_: FormatName) -> Choice:
    """The schedules of a convolution with pixels in lanes, over its input as it lies or over copies of it."""
    root, graph = group.root, plan.graph
    op = root.op
    assert isinstance(op, Conv2d)
    pitch, phases = plan.planes.pitch[group.value], Phases.of(op, graph.shapes[root.name])
    places = [
        (i * op.dilation[0] // op.stride[0]) * pitch + j * op.dilation[1] // op.stride[1]
        for i in range(op.kernel[0])
        for j in range(op.kernel[1])
    ]
    work = ConvWork(
        filters=op.filters,
        channels=graph.input_shapes(root)[0][1],
        grouped=op.groups > 1,
        reach=max(places),
        phases=len(phases.phases) if reads_phases(group, plan.blocks) else 1,
        run=plan.planes.run(graph, group.value),
        shared=shared_filters(format_, op.filters // op.groups),
    )
    space = conv_space(work, plan.isa, plan.threads)
    estimated: tuple[AnySchedule, ...] = (conv_schedule(work, plan.isa, plan.threads),)
    own_lists = shared_filters(format_, 2) == 1 and "packed" in KERNELS[plan.backend]
    over_copies = packed_work(plan, group) if own_lists else None
    if over_copies is not None:
        space = space.joined(packed.packed_space(over_copies, plan.isa, plan.threads))
        by_copies = packed.packed_schedule(over_copies, plan.isa, plan.threads)
        estimated = (by_copies, *estimated)
    return Choice(plan.key(group, "pixels", format_), space, estimated)


def packed_work(plan: PlanBuilder, group: Group) -> packed.PackedWork | None:
    """Of a convolution that a packed kernel can compute, with what it gains where values lie as it would have them."""
    root, lanes = group.root, plan.lanes
    work = packed.work_of(plan.graph, root, plan.network.weights[f"{root.name}.weight"])
    if work is None or work.kernel != (1, 1):
        return work
    plane, others = 0, [] if group.residual is None else [plan.layout_of(group.residual)]
    assert isinstance(root.op, Conv2d)
    if is_pointwise(root.op):
        read = plan.layout(source_of(plan, group))
        # Of larger planes a list could name fewer than a vector has lanes.
        plane = read.plane // lanes if read.runs_on(lanes) and read.plane <= packed.MOST_VECTORS else 0
    return replace(work, plane=plane, runs_on=plan.runs_on(group.value) and all(x.runs_on(lanes) for x in others))


def lower_linear(plan: PlanBuilder, group: Group) -> None:
    """A fully connected layer, or a convolution whose output is a single pixel."""
    root = group.root
    shape = plan.graph.input_shapes(root)[0]
    if isinstance(root.op, Linear) and len(shape) != 2:
        raise UnsupportedError(f"node {root.name}: linear takes [batch, features], got {shape}, flatten it first")
    matrix, columns = matrix_of(plan.graph, root, plan.network.weights[f"{root.name}.weight"])
    grouped = isinstance(root.op, Conv2d) and root.op.groups > 1
    format_ = plan.options.format_of(root.name, depthwise=grouped)
    if grouped and format_ == "dense":
        format_ = "bcs"  # as a matrix, groups are blocks on the diagonal: most of it is zero
    shared = shared_filters(format_, len(matrix))
    storage = storage_of(plan, root.name)
    choice = Choice(
        key=plan.key(group, "linear" if storage == "fp32" else "linear fp16", format_),
        space=linear_space(columns, shared, plan.isa),
        estimated=(linear_schedule(len(matrix), columns, shared, plan.isa),),
    )
    schedule = plan.choose(group, choice, Schedule).model_copy(update={"channel_block": columns})
    if plan.backend == "cpu" and schedule.rows not in (1, plan.lanes // 2) and schedule.rows % plan.lanes:
        raise UnsupportedError(
            f"node {root.name}: the rows of its schedule must be 1 or fill vectors of {plan.lanes} or one's half, got "
            f"{schedule.rows}, build again without --locked"
        )
    source = plan.vector(root.inputs[0])
    inputs = (source,) if group.residual is None else (source, plan.vector(group.residual))
    geometry = Geometry(len(matrix), columns, rows=schedule.rows, reorder=schedule.rows == 1)
    view = _View(columns, (1, 1), (0,), 1, 0, 0)
    plan.add(
        LinearLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=inputs,
            output=plan.result(group),
            macs=plan.graph.macs(root),
            kernel=_kernel(plan, group, "linear", schedule, storage),
            indexed=_indexed(plan, group, format_, matrix, geometry, view, schedule, storage),
        )
    )


def storage_of(plan: PlanBuilder, node: str) -> Storage:
    return "fp16" if node in plan.options.halves else "fp32"


def reads(group: Group) -> tuple[str, ...]:
    source = group.root.inputs[0]
    return (source,) if group.residual is None else (source, group.residual)


class _View:
    """How an indexed layer sees its input: channels, taps and the tiles of its output."""

    def __init__(
        self, channels: int, kernel: tuple[int, int], taps: tuple[int, ...], stride: int, tile: int, tiles: int
    ) -> None:
        self.channels, self.kernel, self.taps = channels, kernel, taps
        self.stride, self.tile, self.tiles = stride, tile, tiles


def _indexed(
    plan: PlanBuilder,
    group: Group,
    wanted: FormatName,
    matrix: Floats,
    geometry: Geometry,
    view: _View,
    schedule: Schedule,
    storage: Storage = "fp32",
) -> Indexed:
    root = group.root
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(geometry.filters, np.float32))
    format_, sections = pack(matrix, bias, wanted, geometry)
    if storage == "fp16":
        sections = in_half(sections)
    return Indexed(
        format=format_,
        first_section=plan.store(sections),
        filters=geometry.filters,
        channels=view.channels,
        groups=geometry.groups,
        kernel=view.kernel,
        tap_offsets=view.taps,
        input_block=1,
        plane_step=view.stride,
        tile=view.tile,
        tiles=view.tiles,
        schedule=schedule,
        pruned=plan.options.pruned(root.name),
        kept_weights=int(np.count_nonzero(matrix)),
        storage=storage,
        bytes=sum(s.nbytes for s in sections),
    )


def _kernel(plan: PlanBuilder, group: Group, template: str, schedule: Schedule, storage: Storage = "fp32") -> str:
    tile = f"r{schedule.rows}" + (f"p{schedule.vectors}" if template == "conv" else "")
    tile += "" if storage == "fp32" else "_fp16"
    slices = schedule.tiles_at_a_time if template == "linear" and ISAS[plan.isa].items else 0
    tile += f"_x{slices}" if slices else ""
    return plan.kernel(
        Kernel(
            name=f"{template}_indexed_{plan.isa}_{tile}{group.suffix()}",
            template="conv" if template == "conv" else "linear",
            rows=schedule.rows,
            vectors=schedule.vectors,
            epilogue=group.statements(),
            residual=group.residual is not None,
            storage=storage,
            slices=slices,
        )
    )


def source_of(plan: PlanBuilder, group: Group) -> int:
    """The place of a convolution's input. Raises UnsupportedError for a single pixel, which has no margins."""
    name = group.root.inputs[0]
    if name not in plan.planes.pitch:
        raise UnsupportedError(
            f"node {group.root.name}: a convolution must not widen a single pixel, "
            f"got {plan.graph.input_shapes(group.root)[0]}, remove its padding or replace it by a linear layer"
        )
    return plan.place[name]


def _direct(plan: PlanBuilder, group: Group, op: Conv2d) -> tuple[int, tuple[int, ...], int]:
    """Input value, tap offsets and channel stride of a stride-1 convolution."""
    source = source_of(plan, group)
    read = plan.layout(source)
    top, left, _, _ = op.pads
    taps = tuple(
        (i * op.dilation[0] - top) * read.pitch + j * op.dilation[1] - left
        for i in range(op.kernel[0])
        for j in range(op.kernel[1])
    )
    return source, taps, read.plane


def _split(plan: PlanBuilder, group: Group, op: Conv2d) -> tuple[int, tuple[int, ...], int]:
    """Adds the layer that splits the input into phases, from which a stride-1 kernel reads."""
    graph, source = plan.graph, group.root.inputs[0]
    phases = Phases.of(op, graph.shapes[group.root.name])
    count, (height, width) = len(phases.phases), phases.size
    pitch = plan.planes.pitch[group.value]
    plane = spread(arena.align((height - 1) * pitch + width))
    channels = graph.shapes[source][1] * count
    at = plan.value(
        f"{group.root.name}.phases",
        Layout(channels=channels, height=height, width=width, pitch=pitch, origin=0, plane=plane),
    )
    plan.add(
        SplitLayer(
            nodes=group.nodes,
            reads=(source,),
            inputs=(plan.place[source],),
            output=at,
            phases=phases.phases,
            stride=op.stride,
            top=op.pads[0],
            left=op.pads[1],
        )
    )
    taps = []
    for i in range(op.kernel[0]):
        for j in range(op.kernel[1]):
            y, x = i * op.dilation[0], j * op.dilation[1]
            phase = phases.phases.index((y % op.stride[0], x % op.stride[1]))
            taps.append(phase * plane + y // op.stride[0] * pitch + x // op.stride[1])
    return at, tuple(taps), plane * count


def describe(op: Conv2d) -> str:
    parts = [f"{op.kernel[0]}x{op.kernel[1]}"]
    if op.stride != (1, 1):
        parts.append(f"stride {op.stride[0]}" if op.stride[0] == op.stride[1] else f"stride {op.stride}")
    if op.dilation != (1, 1):
        parts.append(f"dilation {op.dilation[0]}" if op.dilation[0] == op.dilation[1] else f"dilation {op.dilation}")
    if op.groups > 1:
        parts.append(f"{op.groups} groups")
    return ", ".join(parts)
