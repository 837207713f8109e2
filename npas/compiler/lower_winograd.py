"""Lowering of dense 3x3 convolutions of stride 1 by Winograd's method."""

from __future__ import annotations

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.formats.base import Geometry
from npas.compiler.fuse import Group
from npas.compiler.indexed import pack
from npas.compiler.lower_indexed import describe, reads, source_of
from npas.compiler.lower_lanes import lane_choice
from npas.compiler.plan import Kernel, Layout, Winograd, WinogradLayer
from npas.compiler.schedules.records import WinogradSchedule
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
    choice = lane_choice(plan, group, read, (to.height, to.width, to.width), "dense", weight)
    schedule = plan.choose(group, choice, WinogradSchedule)
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    rows = schedule.vectors * plan.lanes
    _, sections = pack(weight, bias, "dense", Geometry(op.filters, weight.shape[1], rows=rows, taps=9, reorder=False))
    columns = -(-to.width // schedule.tile)
    shares = plan.threads if schedule.split == "tiles" else 1
    plan.add(
        WinogradLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=inputs,
            output=out,
            macs=graph.macs(root),
            scratch=(_work(plan, root.name, schedule, shares, read, to),),
            kernel=_kernel(plan, group, schedule, to),
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
                columns=columns,
                tiles=columns * -(-to.height // schedule.tile),
                pads=op.pads,
                shares=shares,
                schedule=schedule,
            ),
            geometry=f"{describe(op)}, Winograd F({schedule.tile}x{schedule.tile})",
        )
    )


def _work(plan: PlanBuilder, name: str, schedule: WinogradSchedule, shares: int, read: Layout, to: Layout) -> int:
    """Room for the transformed tiles and the sums, of each thread where they share out tiles."""
    positions = (schedule.tile + 2) ** 2
    size = shares * positions * (read.planes + to.planes) * schedule.tiles_at_a_time * plan.lanes
    return plan.value(f"{name}.tiles", Layout(channels=size, height=1, width=1, pitch=1, origin=0, plane=1))


def _kernel(plan: PlanBuilder, group: Group, schedule: WinogradSchedule, to: Layout) -> str:
    narrow = to.planes % schedule.vectors or schedule.vectors
    tail = "" if narrow == schedule.vectors else f"n{narrow}"
    words = f"m{schedule.tile}v{schedule.vectors}{tail}p{schedule.pixels}"
    return plan.kernel(
        Kernel(
            name=f"winograd_lanes_{plan.isa}_{words}{group.suffix()}",
            template="winograd_lanes",
            vectors=schedule.vectors,
            narrow=narrow,
            pixels=schedule.pixels,
            tile=schedule.tile,
            epilogue=group.statements(),
            residual=group.residual is not None,
        )
    )
