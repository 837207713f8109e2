"""Lowering of a convolution and the depthwise layer behind it as one: inverted residuals without the wide value.

The pair runs a group of filters and a few rows at a time, through a buffer that a near cache holds; only where the
schedule of the depthwise layer says so. Many small windows over few channels make the wide value the largest of the
network, written to and read from far memory; that is what the buffer saves.
"""

from __future__ import annotations

from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.layout import spread
from npas.compiler.lower_depthwise import depthwise_choice, depthwise_layer
from npas.compiler.lower_indexed import source_of
from npas.compiler.lower_lanes import conv_layer, lower_conv_lanes
from npas.compiler.plan import ExpansionLayer, Layout
from npas.compiler.schedules.records import DepthwiseSchedule, LaneSchedule
from npas.ops import Conv2d

BUFFER_BYTES = 192 * 1024
"""Of a group's rows between the layers: part of the second-level cache."""
WIDE_BYTES = 384 * 1024
"""Of the wide value, below which it stays in the second-level cache anyway."""


def is_expansion(plan: PlanBuilder, first: Group, second: Group) -> bool:
    """Whether ``second`` is a depthwise layer and alone reads what ``first``, a plain convolution, computes."""
    kernels, value = plan.blocks.kernel, first.value
    return (
        plan.backend == "cpu"
        and kernels.get(first.root.name) == "lanes"
        and kernels.get(second.root.name) == "depthwise"
        and second.root.inputs[0] == value
        and first.residual is None
        and second.residual != value
        and value not in plan.graph.outputs
        and len(plan.graph.consumers[value]) == 1
    )


def lower_expansion(plan: PlanBuilder, first: Group, second: Group) -> None:
    """The pair as one layer, or one after the other where the schedule says so."""
    choice = depthwise_choice(plan, second, (first.root.name, _rows(plan, first, second)))
    schedule = plan.choose(second, choice, DepthwiseSchedule)
    if schedule.rows == 0:
        lower_conv_lanes(plan, first)
        plan.add(depthwise_layer(plan, second, source_of(plan, second), plan.result(second), schedule))
    else:
        plan.add(_together(plan, first, second, schedule))


def _together(plan: PlanBuilder, first: Group, second: Group, schedule: DepthwiseSchedule) -> ExpansionLayer:
    rows, op = schedule.rows, second.root.op
    assert isinstance(op, Conv2d)
    source = source_of(plan, first)
    buffer = plan.value(f"{first.root.name}.rows", _buffer(plan, first, second, rows, vectors=1))
    expand = conv_layer(plan, first, source, buffer, whole=rows >= plan.graph.shapes[second.root.name][2])
    tile = expand.indexed.schedule
    assert isinstance(tile, LaneSchedule)
    plan.resize(buffer, _buffer(plan, first, second, rows, tile.planes), plan.threads)
    out = plan.result(second)
    depthwise = depthwise_layer(plan, second, buffer, out, schedule)
    return ExpansionLayer(
        nodes=(*first.nodes, *second.nodes),
        reads=expand.reads if second.residual is None else (*expand.reads, second.residual),
        inputs=(source, *depthwise.inputs[1:]),
        output=out,
        macs=expand.macs + depthwise.macs,
        scratch=(buffer,),
        rows=rows,
        shares=plan.threads,
        height=plan.graph.shapes[first.value][2],
        window=(op.kernel[0], op.stride[0], op.dilation[0]),
        expand=expand,
        depthwise=depthwise,
    )


def _buffer(plan: PlanBuilder, first: Group, second: Group, rows: int, vectors: int) -> Layout:
    """Room for what ``rows`` of the result read of the planes of one group."""
    op = second.root.op
    assert isinstance(op, Conv2d)
    width, pitch = plan.graph.shapes[first.value][3], plan.planes.pitch[first.value]
    height = (rows - 1) * op.stride[0] + (op.kernel[0] - 1) * op.dilation[0] + 1
    left, right = op.pads[1], op.pads[3]
    plane = spread((left + (height - 1) * pitch + width + right) * plan.lanes) // plan.lanes
    return Layout(
        channels=vectors * plan.lanes,
        height=height,
        width=width,
        pitch=pitch,
        origin=left,
        plane=plane,
        block=plan.lanes,
    )


def _rows(plan: PlanBuilder, first: Group, second: Group) -> int:
    """As many as the buffer has room for, in equal parts; 0 where the wide value is small, or its rows are dear: those
    that two windows read are computed twice."""
    _, channels, height, width = plan.graph.shapes[first.value]
    op, expand = second.root.op, first.root.op
    assert isinstance(op, Conv2d)
    assert isinstance(expand, Conv2d)
    if 4 * channels * height * width <= WIDE_BYTES or expand.kernel != (1, 1):
        return 0
    out_height = plan.graph.shapes[second.root.name][2]
    row_bytes = 4 * 2 * plan.lanes * plan.planes.pitch[first.value]
    most = max(1, (BUFFER_BYTES // row_bytes - op.kernel[0]) // op.stride[0])
    parts = -(-out_height // most)
    return -(-out_height // parts)
