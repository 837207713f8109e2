"""Lowering of convolutions whose filters have lists of their own, over copies of their tiles' input."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.formats.base import Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import pack
from npas.compiler.lower_indexed import describe, packed_work, pixels_choice, reads, source_of
from npas.compiler.plan import ConvLayer, Kernel, Layout
from npas.compiler.schedules.core import is_far
from npas.compiler.schedules.packed import MOST_VECTORS, PackedWork, lists
from npas.compiler.schedules.records import PackedSchedule
from npas.compiler.stored import CopyPart, Grid, Indexed, Packing
from npas.errors import UnsupportedError
from npas.ops import Conv2d


def lower_packed(plan: PlanBuilder, group: Group) -> None:
    """From values of any layout and stride to values of any layout."""
    root, graph = group.root, plan.graph
    weight = plan.network.weights[f"{root.name}.weight"]
    op, work = root.op, packed_work(plan, group)
    assert isinstance(op, Conv2d)
    assert work is not None
    source, out = source_of(plan, group), plan.result(group)
    format_ = plan.options.format_of(root.name)
    schedule = plan.choose(group, pixels_choice(plan, group, format_), PackedSchedule)
    bands = -(-work.depth(plan.lanes) // schedule.lines)
    schedule = schedule.model_copy(update={"lines": -(-work.depth(plan.lanes) // bands)})
    if not work.is_addressed(schedule.lines, schedule.channel_block, plan.lanes):
        work = work.copied()
    if not work.is_addressed(schedule.lines, schedule.channel_block, plan.lanes):
        raise UnsupportedError(
            f"node {root.name}: the copy that its schedule asks for must have at most {MOST_VECTORS} vectors, "
            f"got {schedule.lines} lines of {schedule.channel_block} channels, build again without --locked"
        )
    packing, columns = _packing(plan, op, work, schedule), work.columns(plan.lanes)
    taps = tuple(
        _tap(work, packing, i, j, plan.lanes) * plan.lanes for i in range(op.kernel[0]) for j in range(op.kernel[1])
    )
    matrix = weight.reshape(op.filters, -1)
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    format_, sections = pack(matrix, bias, format_, Geometry(op.filters, matrix.shape[1], taps=prod(op.kernel)))
    plan.add(
        ConvLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=(source,) if group.residual is None else (source, plan.place[group.residual]),
            output=out,
            macs=graph.macs(root),
            scratch=_buffers(plan, root.name, work, packing, schedule),
            kernel=_kernel(plan, group, work, packing, schedule.channel_block, source, out),
            indexed=Indexed(
                format=format_,
                first_section=plan.store(sections),
                filters=op.filters,
                channels=work.channels,
                groups=1,
                kernel=op.kernel,
                tap_offsets=taps,
                input_block=1,
                plane_step=packing.vectors * plan.lanes,
                tile=plan.lanes,
                tiles=bands * columns,
                grid=Grid(columns=columns, wide=columns, row_step=0),
                packing=packing,
                schedule=schedule,
                pruned=plan.options.pruned(root.name),
                kept_weights=int(np.count_nonzero(weight)),
                bytes=sum(s.nbytes for s in sections),
            ),
            geometry=describe(op),
        )
    )


def _packing(plan: PlanBuilder, op: Conv2d, work: PackedWork, schedule: PackedSchedule) -> Packing:
    parts, first = [], 0
    for part in work.parts(plan.lanes):
        parts.append(CopyPart(row=part.row, column=part.column, more=part.more, first=first))
        first += schedule.lines + part.more
    sides = (work.height, work.width)
    last = [(sides[i] - 1) * op.stride[i] + (op.kernel[i] - 1) * op.dilation[i] for i in (0, 1)]
    return Packing(
        lines=schedule.lines,
        lists=lists(schedule.lines, plan.lanes),
        depth=work.depth(plan.lanes),
        slot=work.slot(plan.lanes),
        channels=work.together(schedule.channel_block, plan.lanes),
        vectors=work.vectors(schedule.lines, plan.lanes),
        parts=tuple(parts),
        stride=op.stride,
        top=op.pads[0],
        left=op.pads[1],
        last_row=last[0] - op.pads[0],
        last_column=last[1] - op.pads[1],
        shares=plan.threads,
        in_place=work.plane > 0,
        by_length=work.runs_on and lists(schedule.lines, plan.lanes) > 1,
    )


def _tap(work: PackedWork, packing: Packing, row: int, column: int, lanes: int) -> int:
    """The vector of a channel's copy with which a tap of the window begins, for the first line."""
    phase, lines = work.place(row, lanes)
    begins = {(part.row, part.column): part.first for part in packing.parts}
    return begins[phase, column * work.dilation[1]] + lines


def _buffers(
    plan: PlanBuilder, name: str, work: PackedWork, packing: Packing, schedule: PackedSchedule
) -> tuple[int, int]:
    """For a copy of each thread, and for the sums: of each thread where they share out pixels."""
    copy = 0 if packing.in_place else min(packing.channels, work.channels) * packing.vectors * plan.lanes
    wait = not work.runs_on or schedule.channel_block < work.channels  # for other blocks, or to be turned round
    sums = work.filters * packing.lines * plan.lanes if wait else 0
    shares = plan.threads if schedule.split == "pixels" else 1
    return (_buffer(plan, f"{name}.copy", copy, plan.threads), _buffer(plan, f"{name}.sums", sums, shares))


def _buffer(plan: PlanBuilder, name: str, floats: int, shares: int) -> int:
    layout = Layout(channels=max(floats, plan.lanes), height=1, width=1, pitch=1, origin=0, plane=1)
    made = plan.value(name, layout)
    plan.resize(made, layout, shares)
    return made


def _kernel(
    plan: PlanBuilder, group: Group, work: PackedWork, packing: Packing, channel_block: int, source: int, out: int
) -> str:
    lines, read, block = packing.lines, plan.layout(source), plan.layout(out).block
    far = is_far(read.channels * read.height * read.width, plan.lanes)
    narrow = lines if work.depth(plan.lanes) % lines == 0 else lines - 1
    tail = "" if narrow == lines else f"n{narrow}"
    beside = "" if packing.lists == 1 else f"x{packing.lists}"
    planar = "_runs" if work.runs_on else "_planar" if block == 1 else ""
    blocks = work.runs_on and channel_block < work.channels  # elsewhere sums wait in any case
    marks = planar + "_blocks" * blocks + "_far" * far
    return plan.kernel(
        Kernel(
            name=f"conv_packed_{plan.isa}_h{lines}{tail}{beside}{marks}{group.suffix()}",
            template="conv_packed",
            rows=lines,
            narrow=narrow,
            lists=packing.lists,
            step=block,
            runs_on=work.runs_on,
            far=far,
            blocks=blocks,
            epilogue=group.statements(),
            residual=group.residual is not None,
        )
    )
