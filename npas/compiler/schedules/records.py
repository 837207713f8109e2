"""The schedules that a plan stores: one record for each family of kernels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from npas.compiler.record import Record

Count = Annotated[int, Field(gt=0)]
Pixels = Annotated[int, Field(gt=0, le=52, description="in registers")]
"""A template names each of a tile by a letter."""
Rows = Annotated[
    int,
    Field(ge=0, description="rows for which the layer before is computed at a time; 0: all, before this one"),
]

Split = Annotated[
    Literal["filters", "pixels"],
    Field(description="what the threads share out; on an OpenCL device: what a work group changes last"),
]


Placement = Annotated[
    Literal["buffer", "local", "image"],
    Field(
        description="where an OpenCL device's kernel reads weights: a buffer; local memory, which a work group fills; "
        "an image"
    ),
]


class Schedule(Record):
    """The tunable part of an indexed kernel with pixels in lanes, or of a fully connected one."""

    kind: Literal["pixels"] = "pixels"
    rows: Count = Field(description="filters in registers")
    vectors: Count = Field(description="vectors of pixels (of filters, in a fully connected layer) in registers")
    tiles_at_a_time: Count = Field(
        4, description="on an OpenCL device: in a work group; of a fully connected layer, items that share out a list"
    )
    channel_block: Count = Field(description="input channels worked through at a time")
    split: Split = "filters"


class PackedSchedule(Record):
    """The tunable part of an indexed kernel with pixels in lanes that reads a copy of its tile's input."""

    kind: Literal["packed"] = "packed"
    lines: Count = Field(description="rows of pixels in registers, a vector of each")
    channel_block: Count = Field(description="input channels copied and worked through at a time")
    split: Literal["filters", "pixels"] = Field("filters", description="what the threads share out")


class LaneSchedule(Record):
    """The tunable part of an indexed kernel with filters in lanes."""

    kind: Literal["lanes"] = "lanes"
    vectors: Count = Field(description="vectors of weights in registers")
    depth: Count = Field(1, description="neighbouring input channels that lie side by side in a vector of weights")
    pixels: Pixels
    tiles_at_a_time: Count
    channel_block: Count = Field(description="input channels worked through at a time")
    split: Split = "filters"
    placement: Placement = "buffer"
    slices: Count = Field(1, description="of a list, each for a work item of its own, on an OpenCL device")

    @property
    def lists(self) -> int:
        """Lists of a group: fewer vectors of weights than channels in them make filters for a part of a vector, and as
        many lists as fill it."""
        return max(1, self.depth // self.vectors)

    @property
    def planes(self) -> int:
        """Vectors of filters that a group computes."""
        return self.vectors * self.lists // self.depth


class DepthwiseSchedule(Record):
    """The tunable part of a depthwise kernel with channels in lanes."""

    kind: Literal["depthwise"] = "depthwise"
    pixels: Pixels
    rows: Rows = 0


class PlanarSchedule(Record):
    """The tunable part of a depthwise kernel with pixels in lanes."""

    kind: Literal["planar"] = "planar"
    vectors: Count = Field(description="of a row, walked down a plane side by side")
    strips: Count = Field(1, description="of rows of a plane, walked down side by side")


class PoolSchedule(Record):
    """The tunable part of a pooling layer that can be computed together with the convolution before it."""

    kind: Literal["pool"] = "pool"
    rows: Rows = 0


class WinogradSchedule(Record):
    """The tunable part of a Winograd kernel: F(m x m, r x r)."""

    kind: Literal["winograd"] = "winograd"
    tile: int = Field(ge=2, le=7, description="m: output pixels on a tile's side")
    vectors: Count = Field(description="vectors of filters in registers")
    pixels: Count = Field(description="tiles in registers")
    tiles_at_a_time: Count
    split: Literal["tiles", "filters"] = Field("tiles", description="what the threads share out")
    placement: Placement = "buffer"


AnySchedule = Annotated[
    Schedule | PackedSchedule | LaneSchedule | DepthwiseSchedule | PlanarSchedule | PoolSchedule | WinogradSchedule,
    Field(discriminator="kind"),
]

AnyScheduleKind = Literal["pixels", "packed", "lanes", "depthwise", "planar", "pool", "winograd"]
