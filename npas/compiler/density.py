"""Where a pruned layer is better built dense: a choice by estimate, before anything is measured.

A list costs in proportion to what it keeps; a dense 3x3 layer has Winograd's method, which does with a fraction of the
multiplications. Between the two stands the rate at which pruning begins to pay. Only clear cases are decided here; a
finished build measures the others layer by layer. How values will lie is not known yet, so that packed kernels are
taken to copy their input and to turn their sums round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from npas.compiler.blocks import is_compact
from npas.compiler.fuse import Group
from npas.compiler.indexed import BLOCK_FILTERS, Options
from npas.compiler.schedules import lanes, masks, packed, winograd
from npas.compiler.schedules.items import WARP
from npas.compiler.schedules.lanes import LaneWork
from npas.graph.graph import Graph, Network
from npas.ops import Conv2d
from npas.targets.isa import ISAS, IsaName

CLEARLY = 0.8
"""A layer is built dense where that takes at most this share of the sparse kernel's estimated cycles."""
OWN_LIST_CYCLES = 1.35
"""On an OpenCL device, of a vector's multiplication where a filter has a list of its own: loads, most of them out of
line, do not keep up with it."""
OWN_LIST_ITEMS = 70.0
"""The same of a warp's multiplication where work items are lanes, since each multiplies what it loaded once: an H200
took 35 times as long as for one of a dense layer."""


def decided(network: Network, groups: Sequence[Group], options: Options, isa: IsaName) -> Options:
    """The options, with every layer built dense that is clearly faster so."""
    dense = dict(options.dense)
    for group in groups:
        node = group.root.name
        if node not in options.prunings or node in dense or options.format_of(node) == "dense":
            continue
        given = options.schedules.get(node)
        if given is not None and given.kind == "packed":  # which no dense layer has
            continue
        times = _times(network, group, options, isa)
        if times is not None and times[0] < CLEARLY * times[1]:
            dense[node] = f"estimated to be {times[1] / times[0]:.1f} times as fast as {options.format_of(node)}"
    return replace(options, dense=dense)


def _times(network: Network, group: Group, options: Options, isa: IsaName) -> tuple[float, float] | None:
    """Cycles of the layer's dense and sparse kernels; None where there is no choice between lists and none."""
    graph, op = network.graph, group.root.op
    if not isinstance(op, Conv2d) or op.groups > 1 or is_compact(graph.shapes[group.root.name]):
        return None
    weight = network.weights[f"{group.root.name}.weight"].reshape(op.filters, -1)
    whole = lanes.whole_together(op.filters, graph.input_shapes(group.root)[0][1], isa)
    dense = lanes.cycles(_work(graph, group, op.filters, 1.0, together=whole), isa)
    square = winograd.work_of(graph, group.root)
    if square is not None and not options.direct and not ISAS[isa].items:
        dense = min(dense, winograd.cycles(square, isa))
    if options.format_of(group.root.name) == "bcs":
        kept, half_kept = (masks.density(weight, count) for count in (ISAS[isa].lanes, ISAS[isa].lanes // 2))
        together = masks.kept_together(weight, prod(op.kernel), BLOCK_FILTERS)
        shared = max(BLOCK_FILTERS, ISAS[isa].lanes)
        return dense, lanes.cycles(_work(graph, group, shared, kept, half_kept, together), isa)
    if ISAS[isa].backend == "cpu":
        copied = packed.work_of(graph, group.root, weight)
        assert copied is not None
        return dense, packed.cycles(copied, isa)
    _, _, height, width = graph.shapes[group.root.name]
    each = OWN_LIST_ITEMS / WARP if ISAS[isa].items else OWN_LIST_CYCLES / ISAS[isa].lanes
    return dense, np.count_nonzero(weight) * height * width * each


def _work(
    graph: Graph, group: Group, shared: int, density: float, half_density: float = 1.0, together: int = 1
) -> LaneWork:
    op = group.root.op
    assert isinstance(op, Conv2d)
    _, filters, height, width = graph.shapes[group.root.name]
    channels = graph.input_shapes(group.root)[0][1]
    return LaneWork(
        filters=filters,
        channels=channels,
        taps=prod(op.kernel),
        rows=height,
        width=width,
        row_floats=width,
        shared=shared,
        together=together,
        density=density,
        half_density=half_density,
    )
