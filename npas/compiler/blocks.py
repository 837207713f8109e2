"""Which values hold several channels side by side in a pixel, decided for the whole graph at once.

Two kinds of kernels compute a convolution. With *pixels in lanes* a vector holds neighbouring pixels of one plane; a
filter may have a list of kept positions of its own. (A *packed* kernel copies its tile's input first and turns its sums
round, so that neither side need lie so.) With *filters in lanes* a vector holds neighbouring filters,
which share their list; it writes pixels of as many channels as a vector has lanes, and reads one float of a pixel at a
time, so that its input may lie either way and have any stride. The latter is faster wherever filters share
lists. A value that several layers write or walk through together has one layout for all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from npas.compiler.classes import Classes
from npas.compiler.formats import FormatName
from npas.compiler.fuse import Group
from npas.compiler.schedules.depthwise import edges_of
from npas.graph.graph import Graph
from npas.ops import AvgPool, Binary, Concat, Conv2d, Elementwise, MaxPool, Shape

KernelKind = Literal["pixels", "packed", "lanes", "depthwise", "planar", "winograd"]


def preferred(format_: FormatName, groups: int, depthwise: bool) -> KernelKind:
    """The kernel of a convolution where its values' layout allows it."""
    if depthwise:
        return "depthwise"
    return "lanes" if groups == 1 and format_ in ("dense", "bcs") else "pixels"


def is_compact(shape: Shape) -> bool:
    """All but images are plain arrays, and so are images of one pixel. An image is [1, C, H, W]."""
    return len(shape) != 4 or shape[0] != 1 or shape[2:] == (1, 1)


@dataclass(frozen=True)
class Blocks:
    """The decisions: channels in a pixel by value name, kernels by node name."""

    block: Mapping[str, int]
    kernel: Mapping[str, KernelKind]

    @staticmethod
    def of(
        graph: Graph,
        groups: Sequence[Group],
        lanes: int,
        wanted: Mapping[str, KernelKind],
        only_pixels: Collection[str],
        planar_depthwise: Collection[str] = (),
    ) -> Blocks:
        """Values that must lie alike form classes. One is planar if it has fewer channels than a vector has lanes, if
        a layer with pixels in lanes writes it, or if a layer of ``only_pixels`` reads it as it is; the others
        with pixels in lanes read a copy where they must. So a layer that came to its kernel by its output's layout
        does not decide its input's when a lock names that kernel. Nor is anything else as fast where packed kernels
        under a 1x1 window, which then copy nothing and turn no sums round, are the only convolutions beside depthwise
        ones. Those of ``planar_depthwise`` have kernels between planes and from lanes to planes, none the other way."""
        padded = [g.value for g in groups if not is_compact(graph.shapes[g.value])]
        classes = Classes(padded)
        for group in groups:
            for name in _alike(graph, group, wanted, planar_depthwise):
                classes.join(group.value, name)
        planar = {classes.root(name) for name in padded if graph.shapes[name][1] < lanes}
        for group in groups:
            kind = wanted.get(group.root.name)
            if kind == "pixels":
                names = _of_pixels(group) if group.root.name in only_pixels else [group.value]
                planar |= {classes.root(n) for n in names if n in classes.parent}
        through = [
            (classes.root(group.root.inputs[0]), classes.root(group.value))
            for group in groups
            if group.root.name in planar_depthwise and group.root.inputs[0] in classes.parent
        ]
        while more := {value for source, value in through if source in planar} - planar:
            planar |= more
        runs = _of_runs(graph, groups, wanted, only_pixels, planar_depthwise, classes) - planar
        while back := {source for source, value in through if source in runs and value not in planar | runs}:
            runs -= back
        planar |= runs
        block = {name: 1 if classes.root(name) in planar else lanes for name in padded}
        kernel: dict[str, KernelKind] = {}
        for group in groups:
            name = group.root.name
            if name in wanted:
                source = group.root.inputs[0]
                if name in planar_depthwise:
                    kernel[name] = "planar" if block.get(source, 1) == 1 else "depthwise"
                elif block.get(group.value, 1) == 1 and wanted[name] != "packed":
                    kernel[name] = "pixels"
                else:
                    kernel[name] = "depthwise" if wanted[name] == "planar" else wanted[name]
                if kernel[name] == "winograd" and block.get(source, 1) == 1 and graph.shapes[source][1] >= lanes:
                    kernel[name] = "lanes"
        return Blocks(block, kernel)


def _alike(
    graph: Graph, group: Group, wanted: Mapping[str, KernelKind], planar_depthwise: Collection[str]
) -> list[str]:
    """Values that lie as the group's does."""
    op, names = group.root.op, [group.residual] if group.residual else []
    if isinstance(op, Elementwise | Binary):
        names += [n for n in group.root.inputs if graph.shapes[n] == graph.shapes[group.value]]
    elif isinstance(op, MaxPool | AvgPool | Concat) or _is_depthwise(group, wanted, planar_depthwise):
        names += group.root.inputs
    if is_compact(graph.shapes[group.value]):
        return []
    return [n for n in names if not is_compact(graph.shapes[n])]


def _of_runs(
    graph: Graph,
    groups: Sequence[Group],
    wanted: Mapping[str, KernelKind],
    only_pixels: Collection[str],
    planar_depthwise: Collection[str],
    classes: Classes,
) -> set[str]:
    """Classes, by their roots, of which packed kernels read or write runs of pixels, and no convolution needs
    otherwise."""
    runs, others = set[str](), set[str]()
    for group in groups:
        name, op = group.root.name, group.root.op
        if name not in wanted:
            continue
        assert isinstance(op, Conv2d)
        ends = {classes.root(n) for n in (group.value, group.root.inputs[0]) if n in classes.parent}
        if name in planar_depthwise:
            if _in_pair(graph, groups, group, wanted):
                others.add(classes.root(group.value))
        elif wanted[name] == "packed" and is_pointwise(op):
            runs |= ends
        elif name not in only_pixels or not is_pointwise(op):
            others |= ends
    return runs - others


def _in_pair(graph: Graph, groups: Sequence[Group], depthwise: Group, wanted: Mapping[str, KernelKind]) -> bool:
    """Whether the layer before may be computed together with a depthwise one, which then writes as many channels side
    by side as it reads; see ``lower_pairs``."""
    source = depthwise.root.inputs[0]
    before = next((group for group in groups if group.value == source), None)
    return (
        before is not None
        and wanted.get(before.root.name) == "lanes"
        and isinstance(before.root.op, Conv2d)
        and is_pointwise(before.root.op)
        and before.residual is None
        and len(graph.consumers[source]) == 1
        and source not in graph.outputs
        and isinstance(depthwise.root.op, Conv2d)
        and edges_of(graph, depthwise.root) is not None
    )


def is_pointwise(op: Conv2d) -> bool:
    """Whether an output pixel is made of the input's pixel in the same place."""
    return op.kernel == op.stride == (1, 1) and not any(op.pads)


def _is_depthwise(group: Group, wanted: Mapping[str, KernelKind], planar_depthwise: Collection[str]) -> bool:
    """Whether a depthwise layer's output can only lie as its input does."""
    return wanted.get(group.root.name) in ("depthwise", "planar") and group.root.name not in planar_depthwise


def _of_pixels(group: Group) -> list[str]:
    """Values that a layer with pixels in lanes needs planar; a strided one reads a copy anyway."""
    op = group.root.op
    strided = isinstance(op, Conv2d) and op.stride != (1, 1)
    return [group.value] if strided else [group.value, group.root.inputs[0]]
