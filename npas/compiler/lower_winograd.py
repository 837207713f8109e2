"""Lowering of dense convolutions by Winograd's method."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.formats.base import Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import pack
from npas.compiler.lower_indexed import describe, reads, source_of
from npas.compiler.lower_lanes import lane_choice, lane_work, placed
from npas.compiler.plan import Kernel, Layout, WinogradLayer
from npas.compiler.schedules.records import WinogradSchedule
from npas.compiler.schedules.winograd import WinogradWork, planes_in, position_step, work_of
from npas.compiler.stored import Winograd
from npas.errors import UnsupportedError
from npas.ops import Conv2d


def lower_winograd(plan: PlanBuilder, group: Group) -> None:
    """From planes to planes of as many channels as there are lanes."""
    root, graph = group.root, plan.graph
    op = root.op
    assert isinstance(op, Conv2d)
    source, out = source_of(plan, group), plan.result(group)
    read, to = plan.layout(source), plan.layout(out)
    inputs = (source,) if group.residual is None else (source, plan.place[group.residual])
    weight = plan.network.weights[f"{root.name}.weight"].reshape(op.filters, -1)
    direct = lane_work(plan, group, read, (to.height, to.width, to.width), "dense", weight)
    schedule = plan.choose(group, lane_choice(plan, group, read, direct, "dense"), WinogradSchedule)
    work = work_of(graph, root)
    if work is None or schedule.tile not in work.tiles:
        raise UnsupportedError(
            f"node {root.name}: the tile of its schedule must be one that its kernel has, got {schedule.tile}, "
            "build again without --locked"
        )
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    rows = schedule.vectors * plan.lanes
    geometry = Geometry(op.filters, weight.shape[1], rows=rows, taps=prod(op.kernel), reorder=False)
    _, sections = pack(weight, bias, "dense", geometry)
    columns = -(-to.width // schedule.tile)
    stride, side = op.stride[0], work.side(schedule.tile)
    planes = planes_in(read.channels, stride, plan.lanes, planar=read.block == 1)
    shares = plan.threads if schedule.split == "tiles" else 1
    plan.add(
        WinogradLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=inputs,
            output=out,
            macs=graph.macs(root),
            scratch=(_work(plan, root.name, schedule, shares * side**2, (planes, to.planes)),),
            kernel=_kernel(plan, group, schedule, work, read, to),
            winograd=Winograd(
                format="dense",
                first_section=plan.store(sections),
                filters=op.filters,
                channels=read.channels,
                groups=1,
                kernel=op.kernel,
                pruned=plan.options.pruned(root.name),
                kept_weights=int(np.count_nonzero(weight)),
                bytes=sum(s.nbytes for s in sections),
                stride=stride,
                input_block=read.block,
                planes=planes,
                side=side,
                columns=columns,
                tiles=columns * -(-to.height // schedule.tile),
                pads=op.pads,
                shares=shares,
                schedule=schedule,
            ),
            geometry=f"{describe(op)}, Winograd F({schedule.tile}x{schedule.tile})",
        )
    )


def _work(plan: PlanBuilder, name: str, schedule: WinogradSchedule, positions: int, planes: tuple[int, int]) -> int:
    """Room for the transformed tiles and the sums, floats all, of each thread where they share out tiles."""
    size = plan.numbers_in_float * positions * sum(position_step(count, schedule, plan.lanes) for count in planes)
    return plan.value(f"{name}.tiles", Layout(channels=size, height=1, width=1, pitch=1, origin=0, plane=1))


def _kernel(
    plan: PlanBuilder, group: Group, schedule: WinogradSchedule, work: WinogradWork, read: Layout, to: Layout
) -> str:
    narrow = to.planes % schedule.vectors or schedule.vectors
    tail = "" if narrow == schedule.vectors else f"n{narrow}"
    planar = "_planar" if read.block == 1 else ""
    words = f"m{schedule.tile}r{work.taps}v{schedule.vectors}{tail}p{schedule.pixels}{planar}{placed(schedule)}"
    return plan.kernel(
        Kernel(
            name=f"winograd_lanes_{plan.isa}_{words}{group.suffix()}",
            template="winograd_lanes",
            vectors=schedule.vectors,
            narrow=narrow,
            pixels=schedule.pixels,
            step=read.block,
            tile=schedule.tile,
            side=work.side(schedule.tile),
            epilogue=group.statements(),
            residual=group.residual is not None,
            placement=schedule.placement,
        )
    )
