"""The plan: the layer-wise representation (LR) between the graph and the source tree.

Everything that the templates print is decided here; the plan is YAML that people read and diff. Lengths and
offsets are in numbers, floats or what the ISA stores, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from npas.compiler.array_layers import ArrayLayer
from npas.compiler.layer_base import LayerBase
from npas.compiler.record import Record
from npas.compiler.schedules.records import AnySchedule, Placement, PoolSchedule
from npas.compiler.stored import Depthwise, Indexed, Winograd
from npas.spec.schema import Storage
from npas.targets.isa import IsaName


class Layout(Record):
    """How a value lies in memory, in pixels of ``block`` channels; see ``runtime/common/include/npas/tensor.h``."""

    channels: int
    height: int
    width: int
    pitch: int
    origin: int
    plane: int
    block: int = 1

    @property
    def compact(self) -> bool:
        return self.block == 1 and self.gapless

    @property
    def gapless(self) -> bool:
        """Whether there is nothing but pixels."""
        return self.origin == 0 and self.pitch == self.width and self.plane == self.height * self.width

    def runs_on(self, lanes: int) -> bool:
        """Whether nothing lies between the rows of a plane, and every plane begins where a vector may and ends with a
        whole one."""
        return self.block == 1 and self.pitch == self.width and self.origin % lanes == self.plane % lanes == 0

    @property
    def run(self) -> int:
        """Pixels from the first of a plane to just behind its last."""
        return (self.height - 1) * self.pitch + self.width

    @property
    def planes(self) -> int:
        return -(-self.channels // self.block)

    @property
    def size(self) -> int:
        """Floats in all planes."""
        return self.planes * self.plane * self.block


class Value(Record):
    """A value in the arena. ``size`` includes what kernels may write behind the last plane."""

    name: str
    layout: Layout
    size: int
    offset: int = 0


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

    @property
    def stored(self) -> Indexed:
        return self.indexed


class LinearLayer(LayerBase):
    kind: Literal["linear"] = "linear"
    kernel: str
    indexed: Indexed

    @property
    def stored(self) -> Indexed:
        return self.indexed


class DepthwiseLayer(LayerBase):
    kind: Literal["depthwise"] = "depthwise"
    kernel: str
    depthwise: Depthwise
    geometry: str

    @property
    def stored(self) -> Depthwise:
        return self.depthwise


class WinogradLayer(LayerBase):
    kind: Literal["winograd"] = "winograd"
    kernel: str
    winograd: Winograd
    geometry: str

    @property
    def stored(self) -> Winograd:
        return self.winograd


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
    dilation: tuple[int, int] = (1, 1)
    count_pads: bool = False
    height: int = Field(description="of the input")
    schedule: PoolSchedule | None = Field(None, description="where the layer could be computed with the one before")


class PairLayer(LayerBase):
    """A convolution and the layer that alone reads it, each channel by itself, a few rows at a time; ``scratch`` is
    between them."""

    kind: Literal["pair"] = "pair"
    rows: int = Field(description="of the output at a time")
    shares: int = Field(description="buffers, one for each thread")
    height: int = Field(description="of the value between the two")
    window: tuple[int, int, int] = Field(description="rows, stride and dilation of the second layer's window")
    first: ConvLayer
    second: Annotated[DepthwiseLayer | PoolLayer, Field(discriminator="kind")]


class GlobalAvgPoolLayer(LayerBase):
    kind: Literal["global_avg_pool"] = "global_avg_pool"


class ConcatLayer(LayerBase):
    """One input's share of a concatenation; as many layers as there are inputs."""

    kind: Literal["concat"] = "concat"
    first_channel: int


WeightsLayer = ConvLayer | LinearLayer | DepthwiseLayer | WinogradLayer

Layer = Annotated[
    InputLayer
    | OutputLayer
    | CopyLayer
    | SplitLayer
    | ConvLayer
    | DepthwiseLayer
    | WinogradLayer
    | PairLayer
    | LinearLayer
    | ElementwiseLayer
    | PoolLayer
    | GlobalAvgPoolLayer
    | ConcatLayer
    | ArrayLayer,
    Field(discriminator="kind"),
]


class Kernel(Record):
    """A generated kernel, shared by all layers that name it."""

    name: str
    template: Literal[
        "conv",
        "conv_packed",
        "conv_lanes",
        "conv_items",
        "depthwise_lanes",
        "depthwise_planar",
        "winograd_lanes",
        "linear",
        "elementwise",
    ]
    rows: int = 0
    vectors: int = 0
    narrow: int = Field(0, description="vectors of the last group of filters, in lanes")
    depth: int = 1
    lists: int = Field(1, description="of a group of filters: one after the other, or side by side in a packed kernel")
    pixels: int = 0
    step: int = Field(
        0,
        description="floats from the input of one pixel to that of the next; under a packed kernel, of the output",
    )
    tile: int = Field(0, description="output pixels on the side of a Winograd tile")
    side: int = Field(0, description="pixels on the side of what it reads")
    window: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    pads: tuple[int, int] = Field((0, 0), description="rows above the image and columns before it")
    edges: tuple[int, int] = Field(
        (0, 0), description="columns outside the image that the first and the last window of a row reach over"
    )
    read: tuple[int, int] = Field((0, 0), description="height and width of what a kernel of one size reads")
    written: tuple[int, int] = Field((0, 0), description="and of what it writes")
    strips: int = Field(0, description="of a plane's rows, which a depthwise kernel walks down side by side")
    turned: bool = Field(False, description="whether a depthwise kernel with channels in lanes writes a plane for each")
    runs_on: bool = Field(
        False, description="whether nothing lies between the rows of the output, and behind them nothing that counts"
    )
    epilogue: tuple[str, ...] = Field((), description="C++ statements on the vector x")
    residual: bool = False
    ragged: bool = Field(False, description="whether tiles pass the ends of rows that lie apart in the output")
    gapped: bool = Field(False, description="whether rows that they pass lie apart in the input, too")
    ahead: bool = Field(False, description="whether the next group's weights are fetched while one runs")
    far: bool = Field(False, description="whether what is read next of the input is fetched while some is read")
    blocks: bool = Field(False, description="whether sums wait between blocks of channels that would leave otherwise")
    storage: Storage = "fp32"
    placement: Placement = "buffer"
    slices: int = Field(0, description="of a list, each for a work item of its own; 0 where items are no lanes")
    items: int = Field(0, description="that a work group has side by side, where it has slices")
    binary: Literal["", "plane", "channel"] = ""


class Stationary(Record):
    """A value that the network brings along: it is filled once and nobody writes over it."""

    value: int
    section: int


class Port(Record):
    """An input or output of the model: a compact array of the caller's."""

    node: str
    shape: tuple[int, ...]
    layout: Layout


class Plan(Record):
    """One program."""

    name: str
    isa: IsaName
    lanes: int
    threads: int
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: tuple[Value, ...]
    constants: tuple[Stationary, ...] = ()
    arena: int
    layers: tuple[Layer, ...]
    kernels: tuple[Kernel, ...]
    sections: int
    wanted: tuple[str, str] = Field(("", ""), description="parts of the names of an OpenCL platform and device")

    @property
    def weights_layers(self) -> tuple[WeightsLayer, ...]:
        """In the order in which they run; a pair may have two."""
        return tuple(layer for layer in self._apart if isinstance(layer, WeightsLayer))

    @property
    def schedules(self) -> Mapping[str, AnySchedule]:
        """By root node."""
        found: dict[str, AnySchedule] = {layer.nodes[0]: layer.stored.schedule for layer in self.weights_layers}
        pools = (layer for layer in self._apart if isinstance(layer, PoolLayer))
        return found | {layer.nodes[0]: layer.schedule for layer in pools if layer.schedule is not None}

    @property
    def _apart(self) -> tuple[Layer, ...]:
        """The layers, with both of each pair."""
        parts = ((x.first, x.second) if isinstance(x, PairLayer) else (x,) for x in self.layers)
        return tuple(layer for part in parts for layer in part)
