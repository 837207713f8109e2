"""What windows stand over: the right pixels of the input, and no float beyond the memory that is theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from programs import conv_layers, kernel_of, lowered, lowered_at_random, network_of
from random_graphs import SEEDS, random_graph

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.plan import ConvLayer, DepthwiseLayer, Layout, Plan, SplitLayer
from npas.compiler.schedules.records import PlanarSchedule
from npas.compiler.views_kernels import walk_of
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import Conv2d
from npas.search.candidate import Pruning
from npas.targets.isa import CPU_ISAS, ISAS

Ints = NDArray[np.int64]


@dataclass
class Pass:
    """How a kernel passes over one plane: the output pixels that it computes, and per pixel the floats from the
    input's first pixel to what lies under the window's origin."""

    rows: Ints
    columns: Ints
    places: Ints
    taps: tuple[int, ...]
    left_out: NDArray[np.bool_] | None = None
    """[taps, pixels]: what a depthwise kernel of processors does not read."""


def left_out_of(plan: Plan, layer: DepthwiseLayer, y: Ints, x: Ints) -> NDArray[np.bool_]:
    """Rows by the image's height, columns by their places in the first and the last tile of a row."""
    kernel, stored, width = kernel_of(plan, layer), layer.depthwise, plan.values[layer.output].layout.width
    columns, (left, right) = -(-width // kernel.pixels), kernel.edges
    wide = width - columns * (kernel.pixels - 1)
    bounds = np.array([tile * kernel.pixels - max(0, tile - wide) for tile in range(columns + 1)])
    tile = np.searchsorted(bounds, x, side="right") - 1
    begin, end = bounds[tile], bounds[tile + 1]
    left_out = []
    for i in range(kernel.window[0]):
        row = y * kernel.stride[0] - stored.top + i * kernel.dilation[0]
        for j in range(kernel.window[1]):
            before = (x - begin) * kernel.stride[1] + j * kernel.dilation[1]
            behind = (end - 1 - x) * kernel.stride[1] + (kernel.window[1] - 1 - j) * kernel.dilation[1]
            first, last = (tile == 0) & (before < left), (tile == columns - 1) & (behind < right)
            left_out.append(first | last | (row < 0) | (row >= stored.height))
    return np.array(left_out)


def passed(plan: Plan, layer: ConvLayer | DepthwiseLayer, op: Conv2d) -> Pass:
    """What the kernels' templates do, in the words of the plan."""
    read, out = plan.values[layer.inputs[0]].layout, plan.values[layer.output].layout
    if isinstance(layer, ConvLayer) and layer.indexed.schedule.kind == "pixels":
        rows, columns = np.divmod(np.arange(out.height * out.width), out.width)
        return Pass(rows, columns, rows * out.pitch + columns, layer.indexed.tap_offsets)
    if isinstance(layer, DepthwiseLayer):
        stored, pixels = layer.depthwise, layer.depthwise.schedule.pixels
        taps = tuple(
            ((i * op.dilation[0] - stored.top) * read.pitch + j * op.dilation[1] - stored.left) * read.block
            for i in range(op.kernel[0])
            for j in range(op.kernel[1])
        )
        tile_columns = -(-out.width // pixels)
        wide, tiles = out.width - tile_columns * (pixels - 1), tile_columns * out.height
        row_step, step = op.stride[0] * read.pitch * read.block, op.stride[1] * read.block
    else:
        grid, pixels, tiles, taps = (
            layer.indexed.grid,
            layer.indexed.tile,
            layer.indexed.tiles,
            layer.indexed.tap_offsets,
        )
        tile_columns, wide, row_step, step = grid.columns, grid.wide, grid.row_step, kernel_of(plan, layer).step
        if ISAS[plan.isa].items:  # an item's pixels lie anywhere
            rows, columns = np.divmod(np.arange(out.height * out.width), out.width)
            return Pass(rows, columns, rows * row_step + columns * step, taps)
        assert pixels == layer.indexed.schedule.pixels
    assert 1 <= wide <= tile_columns
    rows, columns = [], []
    for y, tile in (divmod(t, tile_columns) for t in range(tiles)):
        x = tile * pixels - max(0, tile - wide)
        width = pixels if tile < wide else pixels - 1
        rows += [y] * width
        columns += range(x, x + width)
    y, x = np.array(rows), np.array(columns)
    if isinstance(layer, ConvLayer) and kernel_of(plan, layer).gapped:
        y, x = np.divmod(x, out.width)
    flat = y * out.width + x if row_step else x
    out_of = None
    if isinstance(layer, DepthwiseLayer) and ISAS[plan.isa].backend == "cpu":
        out_of = left_out_of(plan, layer, y, x)
    return Pass(flat // out.width, flat % out.width, y * row_step + x * step, taps, out_of)


def pixel_at(layout: Layout, floats: Ints) -> tuple[Ints, Ints, Ints]:
    """Plane, row and column of the pixel that holds a float, counted from the value's first one; row -1 in margins."""
    plane, place = np.divmod(floats // layout.block, layout.plane)
    row, column = np.divmod(place - layout.origin, layout.pitch)
    inside = (row >= 0) & (row < layout.height) & (column < layout.width)
    return plane, np.where(inside, row, -1), np.where(inside, column, -1)


def check_windows(plan: Plan, layer: ConvLayer | DepthwiseLayer, op: Conv2d) -> None:
    """Under each tap of each output pixel is the pixel that the operator names, or a margin of the same plane; or the
    kernel leaves it out, all and only what is outside the image where it does so with columns."""
    read, out = plan.values[layer.inputs[0]].layout, plan.values[layer.output].layout
    done = passed(plan, layer, op)
    assert sorted(zip(done.rows, done.columns, strict=True)) == [
        (y, x) for y in range(out.height) for x in range(out.width)
    ]
    for channel in {0, read.channels // 2, read.channels - 1}:
        begin = (channel // read.block * read.plane + read.origin) * read.block + channel % read.block
        if isinstance(layer, ConvLayer):
            assert layer.indexed.plane_step == read.plane * read.block
            assert layer.indexed.input_block == read.block
        for k, tap in enumerate(done.taps):
            i, j = divmod(k, op.kernel[1])
            row = done.rows * op.stride[0] + i * op.dilation[0] - op.pads[0]
            column = done.columns * op.stride[1] + j * op.dilation[1] - op.pads[1]
            image = (row >= 0) & (row < read.height) & (column >= 0) & (column < read.width)
            left_out = np.zeros_like(image) if done.left_out is None else done.left_out[k]
            assert not (left_out & image).any()
            if any(kernel_of(plan, layer).edges):
                np.testing.assert_array_equal(left_out, ~image)
            row, column, image = row[~left_out], column[~left_out], image[~left_out]
            plane, got_row, got_column = pixel_at(read, begin + done.places[~left_out] + tap)
            assert (plane == channel // read.block).all()
            np.testing.assert_array_equal(got_row, np.where(image, row, -1))
            np.testing.assert_array_equal(got_column, np.where(image, column, -1))


def check_copies(plan: Plan, layer: ConvLayer, op: Conv2d) -> None:
    """What a packed kernel copies: under each tap of each line the pixel that the operator names, or a margin."""
    read, out = plan.values[layer.inputs[0]].layout, plan.values[layer.output].layout
    indexed, packing, lanes = layer.indexed, layer.indexed.packing, plan.lanes
    assert packing is not None
    line, lane = np.divmod(np.arange(packing.depth * indexed.grid.columns * lanes), lanes)
    line, column = np.divmod(line, indexed.grid.columns)
    if packing.slot == 0:
        y, x = np.divmod(line * lanes + lane, out.width)
    else:
        y, x = line * (lanes // packing.slot) + lane // packing.slot, column * packing.slot + lane % packing.slot
    used = (y < out.height) & (x < out.width)
    assert sorted(zip(y[used], x[used], strict=True)) == [(i, j) for i in range(out.height) for j in range(out.width)]
    for k, tap in enumerate(indexed.tap_offsets):
        i, j = divmod(k, op.kernel[1])
        vector = tap // lanes
        (part,) = [p for p in packing.parts if p.first <= vector < p.first + packing.lines + p.more]
        # The rest of the tile's lines come behind the first one's vector, in the same part.
        assert vector + packing.lines <= part.first + packing.lines + part.more <= packing.vectors
        further = vector - part.first  # lines down, whose rows of the output begin there
        rows = y + further * (lanes // packing.slot if packing.slot else 1)
        row = np.minimum(rows * packing.stride[0] + part.row - packing.top, packing.last_row)
        column = np.minimum(x * packing.stride[1] + part.column - packing.left, packing.last_column)
        begin = read.origin * read.block
        _, got_row, got_column = pixel_at(read, begin + (row * read.pitch + column) * read.block)
        wanted_row = y * op.stride[0] + i * op.dilation[0] - op.pads[0]
        wanted_column = x * op.stride[1] + j * op.dilation[1] - op.pads[1]
        image = (wanted_row >= 0) & (wanted_row < read.height) & (wanted_column >= 0) & (wanted_column < read.width)
        np.testing.assert_array_equal(got_row[used], np.where(image, wanted_row, -1)[used])
        np.testing.assert_array_equal(got_column[used], np.where(image, wanted_column, -1)[used])


def check_rows(plan: Plan, layer: DepthwiseLayer, op: Conv2d) -> None:
    """A depthwise kernel between planes: only a row's first and last vector reach over its ends, which the kernel masks
    there, and what it reads and writes beyond them lies in the arena or in the same plane."""
    read, out = plan.values[layer.inputs[0]], plan.values[layer.output].layout
    kernel, lanes = kernel_of(plan, layer), plan.lanes
    assert (kernel.read, kernel.written) == ((read.layout.height, read.layout.width), (out.height, out.width))
    geometry = (kernel.pads, kernel.window, kernel.stride, kernel.dilation)
    assert geometry == (op.pads[:2], op.kernel, op.stride, op.dilation)
    walk = walk_of(kernel, lanes)
    across = walk.across
    walks = [0, *range(across, out.width - across, across), *([out.width - across] if out.width > across else [])]
    pixels = np.concatenate([np.arange(column, column + across) for column in walks])
    assert set(pixels) >= set(range(out.width))
    assert walk.last + lanes - 1 == pixels.max()
    assert kernel.strips == 1 or pixels.max() < out.width  # or one would write over what another has written
    for tap in range(op.kernel[1]):
        columns = np.arange(out.width) * op.stride[1] + tap * op.dilation[1] - op.pads[1]
        assert (columns[pixels[lanes:]] >= 0).all()
        assert (columns[pixels[:-lanes]] < read.layout.width).all()
        assert (columns[0] < 0) == (tap in walk.left)
        assert (columns[-1] >= read.layout.width) == (tap in walk.right)
    assert read.layout.origin >= op.pads[1]
    assert out.origin + (out.height - 1) * out.pitch + pixels.max() < out.plane
    end = (pixels.max() + 1) * op.stride[1] + (op.kernel[1] - 1) * op.dilation[1]
    last_row = read.offset + (read.layout.planes - 1) * read.layout.plane + read.layout.origin
    assert last_row + (read.layout.height - 1) * read.layout.pitch + end <= plan.arena


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_copies_read_inside_their_values_and_have_room(seed, isa):
    plan = lowered_at_random(random_graph(seed), seed, isa).plan
    for layer in conv_layers(plan, "packed"):
        indexed, packing, out = layer.indexed, layer.indexed.packing, plan.values[layer.output].layout
        assert packing is not None
        copy, sums = (plan.values[i] for i in layer.scratch)
        assert packing.channels % indexed.schedule.channel_block == 0
        source = plan.values[layer.inputs[0]].layout
        if packing.in_place:
            assert packing.channels == indexed.schedule.channel_block
            assert source.runs_on(plan.lanes)
            assert packing.vectors * plan.lanes == source.plane
            assert packing.depth * plan.lanes <= source.plane - source.origin
        else:
            assert packing.channels % plan.lanes == 0 or packing.channels >= indexed.channels
        channels = 0 if packing.in_place else min(packing.channels, indexed.channels)
        assert copy.size >= plan.threads * channels * packing.vectors * plan.lanes
        shares = plan.threads if indexed.schedule.split == "pixels" else 1
        wait = not kernel_of(plan, layer).runs_on or indexed.schedule.channel_block < indexed.channels
        assert sums.size >= (shares * indexed.filters * packing.lines * plan.lanes if wait else 0)
        assert out.block in (1, plan.lanes)
        if kernel_of(plan, layer).runs_on:
            assert packing.depth * plan.lanes <= out.plane - out.origin
        assert packing.top * source.pitch + packing.left <= source.origin
        last = source.origin + packing.last_row * source.pitch + packing.last_column
        assert last < source.plane


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("seed", SEEDS)
def test_windows_stand_over_the_right_pixels(seed, isa):
    graph = random_graph(seed)
    plan = lowered_at_random(graph, seed, isa).plan
    split = {layer.output for layer in plan.layers if isinstance(layer, SplitLayer)}
    for layer in plan.weights_layers:
        op = graph.node(layer.nodes[0]).op
        if isinstance(layer, ConvLayer) and layer.indexed.packing is not None:
            assert isinstance(op, Conv2d)
            check_copies(plan, layer, op)
        elif isinstance(layer, DepthwiseLayer) and isinstance(layer.depthwise.schedule, PlanarSchedule):
            check_rows(plan, layer, op)
        elif isinstance(layer, ConvLayer | DepthwiseLayer) and layer.inputs[0] not in split:
            check_windows(plan, layer, op)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize(("kernel", "dilation"), [((3, 3), 1), ((3, 3), 2), ((1, 3), 1), ((1, 1), 1), ((5, 2), 1)])
def test_copies_of_any_stride(kernel, dilation, stride):
    """The random graphs are too small for lines of strided layers."""
    builder = Builder("net")
    op = Conv2d(filters=64, kernel=kernel, stride=(stride, stride), dilation=(dilation, dilation), pads=(1, 2, 2, 1))
    x = builder.node(op, builder.conv(builder.input((16, 40, 40)), 64, 3), name="middle")
    prunings = {"middle": Pruning("unstructured", 3.0)}
    graph = builder.graph(x)
    network = one_shot(network_of(graph), prunings).network
    plan = lower(network, isa="avx2", threads=1, options=Options(prunings=prunings, direct=True)).plan
    (layer,) = [x for x in plan.weights_layers if x.nodes[0] == "middle"]
    assert isinstance(layer, ConvLayer)
    check_copies(plan, layer, op)


def one_by_one(*last: str) -> Graph:
    builder = Builder("net")
    x = builder.conv(builder.input((8, 5, 6)), 16, 1, name="first")
    outputs = [x, builder.conv(x, 24, 1, name="second")]
    if "margins" in last:  # which part the rows of what the second layer reads
        outputs.append(builder.conv(x, 8, 3, name="third"))
    return builder.graph(*outputs)


@pytest.mark.parametrize("isa", CPU_ISAS)
@pytest.mark.parametrize(("kernel", "stride", "dilation"), [(3, 1, 1), (3, 2, 1), (3, 1, 2), (1, 2, 1), (5, 1, 1)])
def test_tiles_pass_the_ends_of_narrow_rows(isa, kernel, stride, dilation):
    """Of 7 pixels, which tiles of 4 and 3 leave with too few sums in flight; 6 and 12 are tiles of 6."""
    gapped = []
    for width in (6, 7, 12):
        builder, reach = Builder("net"), dilation * (kernel - 1) - 2
        op = Conv2d(
            filters=64,
            kernel=(kernel, kernel),
            stride=(stride, stride),
            dilation=(dilation, dilation),
            pads=(2, 1, 1, 2),
        )
        x = builder.conv(builder.input((8, 5 * stride + reach, (width - 1) * stride + reach)), 64, 1)
        graph = builder.graph(builder.node(op, x, name="narrow"))
        prunings = {"narrow": Pruning("block_punched", 3.0)}
        network = one_shot(network_of(graph), prunings).network
        plan = lower(network, isa=isa, threads=1, options=Options(prunings=prunings)).plan
        (layer,) = [layer for layer in conv_layers(plan, "lanes") if layer.nodes[0] == "narrow"]
        check_windows(plan, layer, op)
        gapped += [width] if kernel_of(plan, layer).gapped else []
    assert isa != "avx2" or gapped == ([7] if kernel > 1 else [])


def test_planes_without_margins_are_one_row():
    """Of 30 pixels, in a convolution that looks at no neighbours; not where what it reads has margins."""
    first, second = conv_layers(lowered(one_by_one()).plan, "lanes")
    for layer in (first, second):
        assert layer.indexed.grid.row_step == 0
        assert layer.indexed.tiles == layer.indexed.grid.columns == -(-30 // layer.indexed.tile)
    graph = one_by_one("margins")
    plan = lowered(graph).plan
    first, *others = conv_layers(plan, "lanes")
    assert first.indexed.grid.row_step == 0
    assert kernel_of(plan, first).ragged  # its tiles pass the ends of rows that lie apart
    assert first.indexed.tile <= 6
    for layer in others:
        assert layer.indexed.grid.row_step == plan.values[layer.inputs[0]].layout.pitch * layer.indexed.input_block > 0
        assert layer.indexed.tiles == 5 * layer.indexed.grid.columns
    for layer in (first, *others):
        op = graph.node(layer.nodes[0]).op
        assert isinstance(op, Conv2d)
        check_windows(plan, layer, op)
