"""Lowering of convolutions whose filters have lists of their own, over copies of their tiles' input."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.formats.base import Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import pack
from npas.compiler.lower_indexed import describe, pixels_choice, reads, source_of
from npas.compiler.plan import ConvLayer, Kernel, Layout
from npas.compiler.schedules.packed import PackedWork, work_of
from npas.compiler.schedules.records import PackedSchedule
from npas.compiler.stored import Grid, Indexed, Packing
from npas.ops import Conv2d


def lower_packed(plan: PlanBuilder, group: Group) -> None:
    """From values of any layout and stride to planes."""
    root, graph = group.root, plan.graph
    weight = plan.network.weights[f"{root.name}.weight"]
    op, work = root.op, work_of(graph, root, weight)
    assert isinstance(op, Conv2d)
    assert work is not None
    source = source_of(plan, group)
    read, pitch = plan.layout(source), plan.planes.pitch[group.value]
    format_ = plan.options.format_of(root.name)
    schedule = plan.choose(group, pixels_choice(plan, group, format_), PackedSchedule)
    bands = -(-work.height // schedule.lines)
    schedule = schedule.model_copy(update={"lines": -(-work.height // bands)})
    columns, rows = work.columns(plan.isa), work.rows(schedule.lines)
    inputs: tuple[int, ...] = (source,) if group.residual is None else (source, plan.place[group.residual])
    plan.reads(source, _last_read(op, work, read, columns * plan.lanes))
    for residual in inputs[1:]:
        plan.reads(residual, (work.height - 1) * plan.layout(residual).pitch + columns * plan.lanes)
    copy = plan.value(f"{root.name}.copy", Layout(channels=1, height=1, width=1, pitch=1, origin=0, plane=1))
    size = min(schedule.channel_block, work.channels) * op.kernel[1] * rows * plan.lanes
    plan.resize(copy, Layout(channels=size, height=1, width=1, pitch=1, origin=0, plane=1), plan.threads)
    out = plan.result(group, work.height * pitch)
    matrix = weight.reshape(op.filters, -1)
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    format_, sections = pack(matrix, bias, format_, Geometry(op.filters, matrix.shape[1], taps=prod(op.kernel)))
    plan.add(
        ConvLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=inputs,
            output=out,
            macs=graph.macs(root),
            scratch=(copy,),
            kernel=_kernel(plan, group, schedule.lines, work),
            indexed=Indexed(
                format=format_,
                first_section=plan.store(sections),
                filters=op.filters,
                channels=work.channels,
                groups=1,
                kernel=op.kernel,
                tap_offsets=tuple(
                    (j * rows + i * op.dilation[0]) * plan.lanes
                    for i in range(op.kernel[0])
                    for j in range(op.kernel[1])
                ),
                input_block=1,
                plane_step=op.kernel[1] * rows * plan.lanes,
                tile=plan.lanes,
                tiles=bands * columns,
                grid=Grid(columns=columns, wide=columns, row_step=0),
                packing=Packing(
                    lines=schedule.lines,
                    line_step=work.line_step,
                    rows=rows,
                    row_step=op.stride[0] if op.kernel[0] == 1 else 1,
                    columns=op.kernel[1],
                    column_step=op.dilation[1],
                    stride=op.stride,
                    top=op.pads[0],
                    left=op.pads[1],
                ),
                schedule=schedule,
                pruned=plan.options.pruned(root.name),
                kept_weights=int(np.count_nonzero(weight)),
                bytes=sum(s.nbytes for s in sections),
            ),
            geometry=describe(op),
        )
    )


def _last_read(op: Conv2d, work: PackedWork, read: Layout, width: int) -> int:
    """Floats from the first pixel of a plane to behind the last that a copy takes; whole vectors, of any stride."""
    row = (work.height - 1) * op.stride[0] + (op.kernel[0] - 1) * op.dilation[0] - op.pads[0]
    column = width * op.stride[1] + (op.kernel[1] - 1) * op.dilation[1] - op.pads[1]
    return max(row * read.pitch + column, 0) * read.block


def _kernel(plan: PlanBuilder, group: Group, lines: int, work: PackedWork) -> str:
    narrow = lines if work.height % lines == 0 else lines - 1
    step = "" if work.line_step == 1 else f"s{work.line_step}"
    tail = "" if narrow == lines else f"n{narrow}"
    return plan.kernel(
        Kernel(
            name=f"conv_packed_{plan.isa}_h{lines}{tail}{step}{group.suffix()}",
            template="conv_packed",
            rows=lines,
            narrow=narrow,
            line_step=work.line_step,
            epilogue=group.statements(),
            residual=group.residual is not None,
        )
    )
