"""What is decided for one layer: from which schedules, by which estimate, and under which name it is remembered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from npas.compiler.formats import FormatName
from npas.compiler.fuse import Group
from npas.compiler.schedules.records import AnySchedule
from npas.compiler.schedules.space import Space
from npas.graph.graph import Graph
from npas.ops import AvgPool, Conv2d, MaxPool


@dataclass(frozen=True)
class Choice:
    """``estimated`` has the best schedules by estimate, best first: a default, and seeds for a search."""

    key: str
    space: Space
    estimated: tuple[AnySchedule, ...]
    partner: str = ""
    """A root node whose layer may be computed together with this one: their times are one."""


def key(
    graph: Graph,
    group: Group,
    family: str,
    format_: FormatName,
    weight: NDArray[np.float32],
    machine: str,
) -> str:
    """Everything that the best schedule depends on, in words: layers of equal keys share what was learnt of one.

    Of pruned weights only the share that is kept counts, in hundredths, since the cost of a list is its length.
    """
    words = [window_key(graph, group, family, machine)]
    words.append(format_ if format_ == "dense" else f"{format_} {np.count_nonzero(weight) / weight.size:.2f}")
    if suffix := group.suffix():
        words.append(suffix.lstrip("_"))
    return " ".join(words)


def window_key(graph: Graph, group: Group, family: str, machine: str) -> str:
    """The part of a key that layers without weights have too: shapes, and the window that passes over them."""
    root = group.root
    shapes = [graph.shapes[root.inputs[0]], graph.shapes[root.name]]
    words = [machine, family, " -> ".join("x".join(map(str, shape[1:])) for shape in shapes)]
    if isinstance(root.op, Conv2d | MaxPool | AvgPool):
        op = root.op
        sizes = (op.kernel, op.stride, (1, 1) if isinstance(op, AvgPool) else op.dilation)
        words += [f"{letter}{y}x{x}" for letter, (y, x) in zip("ksd", sizes, strict=True)]
        words += [f"g{op.groups}"] if isinstance(op, Conv2d) else []
        words.append("p" + ",".join(map(str, op.pads)))
    return " ".join(words)
