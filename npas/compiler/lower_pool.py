"""Lowering of pooling layers."""

from __future__ import annotations

from npas.compiler.blocks import is_compact
from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.plan import PoolLayer
from npas.compiler.schedules.choice import Choice, window_key
from npas.compiler.schedules.records import PoolSchedule
from npas.compiler.schedules.space import Space, halvings
from npas.errors import UnsupportedError
from npas.ops import AvgPool, MaxPool


def lower_pool(plan: PlanBuilder, group: Group) -> None:
    """A maximum or mean over windows of each channel."""
    plan.add(pool_layer(plan, group, plan.place[group.root.inputs[0]], plan.result(group), None))


def pool_choice(plan: PlanBuilder, group: Group, before: tuple[str, int]) -> Choice:
    """The schedules of a pooling layer that can be computed with the layer before, and the estimate of
    ``PoolSchedule.rows``."""
    partner, rows = before
    height = plan.graph.shapes[group.root.name][2]
    return Choice(
        key=window_key(plan.graph, group, f"pooled {group.root.op.type}", plan.machine),
        space=Space({"pool": {"rows": (0, *halvings(height))}}, lambda _: True),
        estimated=tuple(dict.fromkeys((PoolSchedule(rows=rows), PoolSchedule()))),
        partner=partner,
    )


def pool_layer(plan: PlanBuilder, group: Group, source: int, out: int, schedule: PoolSchedule | None) -> PoolLayer:
    """The layer from value to value; ``source`` may be a buffer for some rows of the input."""
    op, shapes = group.root.op, plan.graph.shapes
    assert isinstance(op, MaxPool | AvgPool)
    if is_compact(shapes[group.root.inputs[0]]) and not is_compact(shapes[group.root.name]):
        raise UnsupportedError(
            f"node {group.root.name}: pooling must not widen a single pixel, got {shapes[group.root.inputs[0]]}, "
            "remove its padding"
        )
    return PoolLayer(
        nodes=group.nodes,
        reads=group.root.inputs,
        inputs=(source,),
        output=out,
        function="max_pool" if isinstance(op, MaxPool) else "average_pool",
        window=op.kernel,
        stride=op.stride,
        top=op.pads[0],
        left=op.pads[1],
        dilation=op.dilation if isinstance(op, MaxPool) else (1, 1),
        count_pads=isinstance(op, AvgPool) and op.count_pads,
        height=plan.graph.shapes[group.root.inputs[0]][2],
        schedule=schedule,
    )
