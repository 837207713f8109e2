"""A layer's weights in the plan: how they are stored, and what a kernel needs to know to walk through them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from npas.compiler.formats import FormatName
from npas.compiler.record import Record
from npas.compiler.schedules.records import (
    DepthwiseSchedule,
    LaneSchedule,
    PackedSchedule,
    PlanarSchedule,
    Schedule,
    WinogradSchedule,
)
from npas.spec.schema import SchemeName, Storage


class Pruned(Record):
    """How a layer's weights were pruned and what became of it."""

    scheme: SchemeName
    rate: float
    built_dense_because: str | None = None


class Grid(Record):
    """Tiles of an output whose filters lie in lanes; see ``description.h``."""

    columns: int
    wide: int
    row_step: int
    rows: int = 1


class CopyPart(Record):
    """Vectors of a copy for one column of the window and some of its rows; see ``packing.h``."""

    row: int
    column: int
    more: int
    first: int


class Packing(Record):
    """The copy of a tile's input that a packed kernel reads; see ``packing.h``."""

    lines: int
    lists: int = Field(description="of a group: filters that are computed side by side")
    depth: int
    slot: int
    channels: int = Field(
        description="copied at a time: whole channel blocks, from whole planes; in place: a channel block"
    )
    vectors: int
    parts: tuple[CopyPart, ...]
    stride: tuple[int, int]
    top: int
    left: int
    last_row: int
    last_column: int
    shares: int = Field(description="buffers, one for each thread")
    in_place: bool = Field(False, description="whether the input lies as its copy would, and none is made")
    by_length: bool = Field(
        False, description="whether filters come in the order of their lists' lengths: none waits for its plane's"
    )


class Stored(Record):
    """A layer's weights."""

    format: FormatName
    first_section: int
    filters: int
    channels: int
    groups: int
    kernel: tuple[int, int]
    pruned: Pruned | None = None
    kept_weights: int
    storage: Storage = "fp32"
    bytes: int

    @property
    def taps(self) -> int:
        return self.kernel[0] * self.kernel[1]

    @property
    def weights(self) -> int:
        """Weights of the layer before pruning."""
        return self.filters * self.channels // self.groups * self.taps


class Indexed(Stored):
    """A layer over lists of kept positions."""

    tap_offsets: tuple[int, ...]
    input_block: int
    plane_step: int
    tile: int
    tiles: int
    grid: Grid = Grid(columns=0, wide=0, row_step=0)
    packing: Packing | None = None
    entry_lanes: int = Field(0, description="where an entry's weights have an order of their own: Geometry.entry_order")
    schedule: Annotated[Schedule | PackedSchedule | LaneSchedule, Field(discriminator="kind")]


class Depthwise(Stored):
    """A depthwise layer, of which channels or pixels lie in lanes."""

    lanes: int = Field(description="channels in a plane")
    top: int
    left: int
    height: int = Field(description="of the image that is read")
    schedule: Annotated[DepthwiseSchedule | PlanarSchedule, Field(discriminator="kind")]


class Winograd(Stored):
    """A layer by Winograd's method."""

    stride: int
    input_block: int = Field(description="channels in a pixel of the input")
    planes: int = Field(description="of the transformed tiles, which hold every phase of the input")
    columns: int
    tiles: int
    pads: tuple[int, int, int, int]
    side: int = Field(description="pixels on the side of a tile of one phase of the input")
    shares: int = Field(description="workspaces, one for each thread that has tiles of its own")
    schedule: WinogradSchedule
