"""What every storage format does: pack a weight matrix into arrays, and back, exactly.

| symbol | meaning | shape |
| --- | --- | --- |
| W | weights, one row per filter, columns = (input channel of the filter's group, kernel position) | [F, K] |
| G | groups of the convolution; filter f of group g reads columns g K ... (g + 1) K of the layer | |
| R | filters that a kernel works on at once | |
| T | kernel positions of one channel, 1 for a fully connected layer | |

Index arrays count columns over all groups: column = channel * T + tap.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

FormatName = Literal["dense", "csr", "fkw", "bcs"]
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of a packed matrix: filters F, columns per filter K, groups G, rows R, taps T."""

    filters: int
    columns: int
    groups: int = 1
    rows: int = 1
    taps: int = 1
    reorder: bool = True
    """Whether filters may be stored in another order than they are numbered."""
    depth: int = 1
    """Neighbouring channels D that one entry of a list covers: columns (c D + i) T + t for all i < D."""
    lanes: int = 0
    """Of the vectors that an entry's R D weights fill, where these stand so that the sums of a filter's channels meet
    by swaps of neighbours (``entry_order``); 0: a filter's channels side by side."""

    def first_column(self, filter_: int) -> int:
        return filter_ // (self.filters // self.groups) * self.columns

    def entry_order(self) -> Ints:
        """Which of an entry's weights, filter by filter with D channels each, stands at each place of its vectors.

        Of V vectors, W = min(V, D) are for the same filters. Lane l of vector k has channel l mod D of a filter whose
        sums, once all lists are walked, are wanted in lane l ^ k: one swap of neighbouring lanes, or of neighbouring
        twos, brings them there, and nothing is out of order.
        """
        size, depth = self.rows * self.depth, self.depth
        if self.lanes == 0:
            return np.arange(size)
        width = max(1, min(size // self.lanes, depth))
        lane = np.arange(self.lanes)
        wanted = lane ^ np.arange(width)[:, None]
        filters = wanted // depth * width + wanted % width
        plane = (filters * depth + lane % depth).ravel()
        assert size % plane.size == 0, "an entry must fill its vectors, and as many of them as meet"
        return (np.arange(0, size, plane.size)[:, None] + plane).ravel()


@dataclass(frozen=True)
class Packed:
    """Weights in the order in which the kernels read them, and the format's index arrays, in file order."""

    weights: Floats
    indices: tuple[Ints, ...] = ()


class Format(ABC):
    """A way to store kept weights. Source: PatDNN (fkw), GRIM (bcs), section 7 of the design for the kernels."""

    name: ClassVar[FormatName]

    @abstractmethod
    def takes(self, matrix: Floats, geometry: Geometry) -> bool:
        """Whether this matrix can be stored exactly."""

    @abstractmethod
    def pack(self, matrix: Floats, geometry: Geometry) -> Packed:
        """The stored form of W [F, K]."""

    @abstractmethod
    def unpack(self, packed: Packed, geometry: Geometry) -> Floats:
        """The W [F, K] that was packed, bit for bit (a stored -0.0 may become 0.0)."""
