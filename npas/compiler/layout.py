"""Where the pixels of each value lie: pitch, margins and planes, decided for the whole graph at once.

| symbol | meaning |
| --- | --- |
| pitch | floats from one row to the next |
| margins | zero rows and columns (top, left, bottom, right) that some kernel reads |
| run | floats from the first pixel of a plane to behind its last, (H - 1) pitch + W |

A convolution of stride 1 is one-dimensional if its input and output have the same pitch: output pixel p reads
input p + tap offset. So values joined by such convolutions, by residual adds and by element-wise operators share
a pitch: the widest row of the class with its margin. The right margin of a row is the left margin of the next.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod

from npas.compiler.arena import ALIGNMENT, align
from npas.compiler.blocks import Blocks, is_compact, is_pointwise
from npas.compiler.classes import Classes
from npas.compiler.fuse import Group
from npas.compiler.plan import Layout
from npas.graph.graph import Graph
from npas.ops import Binary, Conv2d, Elementwise, Shape

ALIASING = 1024
"""Planes a multiple of this many floats apart would compete for the same lines of a 32 KiB, 8-way cache."""


def compact_layout(shape: Shape) -> Layout:
    """A plain array of the shape: as channels, height and width behind a batch of one where there are no more axes
    than these, else as channels alone."""
    image = 2 <= len(shape) <= 4 and shape[0] == 1
    channels, height, width = (*shape[1:], 1, 1)[:3] if image else (prod(shape), 1, 1)
    return Layout(channels=channels, height=height, width=width, pitch=width, origin=0, plane=height * width)


def runs_on_planes(graph: Graph, group: Group) -> bool:
    """Whether the group is a convolution from planes to planes (others become fully connected layers)."""
    return isinstance(group.root.op, Conv2d) and not is_compact(graph.shapes[group.root.name])


@dataclass(frozen=True, slots=True)
class Phases:
    """The phase-split input of a strided convolution: (height, width) of a phase, and which phases are read."""

    size: tuple[int, int]
    phases: tuple[tuple[int, int], ...]

    @staticmethod
    def of(op: Conv2d, output: Shape) -> Phases:
        places = [[(k * op.dilation[i]) for k in range(op.kernel[i])] for i in (0, 1)]
        reach = [max(p // op.stride[i] for p in places[i]) for i in (0, 1)]
        used = [sorted({p % op.stride[i] for p in places[i]}) for i in (0, 1)]
        phases = tuple((y, x) for y in used[0] for x in used[1])
        return Phases((output[2] + reach[0], output[3] + reach[1]), phases)


Margins = tuple[int, int, int, int]


@dataclass(frozen=True)
class Planes:
    """The decisions: pitch and margins (top, left, bottom, right) by value name, and who lies how."""

    pitch: Mapping[str, int]
    margins: Mapping[str, Margins]
    blocks: Blocks
    lead: Collection[str]
    """Values before whose first pixel a kernel reads what it then leaves out."""
    in_place: Collection[str]
    """Values that packed kernels read as they lie, many planes at a time."""

    def run(self, graph: Graph, name: str) -> int:
        _, _, height, width = graph.shapes[name]
        return (height - 1) * self.pitch[name] + width

    def layout(self, graph: Graph, name: str, written: int) -> Layout:
        """Layout of a padded value whose producer writes ``written`` floats from the first pixel on."""
        _, channels, height, width = graph.shapes[name]
        pitch, (top, left, bottom, right) = self.pitch[name], self.margins[name]
        reach = (height - 1 + bottom) * pitch + width + right
        block = self.blocks.block[name]
        if block > 1:  # every pixel begins where a vector may
            origin = top * pitch + left
            plane = spread((origin + reach) * block) // block
        else:
            origin = align(max(top * pitch + left, 1 if name in self.lead else 0))
            plane = align(origin + max(reach, written))
            # An odd number of cache lines, lest all planes begin in the same few sets of a cache.
            plane = plane | ALIGNMENT if name in self.in_place else spread(plane)
        return Layout(
            channels=channels, height=height, width=width, pitch=pitch, origin=origin, plane=plane, block=block
        )


def spread(plane: int) -> int:
    """The plane's length, a cache line longer where neighbours would fall on the same cache sets."""
    return plane + 16 if plane % ALIASING == 0 else plane


def assign(graph: Graph, groups: Sequence[Group], blocks: Blocks, needed: Mapping[str, Margins]) -> Planes:
    """Pitch and margins of every value that is not compact, by the margins that the kernel of each convolution needs
    around its input."""
    padded = [g.value for g in groups if not is_compact(graph.shapes[g.value])]
    classes, margins = Classes(padded), dict[str, Margins].fromkeys(padded, (0, 0, 0, 0))
    width = {name: graph.shapes[name][3] for name in padded}
    for group in groups:
        _constrain(graph, group, classes, margins, width, blocks, needed)
    pitch = dict[str, int]()  # by class
    for name in padded:
        _, left, _, right = margins[name]
        own = max(width[name], graph.shapes[name][3] + max(left, right))
        pitch[classes.root(name)] = max(pitch.get(classes.root(name), 0), own)
    lead, in_place = set[str](), set[str]()
    for group in groups:
        op, kernel = group.root.op, blocks.kernel.get(group.root.name)
        if kernel == "planar":
            lead.add(group.root.inputs[0])
        elif kernel == "packed" and isinstance(op, Conv2d) and is_pointwise(op):
            in_place.add(group.root.inputs[0])
    return Planes({name: pitch[classes.root(name)] for name in padded}, margins, blocks, lead, in_place)


def _constrain(
    graph: Graph,
    group: Group,
    classes: Classes,
    margins: dict[str, Margins],
    width: dict[str, int],
    blocks: Blocks,
    needed: Mapping[str, Margins],
) -> None:
    op, name = group.root.op, group.root.name
    kernel = blocks.kernel.get(name)
    if group.residual is not None and kernel == "pixels" and group.value in margins:
        classes.join(group.value, group.residual)
    if isinstance(op, Elementwise | Binary):
        for other in group.root.inputs:
            if graph.shapes[other] == graph.shapes[group.value] and other in margins:
                classes.join(group.value, other)
    if not isinstance(op, Conv2d) or not runs_on_planes(graph, group):
        return
    source = group.root.inputs[0]
    if reads_phases(group, blocks):
        width[group.value] = max(width[group.value], Phases.of(op, graph.shapes[name]).size[1])
    elif source in margins:
        if kernel == "pixels":
            classes.join(group.value, source)
        top, left, bottom, right = (max(pair) for pair in zip(margins[source], needed[name], strict=True))
        margins[source] = (top, left, bottom, right)


def reads_phases(group: Group, blocks: Blocks) -> bool:
    """Whether a layer with pixels in lanes cannot read its input as it lies."""
    op = group.root.op
    if not isinstance(op, Conv2d) or blocks.kernel.get(group.root.name) != "pixels":
        return False
    return op.stride != (1, 1) or blocks.block.get(group.root.inputs[0], 1) > 1
