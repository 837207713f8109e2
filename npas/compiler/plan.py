"""The plan: the layer-wise representation (LR) between the graph and the source tree.

Everything that the templates print is decided here; the plan is YAML that people read and diff. Lengths and
offsets are in floats unless a name says otherwise.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from npas.compiler.formats import FormatName
from npas.spec.schema import Isa, SchemeName


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Layout(Record):
    """How a value lies in memory; see ``runtime/include/npas/tensor.h``."""

    channels: int
    height: int
    width: int
    pitch: int
    origin: int
    plane: int

    @property
    def compact(self) -> bool:
        return self.origin == 0 and self.pitch == self.width and self.plane == self.height * self.width

    @property
    def run(self) -> int:
        """Floats from the first pixel of a plane to just behind its last."""
        return (self.height - 1) * self.pitch + self.width


class Value(Record):
    """A value in the arena. ``size`` includes what kernels may write behind the last plane."""

    name: str
    layout: Layout
    size: int
    offset: int = 0


class Schedule(Record):
    """The tunable part of an indexed kernel."""

    rows: int = Field(description="filters in registers")
    vectors: int = Field(description="vectors of pixels (of filters, in a fully connected layer) in registers")
    tiles_at_a_time: int = 4
    channel_block: int = Field(description="input channels worked through at a time")
    split: Literal["filters", "pixels"] = Field("filters", description="what the threads share out")


class Pruned(Record):
    """How a layer's weights were pruned and what became of it."""

    scheme: SchemeName
    rate: float
    built_dense_because: str | None = None


class Indexed(Record):
    """A layer over lists of kept positions."""

    format: FormatName
    first_section: int
    filters: int
    channels: int
    groups: int
    kernel: tuple[int, int]
    tap_offsets: tuple[int, ...]
    channel_stride: int
    tile: int
    tiles: int
    schedule: Schedule
    pruned: Pruned | None = None
    kept_weights: int
    bytes: int

    @property
    def taps(self) -> int:
        return self.kernel[0] * self.kernel[1]


class LayerBase(Record):
    """``nodes`` are the graph's nodes that the layer computes, the last one naming the output value."""

    nodes: tuple[str, ...]
    reads: tuple[str, ...] = Field((), description="the graph's values that the nodes take, as inputs has them")
    inputs: tuple[int, ...] = Field(description="values; -1 - i is the caller's array i")
    output: int = Field(description="value; -1 - i is the caller's array i")
    macs: int = 0


class InputLayer(LayerBase):
    """Copies the caller's array into the arena."""

    kind: Literal["input"] = "input"


class OutputLayer(LayerBase):
    """Copies a value to the caller's array."""

    kind: Literal["output"] = "output"


class CopyLayer(LayerBase):
    """Between padded and compact layouts of the same elements."""

    kind: Literal["copy"] = "copy"
    source: Layout
    target: Layout


class SplitLayer(LayerBase):
    """Splits an image into the phases that a strided convolution reads."""

    kind: Literal["split"] = "split"
    phases: tuple[tuple[int, int], ...]
    stride: tuple[int, int]
    top: int
    left: int


class ConvLayer(LayerBase):
    kind: Literal["conv"] = "conv"
    kernel: str
    indexed: Indexed
    geometry: str = Field(description="for people: window, stride, groups")


class LinearLayer(LayerBase):
    kind: Literal["linear"] = "linear"
    kernel: str
    indexed: Indexed


class ElementwiseLayer(LayerBase):
    kind: Literal["elementwise"] = "elementwise"
    kernel: str


class PoolLayer(LayerBase):
    kind: Literal["pool"] = "pool"
    function: Literal["max_pool", "average_pool"]
    window: tuple[int, int]
    stride: tuple[int, int]
    top: int
    left: int
    count_pads: bool = False


class GlobalAvgPoolLayer(LayerBase):
    kind: Literal["global_avg_pool"] = "global_avg_pool"


class ConcatLayer(LayerBase):
    """One input's share of a concatenation; as many layers as there are inputs."""

    kind: Literal["concat"] = "concat"
    first_channel: int


class SoftmaxLayer(LayerBase):
    kind: Literal["softmax"] = "softmax"


Layer = Annotated[
    InputLayer
    | OutputLayer
    | CopyLayer
    | SplitLayer
    | ConvLayer
    | LinearLayer
    | ElementwiseLayer
    | PoolLayer
    | GlobalAvgPoolLayer
    | ConcatLayer
    | SoftmaxLayer,
    Field(discriminator="kind"),
]


class Kernel(Record):
    """A generated kernel, shared by all layers that name it."""

    name: str
    template: Literal["conv", "linear", "elementwise"]
    rows: int = 0
    vectors: int = 0
    epilogue: tuple[str, ...] = Field((), description="C++ statements on the vector x")
    residual: bool = False
    binary: Literal["", "plane", "channel"] = ""


class Port(Record):
    """An input or output of the model: a compact array of the caller's."""

    node: str
    shape: tuple[int, ...]
    layout: Layout


class Plan(Record):
    """One program."""

    name: str
    isa: Isa
    lanes: int
    threads: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Value, ...]
    arena: int
    layers: tuple[Layer, ...]
    kernels: tuple[Kernel, ...]
    sections: int

    @property
    def weights_layers(self) -> tuple[ConvLayer | LinearLayer, ...]:
        return tuple(layer for layer in self.layers if isinstance(layer, ConvLayer | LinearLayer))
