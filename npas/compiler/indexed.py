"""Convolutions and fully connected layers as lists of kept positions: format, schedule, sections."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from npas.compiler.formats import FORMATS, FormatName
from npas.compiler.formats.base import Floats, Geometry, Packed
from npas.compiler.formats.bcs import NO_FILTER
from npas.compiler.schedules.records import AnySchedule
from npas.compiler.stored import Pruned
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d
from npas.search.candidate import Pruning

Section = NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16] | NDArray[np.uint32]

BLOCK_FILTERS = 8
"""Filters that share their kept positions in the block schemes."""

_STORED: Mapping[str, FormatName] = {
    "unstructured": "csr",
    "pattern": "fkw",
    "block": "bcs",
    "block_punched": "bcs",
    "filter": "dense",  # the filters that went are gone; what is left is dense
}


@dataclass(frozen=True)
class Options:
    """What a build may decide over the defaults, by node name."""

    prunings: Mapping[str, Pruning] = field(default_factory=dict)
    dense: Mapping[str, str] = field(default_factory=dict)
    """Pruned nodes to build dense all the same, with the reason."""
    schedules: Mapping[str, AnySchedule] = field(default_factory=dict)
    known: Mapping[str, AnySchedule] = field(default_factory=dict)
    """What was measured before, by a layer's key."""
    halves: Collection[str] = ()
    """Fully connected nodes whose weights half precision holds, to be stored in 16 bits."""
    wanted: tuple[str, str] = ("", "")
    """Parts of the names of an OpenCL platform and device."""
    direct: bool = False
    """Whether no layer may be computed by Winograd's method."""

    def pruned(self, node: str) -> Pruned | None:
        pruning = self.prunings.get(node)
        if pruning is None:
            return None
        return Pruned(scheme=pruning.scheme, rate=pruning.rate, built_dense_because=self.dense.get(node))

    def format_of(self, node: str, depthwise: bool = False) -> FormatName:
        pruning = self.prunings.get(node)
        if pruning is None or node in self.dense:
            return "dense"
        stored = _STORED[pruning.scheme]
        if stored == "fkw" and node in self.halves:
            return "csr"  # weights in 16 bits stay in the order of their file
        # Depthwise filters each read a channel of their own: nothing to share.
        return "csr" if depthwise and stored == "bcs" else stored


def shared_filters(format_: FormatName, filters: int) -> int:
    """How many filters share a list, at least, under a format."""
    return {"dense": filters, "bcs": min(filters, BLOCK_FILTERS)}.get(format_, 1)


def matrix_of(graph: Graph, node: Node, weight: Floats) -> tuple[Floats, int]:
    """A layer without planes as a matrix [F, inputs], and its inputs: any convolution to a single pixel is one."""
    op = node.op
    if not isinstance(op, Conv2d):
        return weight, weight.shape[1]
    _, channels, height, width = graph.input_shapes(node)[0]
    filters, per_group = op.filters, channels // op.groups
    matrix = np.zeros((filters, channels, height, width), np.float32)
    for i in range(op.kernel[0]):
        for j in range(op.kernel[1]):
            y, x = i * op.dilation[0] - op.pads[0], j * op.dilation[1] - op.pads[1]
            if not (0 <= y < height and 0 <= x < width):
                continue
            for g in range(op.groups):
                rows = slice(g * filters // op.groups, (g + 1) * filters // op.groups)
                columns = slice(g * per_group, (g + 1) * per_group)
                matrix[rows, columns, y, x] = weight[rows, :, i, j]
    return matrix.reshape(filters, -1), channels * height * width


def pack(matrix: Floats, bias: Floats, format_: FormatName, geometry: Geometry) -> tuple[FormatName, list[Section]]:
    """The sections of the weights file, in order; csr (bcs) where the format cannot hold the matrix exactly."""
    if not FORMATS[format_].takes(matrix, geometry):
        format_ = "csr" if FORMATS["csr"].takes(matrix, geometry) else "bcs"
    packed: Packed = FORMATS[format_].pack(matrix, geometry)
    return format_, [packed.weights, bias, *(_narrow(a) for a in packed.indices)]


def in_half(sections: list[Section]) -> list[Section]:
    """The sections of a layer with its weights in 16 bits, which must hold them exactly."""
    weights, *others = sections
    halves = weights.astype(np.float16)
    assert np.array_equal(halves.astype(np.float32), weights), "weights must be rounded before they are lowered"
    return [halves, *others]


def _narrow(indices: NDArray[np.int64]) -> Section:
    """16-bit where every index fits; NO_FILTER is a 32-bit mark."""
    assert indices.size == 0 or 0 <= indices.min() <= indices.max() <= NO_FILTER
    wide = indices.size > 0 and int(indices.max()) > np.iinfo(np.uint16).max
    return indices.astype(np.uint32) if wide else indices.astype(np.uint16)
