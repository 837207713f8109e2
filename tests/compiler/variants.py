"""Many small single layers in one network, drawn at random: every kernel on odd sizes under schedules of all kinds.

A case is one layer on an input of its own (a 1x1 layer on a part of the image, which is cheap to compile), with what
is fused behind it and a layer that reads it. A case's family is the kind of kernel that computes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np
from elementwise_operators import elementwise_operators

from npas.compiler.schedules.lanes import depths_of
from npas.compiler.schedules.planar import PlanarWork
from npas.compiler.schedules.records import AnySchedule, LaneSchedule, PackedSchedule, PoolSchedule, Schedule
from npas.graph.builder import ACTIVATIONS, Builder
from npas.ops import AvgPool, Conv2d, MaxPool
from npas.spec.schema import Activation
from npas.targets.isa import ISAS, Backend, IsaName

T = TypeVar("T")
SIDE = 17
MOST_CHANNELS = 33
# 3x3 kernels are those that every scheme and every method takes.
KERNELS = ((3, 3), (1, 1), (3, 3), (5, 5), (3, 3), (1, 3), (3, 3), (3, 1), (3, 3), (7, 7))
# Kernels and strides whose phases have two to five taps.
WINOGRAD = ((3, 1), (3, 2), (7, 2), (3, 1), (2, 1), (5, 1), (3, 2), (4, 1), (3, 1), (5, 2), (7, 3), (4, 2))
# What is fused behind a layer: "add" is a residual.
Epilogue = tuple[Activation | Literal["add"], ...]
EPILOGUES: tuple[Epilogue, ...] = (
    (),
    ("relu",),
    ("add", "relu6"),
    ("add",),
    ("hard_swish",),
    ("relu", "add"),
)

Family = Literal[
    "pixels", "grouped", "packed", "runs", "lanes", "pointwise", "depthwise", "planar", "winograd", "linear"
]
COUNTS: dict[Backend, dict[Family, int]] = {
    "cpu": {
        "pixels": 40,
        "grouped": 20,
        "packed": 30,
        "runs": 16,
        "lanes": 40,
        "pointwise": 14,
        "depthwise": 16,
        "planar": 30,
        "winograd": 24,
        "linear": 18,
    },
    # A device's compiler takes a second or two for each kernel.
    "opencl": {"pixels": 16, "grouped": 8, "lanes": 24, "pointwise": 9, "depthwise": 6, "winograd": 9, "linear": 9},
}
BLOCKED = ("lanes", "pointwise", "depthwise", "winograd")


@dataclass(frozen=True)
class Case:
    """A layer and the size of what it reads."""

    name: str
    family: Family
    source: tuple[int, int, int]
    depths: tuple[int, ...]
    """Of pixels of many channels, how many an entry of a list may cover."""


@dataclass
class Cases:
    """The network under construction."""

    isa: IsaName
    seed: int
    cases: list[Case] = field(default_factory=list)
    schedules: dict[str, AnySchedule] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    readers: list[str] = field(default_factory=list)
    """Layers that are no cases themselves, and unstructured."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.lanes = ISAS[self.isa].lanes
        self.builder = Builder("net")
        self.image = self.builder.input((3, SIDE, SIDE))
        self.decks: dict[str, list[Any]] = {}

    def dealt(self, what: str, values: Iterable[T]) -> T:
        """One of the values: each once before one comes again."""
        deck = self.decks.setdefault(what, [])
        if not deck:
            ordered = list(values)
            deck.extend(ordered[i] for i in self.rng.permutation(len(ordered)))
        value: T = deck.pop()
        return value

    def integer(self, low: int, high: int) -> int:
        """Of low ... high."""
        return int(self.rng.integers(low, high + 1))

    def value(self, channels: int, height: int, width: int, planar: bool) -> str:
        """A value of that size, from the image: pixels of one channel or of as many as there are lanes."""
        part = self.image
        if (height, width) != (SIDE, SIDE):
            part = self.builder.max_pool(part, (SIDE + 1 - height, SIDE + 1 - width), 1)
        made = self.builder.conv(part, channels, 1, bias=True)
        if (height, width) != (1, 1):  # which is a fully connected layer's
            self.schedules[made] = self.cheap(planar or channels < self.lanes)
        return made

    def finish(self, made: str, epilogue: Epilogue, planar: bool, margins: bool = True) -> None:
        """What is fused behind a layer."""
        y = made
        for word in epilogue:
            if word == "add":
                shape = self.builder.shapes[made]
                other = self.value(*shape[1:], planar) if len(shape) == 4 else self.vector(shape[1])
                y = self.builder.add(y, other)
            else:
                y = self.builder.node(ACTIVATIONS[word], y)
        self.outputs.append(self.read(y, planar, margins))

    def read(self, x: str, planar: bool, margins: bool = True) -> str:
        """A 3x3 layer on a value: what its kernel left beside rows and planes counts, where it must be zero. Under a
        1x1 window there need be nothing."""
        shape = self.builder.shapes[x]
        if len(shape) != 4 or shape[2:] == (1, 1):
            return x
        made = self.builder.conv(x, 2 if planar else self.lanes, 3 if margins else 1)
        if margins:
            self.schedules[made] = self.cheap(planar)
        else:  # pruned, with a list for each filter
            self.schedules[made] = PackedSchedule(lines=2, channel_block=5)
            self.readers.append(made)
        return made

    def cheap(self, planar: bool) -> AnySchedule:
        """Of kernels that many layers share."""
        if planar:
            return Schedule(rows=1, vectors=1, channel_block=2, tiles_at_a_time=3)
        return LaneSchedule(vectors=1, pixels=1, tiles_at_a_time=5, channel_block=2)

    def vector(self, length: int) -> str:
        return self.builder.flatten(self.value(length, 1, 1, planar=True))

    def conv(self, family: Family, i: int) -> None:
        """One convolution from planes to planes; sizes are drawn until the window fits."""
        side, step = WINOGRAD[i % len(WINOGRAD)]
        plain = {"winograd": (side, side), "pointwise": (1, 1), "runs": (1, 1)}
        kernel = plain.get(family, KERNELS[i % len(KERNELS)])
        turns = family == "depthwise" and ISAS[self.isa].backend == "cpu"  # others turn nothing into planes
        to_planes = family == "planar" or (turns and self.rng.random() < 0.4)
        channels, filters, groups = self.channels(family)
        while True:
            least = 9 if family == "runs" else 1  # or there would be but few lines
            height, width = self.integer(least, SIDE), self.integer(least, SIDE)
            if family == "planar" and i % 2:  # rows of three vectors
                width = SIDE
            op = self.window(kernel, filters, groups, family, step)
            try:
                _, _, *size = op.infer(((1, channels, height, width),))
            except ValueError:
                continue
            if to_planes and not PlanarWork(
                op.kernel, op.stride, op.dilation, op.pads[:2], (height, width), (size[0], size[1])
            ).fits(self.lanes):
                continue
            if height * width > 1 and size != [1, 1] and max(size) <= SIDE:
                break
        planar = family in ("grouped", "planar", "runs") or (
            family in ("pixels", "packed", "lanes") and self.rng.random() < 0.4
        )
        x = self.value(channels, height, width, planar)
        if to_planes:  # so that what comes before is not computed together with it
            self.outputs.append(x)
        made = self.builder.node(op, x, kind=family)
        flat = planar or channels < self.lanes
        depths = tuple(depth for depth in depths_of(self.isa) if depth == 1 or (not flat and channels % depth == 0))
        self.cases.append(Case(made, family, (channels, height, width), depths))
        # A packed kernel writes either layout, as those that share its output have it.
        either = family == "packed" and filters >= self.lanes and self.rng.random() < 0.6
        epilogue = EPILOGUES[self.integer(0, len(EPILOGUES) - 1)]
        if family == "runs":
            epilogue = self.dealt("runs epilogue", EPILOGUES)
        runs_on = family == "runs" or (family == "depthwise" and to_planes) or (family == "planar" and i % 2 == 0)
        self.finish(made, epilogue, to_planes or (family not in BLOCKED and not either), margins=not runs_on)

    def channels(self, family: Family) -> tuple[int, int, int]:
        """Channels, filters and groups; kernels with filters in lanes need as many of these as there are lanes."""
        if family == "grouped":
            if self.rng.random() < 0.4:
                alone = self.integer(2, MOST_CHANNELS)
                return alone, alone, alone
            groups = self.integer(2, 11)
            most = MOST_CHANNELS // groups
            return groups * self.integer(1, most), groups * self.integer(1, most), groups
        all_, as_many_as_lanes = range(1, MOST_CHANNELS + 1), range(self.lanes, MOST_CHANNELS + 1)
        several = range(2, MOST_CHANNELS + 1)  # one channel is no depthwise layer's
        most = {"planar": several}.get(family, as_many_as_lanes if family in BLOCKED else all_)
        filters = self.dealt(f"{family} filters", most)
        if family in ("depthwise", "planar"):
            return filters, filters, filters
        return self.dealt(f"{family} channels", all_), filters, 1

    def window(self, kernel: tuple[int, int], filters: int, groups: int, family: Family, step: int) -> Conv2d:
        rng, plain = self.rng, family in ("winograd", "pointwise", "runs")
        stride = (1, 1) if plain or rng.random() < 0.4 else (self.integer(1, 3), self.integer(1, 3))
        dilation = (1, 1) if plain or rng.random() < 0.5 else (self.integer(1, 2), self.integer(1, 2))
        if family == "winograd":
            stride = (step, step)
        top, left, bottom, right = rng.integers(0, 4, 4).tolist()
        if rng.random() < 0.3:
            top, left = bottom, right = [d * (k - 1) // 2 for d, k in zip(dilation, kernel, strict=True)]
        if family in ("pointwise", "runs"):
            top = left = bottom = right = 0
        return Conv2d(
            filters=filters,
            kernel=kernel,
            stride=stride,
            pads=(top, left, bottom, right),
            dilation=dilation,
            groups=groups,
            bias=bool(rng.random() < 0.7),
        )

    def linear(self, i: int) -> None:
        """A fully connected layer; every third is a convolution to a single pixel, some of these in groups."""
        height, width = self.integer(1, 5), self.integer(1, 5)
        groups = 3 if i % 6 == 0 else 1
        channels, filters = groups * self.integer(1, 11), groups * self.integer(1, 3 * MOST_CHANNELS // groups)
        x = self.value(channels, height, width, planar=bool(self.rng.random() < 0.5))
        if i % 3 == 0:
            whole = Conv2d(filters=filters, kernel=(height, width), groups=groups, bias=True)
            made = self.builder.node(whole, x, kind="whole")
        else:
            made = self.builder.linear(self.builder.flatten(x), filters)
        self.cases.append(Case(made, "linear", (channels, height, width), (1,)))
        self.finish(made, EPILOGUES[i % len(EPILOGUES)], planar=True)

    def pools(self) -> None:
        """Windows of all kinds, and what works element by element, on planes of both layouts."""
        for planar in (True, False):
            for kind, more in ((MaxPool, {}), (MaxPool, {}), (AvgPool, {}), (AvgPool, {"count_pads": True})):
                height, width = self.integer(3, SIDE), self.integer(3, SIDE)
                x = self.value(self.integer(self.lanes, MOST_CHANNELS), height, width, planar)
                kernel = (self.integer(1, 3), self.integer(1, 3))
                stride = (self.integer(1, 3), self.integer(1, 3))
                pads = tuple(self.integer(0, k - 1) for k in (*kernel, *kernel))
                pooled = self.builder.node(kind(kernel=kernel, stride=stride, pads=pads, **more), x)
                scaled = self.builder.mul(x, self.builder.global_avg_pool(x))
                self.outputs += [self.read(pooled, planar), self.read(scaled, planar)]
        for rows, op in enumerate((MaxPool(kernel=(2, 3), stride=(2, 1), pads=(1, 1, 0, 2)), AvgPool(kernel=(3, 2)))):
            # Alone behind a convolution with filters in lanes: a few rows of both at a time, or one after the other.
            pooled = self.builder.node(op, self.value(self.lanes + 3, SIDE, SIDE - 4, planar=False))
            self.schedules[pooled] = PoolSchedule(rows=rows)
            self.outputs.append(self.read(pooled, planar=False))

    def elementwise(self) -> None:
        """On values that are outputs too, with which nothing is fused."""
        for i, op in enumerate(elementwise_operators()):
            channels, planar = self.integer(1, MOST_CHANNELS), i % 2 == 0
            height, width = (self.integer(1, SIDE), self.integer(2, SIDE)) if i % 4 else (1, 1)
            a, b = (self.value(channels, height, width, planar) for _ in range(2))
            join = self.builder.add if i % 3 else self.builder.mul
            self.outputs += [a, b, *(self.read(y, planar) for y in (self.builder.node(op, a), join(a, b)))]
