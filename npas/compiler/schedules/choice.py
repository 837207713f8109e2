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
from npas.ops import Conv2d


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
    root = group.root
    shapes = [graph.shapes[root.inputs[0]], graph.shapes[root.name]]
    sizes = " -> ".join("x".join(map(str, shape[1:])) for shape in shapes)
    words = [machine, family, sizes]
    if isinstance(root.op, Conv2d):
        op = root.op
        words += [f"{letter}{y}x{x}" for letter, (y, x) in zip("ksd", (op.kernel, op.stride, op.dilation), strict=True)]
        words.append(f"g{op.groups}")
        words.append("p" + ",".join(map(str, op.pads)))
    words.append(format_ if format_ == "dense" else f"{format_} {np.count_nonzero(weight) / weight.size:.2f}")
    if suffix := group.suffix():
        words.append(suffix.lstrip("_"))
    return " ".join(words)
