"""Lowering of depthwise layers whose pixels lie in the lanes of vectors."""

from __future__ import annotations

import numpy as np

from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.lower_depthwise import depthwise_stored
from npas.compiler.lower_indexed import describe, reads, source_of
from npas.compiler.plan import DepthwiseLayer, Kernel
from npas.compiler.schedules.choice import Choice
from npas.compiler.schedules.planar import PlanarWork, planar_schedule, planar_space, walks_of, work_of
from npas.compiler.schedules.records import PlanarSchedule
from npas.errors import UnsupportedError
from npas.ops import Conv2d


def lower_planar(plan: PlanBuilder, group: Group) -> None:
    """A depthwise convolution from planes to planes, of any pitch and margins."""
    root = group.root
    op, work, lanes = root.op, work_of(plan.graph, root), plan.lanes
    assert isinstance(op, Conv2d)
    source = source_of(plan, group)
    choice = Choice(
        key=plan.key(group, "planar", "dense"),
        space=planar_space(work, plan.isa),
        estimated=(planar_schedule(work, plan.isa),),
    )
    schedule = plan.choose(group, choice, PlanarSchedule)
    if (schedule.vectors, schedule.strips) not in walks_of(work, plan.isa):
        raise UnsupportedError(
            f"node {root.name}: the walk that its schedule asks for must be one that its rows' {work.width} pixels and "
            f"the registers allow, got {schedule.strips} strips of {schedule.vectors} vectors, build again without "
            "--locked"
        )
    across = max(schedule.vectors * lanes, work.width)
    # A vector that is longer than a row reaches into the next one, which is written after it.
    out = plan.result(group, (work.height - 1) * plan.planes.pitch[group.value] + across)
    read = plan.layout(source)
    plan.reads(source, (read.height - 1) * read.pitch + work.column(op.kernel[1], across) + lanes)
    weight = plan.network.weights[f"{root.name}.weight"].reshape(op.filters, -1)
    bias = plan.network.weights.get(f"{root.name}.bias", np.zeros(op.filters, np.float32))
    plan.add(
        DepthwiseLayer(
            nodes=group.nodes,
            reads=reads(group),
            inputs=(source,) if group.residual is None else (source, plan.place[group.residual]),
            output=out,
            macs=plan.graph.macs(root),
            kernel=_kernel(plan, group, schedule, work),
            depthwise=depthwise_stored(plan, group, [weight.ravel(), bias], 1, schedule),
            geometry=describe(op),
        )
    )


def _kernel(plan: PlanBuilder, group: Group, schedule: PlanarSchedule, work: PlanarWork) -> str:
    words = [f"{letter}{a}x{b}" for letter, (a, b) in zip("ksp", (work.kernel, work.stride, work.pads), strict=True)]
    words += [] if work.dilation == (1, 1) else [f"d{work.dilation[0]}x{work.dilation[1]}"]
    sizes = (work.read,) if work.read == work.written else (work.read, work.written)
    words += ["to".join(f"{height}x{width}" for height, width in sizes), f"v{schedule.vectors}x{schedule.strips}"]
    runs_on = plan.runs_on(group.value)
    words += [] if runs_on else ["gaps"]
    return plan.kernel(
        Kernel(
            name="_".join(["depthwise_planar", plan.isa, *words]) + group.suffix(),
            template="depthwise_planar",
            vectors=schedule.vectors,
            strips=schedule.strips,
            window=work.kernel,
            stride=work.stride,
            dilation=work.dilation,
            pads=work.pads,
            read=work.read,
            written=work.written,
            runs_on=runs_on,
            epilogue=group.statements(),
            residual=group.residual is not None,
        )
    )
