"""Lowering of convolutions whose filters lie in the lanes of vectors."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.builder import KERNELS, PlanBuilder
from npas.compiler.formats import FormatName
from npas.compiler.formats.base import Floats, Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import BLOCK_FILTERS, in_half, pack
from npas.compiler.lower_indexed import describe, reads, source_of, storage_of
from npas.compiler.plan import ConvLayer, Kernel, Layout
from npas.compiler.schedules.choice import Choice
from npas.compiler.schedules.lanes import (
    LaneWork,
    depths_of,
    even,
    fetches_ahead,
    lane_schedules,
    lane_space,
    pays_to_pass,
    whole_together,
)
from npas.compiler.schedules.masks import density, kept_together
from npas.compiler.schedules.records import AnySchedule, LaneSchedule, WinogradSchedule
from npas.compiler.schedules.winograd import winograd_schedule, winograd_schedules, winograd_space, work_of
from npas.compiler.stored import Grid, Indexed
from npas.errors import UnsupportedError
from npas.ops import Conv2d
from npas.spec.schema import Storage
from npas.targets.isa import ISAS


def lower_conv_lanes(plan: PlanBuilder, group: Group) -> None:
    """A convolution of any stride, from planes of either layout to planes of as many channels as there are lanes."""
    plan.add(conv_layer(plan, group, source_of(plan, group), plan.result(group)))


def conv_layer(
    plan: PlanBuilder, group: Group, source: int, out: int, *, in_pair: bool = False, whole: bool = True
) -> ConvLayer:
    """The layer from value to value; ``in_pair``, ``out`` is a buffer for one group of filters, of the ``whole`` result
    or of some rows at a time."""
    root, graph = group.root, plan.graph
    op = root.op
    assert isinstance(op, Conv2d)
    read = plan.layout(source)
    _, _, height, row = graph.shapes[root.name]
    inputs = (source,) if group.residual is None else (source, plan.place[group.residual])
    items = ISAS[plan.isa].items  # each has pixels anywhere in the image: no tile of theirs is part of a row
    flat = whole and _is_flat(op, read) and not items
    ragged = flat and (plan.backend == "opencl" or any(plan.layout(i).pitch != row for i in (out, *inputs)))
    rows, width = (1, height * row) if flat else (height, row)
    longest = row if ragged else width
    weight = plan.network.weights[f"{root.name}.weight"].reshape(op.filters, -1)
    format_ = plan.options.format_of(root.name)
    work = lane_work(plan, group, read, (rows, width, longest), format_, weight)
    gapped = not (flat or in_pair) and plan.backend == "cpu" and pays_to_pass(work, plan.isa)
    if gapped:
        work, ragged = work.passing(), True
        rows, width, longest = work.rows, work.width, work.longest
    schedule = plan.choose(group, lane_choice(plan, group, read, work, format_), LaneSchedule)
    _check(plan, root.name, schedule, read.channels)
    if items:
        schedule = schedule.model_copy(update={"channel_block": read.channels})
    else:
        schedule = schedule.model_copy(update={"pixels": even(width, min(schedule.pixels, longest))})
    columns = -(-width // schedule.pixels)
    if in_pair:  # groups of filters, which are a call each, pass outside
        schedule = schedule.model_copy(update={"tiles_at_a_time": rows * columns})
    if plan.backend == "opencl":  # a tile that is a pixel narrower than the others reads as they do
        taps = _taps(op, read)
        plan.reads(
            source,
            (rows - 1) * op.stride[0] * read.pitch * read.block + (width * op.stride[1] + 1) * read.block + max(taps),
        )
    blocks = schedule.channel_block < read.channels
    filters = schedule.vectors * plan.lanes // schedule.depth
    geometry = Geometry(
        op.filters,
        weight.shape[1],
        rows=filters,
        taps=prod(op.kernel),
        reorder=False,
        depth=schedule.depth,
        lanes=plan.lanes if min(schedule.vectors, schedule.depth) > 1 and not items else 0,
    )
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    format_, sections = pack(weight, bias, format_, geometry)
    storage = storage_of(plan, root.name)
    if storage == "fp16":
        sections = in_half(sections)
    first = plan.store(sections)
    return ConvLayer(
        nodes=group.nodes,
        reads=reads(group),
        inputs=inputs,
        output=out,
        macs=graph.macs(root),
        kernel=_kernel(
            plan,
            group,
            schedule,
            step=op.stride[1] * read.block,
            far=plan.backend == "cpu" and work.far(plan.lanes),
            ahead=fetches_ahead(work, schedule, height * row)
            and not (items or (blocks and plan.backend == "opencl"))
            and schedule.placement == "buffer",
            ragged=ragged,
            gapped=gapped,
            blocks=blocks,
            storage=storage,
        ),
        indexed=Indexed(
            format=format_,
            first_section=first,
            filters=op.filters,
            channels=read.channels,
            groups=1,
            kernel=op.kernel,
            tap_offsets=_taps(op, read),
            input_block=read.block,
            plane_step=read.plane * read.block,
            tile=schedule.pixels,
            tiles=-(-rows * width // schedule.pixels) if items else rows * columns,
            grid=Grid(
                columns=columns,
                wide=0 if items else width - columns * (schedule.pixels - 1),
                row_step=0 if flat else op.stride[0] * read.pitch * read.block,
                rows=height if rows == 1 else 1,
            ),
            entry_lanes=geometry.lanes,
            schedule=schedule,
            pruned=plan.options.pruned(root.name),
            kept_weights=int(np.count_nonzero(weight)),
            storage=storage,
            bytes=sum(s.nbytes for s in sections),
        ),
        geometry=describe(op),
    )


def _check(plan: PlanBuilder, node: str, schedule: LaneSchedule, channels: int) -> None:
    """Raises UnsupportedError where no kernel has the schedule's depth, or reads weights from there."""
    depth, depths = schedule.depth, depths_of(plan.isa)
    if channels % depth:
        raise UnsupportedError(
            f"node {node}: the depth of its schedule must divide its {channels} input channels, "
            f"got {depth}, build again without --locked"
        )
    if depth not in depths or schedule.vectors * schedule.lists % depth:
        raise UnsupportedError(
            f"node {node}: the depth of its schedule must be {' or '.join(map(str, depths))} and divide its vectors or "
            f"be a multiple of them, got depth {depth}, vectors {schedule.vectors}, build again without --locked"
        )
    if ISAS[plan.isa].items and schedule.placement == "local":
        raise UnsupportedError(
            f"node {node}: the placement of its schedule must be buffer or image where work items are lanes, got "
            "local, build again without --locked"
        )


def _is_flat(op: Conv2d, read: Layout) -> bool:
    """Whether all pixels of a plane of the input can pass as one row."""
    return op.kernel == op.stride == (1, 1) and op.pads == (0, 0, 0, 0) and read.pitch == read.width


def lane_work(
    plan: PlanBuilder, group: Group, read: Layout, grid: tuple[int, int, int], format_: FormatName, weight: Floats
) -> LaneWork:
    """``grid`` has the output's rows, their width, and the longest tile."""
    op, height = group.root.op, plan.graph.shapes[group.root.name][2]
    assert isinstance(op, Conv2d)
    (rows, width, longest), taps = grid, prod(op.kernel)
    shared, together = (op.filters if format_ == "dense" else BLOCK_FILTERS), 1
    if read.block > 1 and format_ == "dense":
        together = whole_together(op.filters, read.channels, plan.isa)
    elif read.block > 1 and format_ == "bcs":
        together = kept_together(weight, taps, BLOCK_FILTERS)
    return LaneWork(
        filters=op.filters,
        channels=read.channels,
        taps=taps,
        rows=rows,
        width=width,
        row_floats=op.stride[0] * read.pitch * (height // rows),
        shared=max(shared, plan.lanes),
        together=together,
        density=1.0 if format_ == "dense" else density(weight, plan.lanes),
        stride=op.stride[1],
        longest=longest,
        half_density=1.0 if format_ == "dense" else density(weight, plan.lanes // 2),
    )


def lane_choice(plan: PlanBuilder, group: Group, read: Layout, work: LaneWork, format_: FormatName) -> Choice:
    """The schedules of a convolution with filters in lanes, and Winograd's where they compute the same."""
    space = lane_space(work, plan.isa, plan.threads)
    estimated: tuple[AnySchedule, ...] = lane_schedules(work, plan.isa, plan.threads)
    winograd = work_of(plan.graph, group.root)
    blocked = read.block > 1 or read.channels < plan.lanes  # an image has few channels, and is gathered
    has_winograd = "winograd" in KERNELS[plan.backend] and not plan.options.direct
    if winograd is not None and format_ == "dense" and blocked and has_winograd:
        by_winograd = winograd_schedules(winograd, plan.isa, plan.threads)
        pays = winograd_schedule(winograd, plan.isa, plan.threads) is not None
        space = space.joined(winograd_space(winograd, plan.isa, plan.threads))
        estimated = (*by_winograd, *estimated) if pays else (*estimated, *by_winograd)
    return Choice(plan.key(group, "lanes", format_), space, estimated)


def _taps(op: Conv2d, read: Layout) -> tuple[int, ...]:
    return tuple(
        ((i * op.dilation[0] - op.pads[0]) * read.pitch + j * op.dilation[1] - op.pads[1]) * read.block
        for i in range(op.kernel[0])
        for j in range(op.kernel[1])
    )


def _kernel(
    plan: PlanBuilder,
    group: Group,
    schedule: LaneSchedule,
    step: int,
    far: bool,
    ahead: bool,
    ragged: bool,
    gapped: bool,
    blocks: bool,
    storage: Storage,
) -> str:
    op = group.root.op
    assert isinstance(op, Conv2d)
    needed = -(-op.filters // plan.lanes) * schedule.depth
    items = ISAS[plan.isa].items
    narrow = schedule.vectors if items else needed % schedule.vectors or schedule.vectors
    tail = "" if narrow == schedule.vectors else f"n{narrow}"
    depth = "" if schedule.depth == 1 else f"d{schedule.depth}"
    words = f"v{schedule.vectors}{tail}{depth}p{schedule.pixels}s{step}"
    words += "_far" * far + "_ahead" * ahead + "_ragged" * ragged + "_gapped" * gapped
    words += "_blocks" * blocks + ("" if storage == "fp32" else "_fp16") + placed(schedule)
    words += f"_x{schedule.slices}t{schedule.tiles_at_a_time}" if schedule.slices > 1 else ""
    return plan.kernel(
        Kernel(
            name=f"conv_lanes_{plan.isa}_{words}{group.suffix()}",
            template="conv_items" if items else "conv_lanes",
            vectors=schedule.vectors,
            narrow=narrow,
            depth=schedule.depth,
            lists=schedule.lists,
            pixels=schedule.pixels,
            step=step,
            epilogue=group.statements(),
            residual=group.residual is not None,
            ragged=ragged,
            gapped=gapped,
            far=far,
            ahead=ahead,
            blocks=blocks,
            storage=storage,
            placement=schedule.placement,
            slices=schedule.slices if items else 0,
            items=schedule.tiles_at_a_time if schedule.slices > 1 else 0,
        )
    )


def placed(schedule: LaneSchedule | WinogradSchedule) -> str:
    """What a kernel's name says of where it reads weights."""
    return "" if schedule.placement == "buffer" else f"_{schedule.placement}"
