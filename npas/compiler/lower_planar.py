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
            f"node {root.name}: the walk that its schedule asks for must fit its rows' {work.width} pixels and leave "
            f"registers free, got {schedule.strips} strips of {schedule.vectors} vectors, build again without --locked"
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
    op, edges = group.root.op, work.edges
    assert isinstance(op, Conv2d)
    whole = schedule.vectors * plan.lanes >= work.width
    words = [f"k{op.kernel[0]}x{op.kernel[1]}", f"s{op.stride[0]}x{op.stride[1]}"]
    words += [] if op.dilation == (1, 1) else [f"d{op.dilation[0]}x{op.dilation[1]}"]
    words += [f"e{edges[0]}x{edges[1]}", f"v{schedule.vectors}x{schedule.strips}"]
    words += ["whole"] if whole else []
    runs_on = plan.runs_on(group.value)
    words += [] if runs_on else ["gaps"]
    return plan.kernel(
        Kernel(
            name="_".join(["depthwise_planar", plan.isa, *words]) + group.suffix(),
            template="depthwise_planar",
            vectors=schedule.vectors,
            strips=schedule.strips,
            window=op.kernel,
            stride=op.stride,
            dilation=op.dilation,
            edges=edges,
            whole=whole,
            runs_on=runs_on,
            epilogue=group.statements(),
            residual=group.residual is not None,
        )
    )
