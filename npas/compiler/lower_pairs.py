"""Lowering of a convolution and the depthwise or pooling layer behind it as one, without the value between them.

The pair runs a group of filters and a few rows at a time, through a buffer that a near cache holds; only where the
schedule of the second layer says so. In an inverted residual, and under the first layers of a network that pools, the
value between is the largest of the network, written to and read from far memory; that is what the buffer saves.
"""

from __future__ import annotations

from npas.compiler.builder import PlanBuilder
from npas.compiler.fuse import Group
from npas.compiler.layout import spread
from npas.compiler.lower_depthwise import depthwise_choice, depthwise_layer
from npas.compiler.lower_indexed import source_of
from npas.compiler.lower_lanes import conv_layer, lower_conv_lanes
from npas.compiler.lower_pool import pool_choice, pool_layer
from npas.compiler.plan import DepthwiseLayer, Layout, PairLayer, PoolLayer
from npas.compiler.schedules.core import CORES
from npas.compiler.schedules.records import DepthwiseSchedule, LaneSchedule, PoolSchedule
from npas.ops import AvgPool, Conv2d, MaxPool

WIDE_BYTES = 384 * 1024
"""Of the wide value, below which it stays in the second-level cache anyway."""

Windowed = Conv2d | MaxPool | AvgPool
"""What the second of a pair may compute: each channel by itself, over windows."""


def is_pair(plan: PlanBuilder, first: Group, second: Group) -> bool:
    """Whether ``second`` is a depthwise or pooling layer that needs no margins, to pixels of as many channels as it
    reads, and alone reads what ``first``, a convolution with filters in lanes and without a residual, computes."""
    value = first.value
    return (
        plan.backend == "cpu"
        and plan.blocks.kernel.get(first.root.name) == "lanes"
        and (isinstance(second.root.op, MaxPool | AvgPool) or plan.edges(second.root) is not None)
        and plan.blocks.block.get(second.value, 1) > 1
        and second.root.inputs[0] == value
        and first.residual is None
        and second.residual != value
        and value not in plan.graph.outputs
        and len(plan.graph.consumers[value]) == 1
    )


def lower_pair(plan: PlanBuilder, first: Group, second: Group) -> None:
    """The pair as one layer, or one after the other where the schedule says so."""
    schedule = _schedule(plan, first, second)
    if schedule.rows == 0:
        lower_conv_lanes(plan, first)
        plan.add(_second(plan, second, plan.place[first.value], plan.result(second), schedule))
    else:
        plan.add(_together(plan, first, second, schedule))


def _schedule(plan: PlanBuilder, first: Group, second: Group) -> DepthwiseSchedule | PoolSchedule:
    before = (first.root.name, _rows(plan, first, second))
    if isinstance(second.root.op, Conv2d):
        return plan.choose(second, depthwise_choice(plan, second, before), DepthwiseSchedule)
    return plan.choose(second, pool_choice(plan, second, before), PoolSchedule)


def _second(
    plan: PlanBuilder, group: Group, source: int, out: int, schedule: DepthwiseSchedule | PoolSchedule
) -> DepthwiseLayer | PoolLayer:
    if isinstance(schedule, DepthwiseSchedule):
        return depthwise_layer(plan, group, source, out, schedule)
    return pool_layer(plan, group, source, out, schedule)


def _together(plan: PlanBuilder, first: Group, second: Group, schedule: DepthwiseSchedule | PoolSchedule) -> PairLayer:
    rows, op = schedule.rows, second.root.op
    assert isinstance(op, Windowed)
    source = source_of(plan, first)
    room = _buffer(plan, first, second, rows, vectors=1)
    buffer = plan.value(f"{first.root.name}.rows", room)
    # Whole planes pass as one row, with rows that no window reads: these need room.
    all_rows = op.pads[0] + plan.graph.shapes[first.value][2]
    whole = rows >= plan.graph.shapes[second.root.name][2] and room.height >= all_rows
    conv = conv_layer(plan, first, source, buffer, in_pair=True, whole=whole)
    tile = conv.indexed.schedule
    assert isinstance(tile, LaneSchedule)
    plan.resize(buffer, _buffer(plan, first, second, rows, tile.planes), plan.threads)
    out = plan.result(second)
    behind = _second(plan, second, buffer, out, schedule)
    return PairLayer(
        nodes=(*first.nodes, *second.nodes),
        reads=conv.reads if second.residual is None else (*conv.reads, second.residual),
        inputs=(source, *behind.inputs[1:]),
        output=out,
        macs=conv.macs + behind.macs,
        scratch=(buffer,),
        rows=rows,
        shares=plan.threads,
        height=plan.graph.shapes[first.value][2],
        window=(op.kernel[0], op.stride[0], _dilation(op)),
        first=conv,
        second=behind,
    )


def _dilation(op: Windowed) -> int:
    """From one row of a window to the next."""
    return 1 if isinstance(op, AvgPool) else op.dilation[0]


def _buffer(plan: PlanBuilder, first: Group, second: Group, rows: int, vectors: int) -> Layout:
    """Room for what ``rows`` of the result read of the planes of one group."""
    op = second.root.op
    assert isinstance(op, Windowed)
    width, pitch = plan.graph.shapes[first.value][3], plan.planes.pitch[first.value]
    height = (rows - 1) * op.stride[0] + (op.kernel[0] - 1) * _dilation(op) + 1
    plane = spread(((height - 1) * pitch + width) * plan.lanes) // plan.lanes
    return Layout(
        channels=vectors * plan.lanes,
        height=height,
        width=width,
        pitch=pitch,
        origin=0,
        plane=plane,
        block=plan.lanes,
    )


def _rows(plan: PlanBuilder, first: Group, second: Group) -> int:
    """As many as the buffer has room for, and a near cache for what all groups read of the input, in equal parts; 0
    where the wide value is small, or its rows are dear: those that two windows read are computed twice."""
    _, channels, height, width = plan.graph.shapes[first.value]
    op, conv = second.root.op, first.root.op
    assert isinstance(op, Windowed)
    assert isinstance(conv, Conv2d)
    twice = (op.kernel[0] - 1) * _dilation(op) + 1 - op.stride[0]
    if 4 * channels * height * width <= WIDE_BYTES or (twice > 0 and conv.kernel != (1, 1)):
        return 0
    out_height = plan.graph.shapes[second.root.name][2]
    row_bytes = 4 * 2 * plan.lanes * plan.planes.pitch[first.value]
    read = plan.layout(plan.place[first.root.inputs[0]])
    read_bytes = 4 * read.channels * read.pitch * conv.stride[0]
    core = CORES[plan.lanes]
    chunk = core.far_chunk_bytes if read.size * 4 > core.far_bytes else core.chunk_bytes
    rows = min(core.buffer_bytes // row_bytes, chunk // read_bytes)
    most = max(1, (rows - max(twice, 0)) // op.stride[0])
    parts = -(-out_height // most)
    return -(-out_height // parts)
