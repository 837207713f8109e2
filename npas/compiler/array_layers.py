"""Layers on plain arrays of any rank: what moves numbers, and what sums up or multiplies along axes.

All but ``MoveLayer`` and ``ClearLayer`` read and write compact values. Offsets and lengths are in floats.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from npas.compiler.layer_base import LayerBase
from npas.compiler.record import Record
from npas.ops.reduce import Function as Reduction
from npas.ops.softmax import Kind as SoftmaxKind

Run = tuple[int, int, int]
"""First, step, count: an arithmetic progression of offsets."""

MOST_AXES = 12
"""Of a move, once those are joined that can be; the runtime's ``kMostAxes``."""

OUTSIDE = -1
"""The offset of what is not in the input but the fill; in runs with step 0."""


class MoveAxis(Record):
    """An axis of what is moved: for each index along it, how far from the first pixel of the source, or OUTSIDE, and
    of the target. The offsets of an element are the sums over all axes."""

    source: tuple[Run, ...]
    target: tuple[Run, ...]

    @property
    def count(self) -> int:
        return sum(count for _, _, count in self.source)


class MoveLayer(LayerBase):
    """Transposes, slices, gathers, pads, repeats, or several of these at once: each element comes from one place."""

    kind: Literal["move"] = "move"
    axes: tuple[MoveAxis, ...] = Field(description="outermost first; the threads share out the first")
    source: int = Field(0, description="offset of the first element, where no axis holds it")
    target: int = 0
    fill: float = 0.0


class ClearLayer(LayerBase):
    """Zeros, margins and unused lanes included, before others write pixels."""

    kind: Literal["clear"] = "clear"


class ReduceLayer(LayerBase):
    """[rows, length] -> [rows]"""

    kind: Literal["reduce"] = "reduce"
    function: Reduction
    rows: int
    length: int


class NormalizeLayer(LayerBase):
    """Each of [rows, length] less its mean, over its standard deviation."""

    kind: Literal["normalize"] = "normalize"
    rows: int
    length: int
    epsilon: float


class SoftmaxLayer(LayerBase):
    """Over each of [rows, length]."""

    kind: Literal["softmax"] = "softmax"
    function: SoftmaxKind
    rows: int
    length: int


class MatMulLayer(LayerBase):
    """[batch, rows, depth] x [batch, depth, columns] -> [batch, rows, columns]"""

    kind: Literal["matmul"] = "matmul"
    batch: int
    rows: int
    depth: int
    columns: int


class ResampleLayer(LayerBase):
    """[outer, size, inner] -> [outer, len(indices) / taps, inner]: weighted sums along the middle axis."""

    kind: Literal["resample"] = "resample"
    outer: int
    size: int
    inner: int
    taps: int
    indices: tuple[int, ...]
    weights: tuple[float, ...]


ArrayLayer = MoveLayer | ClearLayer | ReduceLayer | NormalizeLayer | SoftmaxLayer | MatMulLayer | ResampleLayer
