"""Launches of layers on plain arrays, for OpenCL."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from npas.compiler.array_layers import (
    OUTSIDE,
    ArrayLayer,
    ClearLayer,
    MatMulLayer,
    MoveLayer,
    NormalizeLayer,
    ReduceLayer,
    ResampleLayer,
    SoftmaxLayer,
)
from npas.compiler.launches import GROUP, TILES, Calls, Launch, numbers
from npas.compiler.moves import expand_runs
from npas.compiler.plan import Layout
from npas.compiler.views_arrays import definition, float_text, resample_tables

FAR_OUTSIDE = -2147483647
"""In the tables of a move: what lies outside of the source. The kernel calls it OUTSIDE."""


def array_calls(layer: ArrayLayer, inputs: Sequence[str], out: str, to: Layout) -> Calls:
    """Of a layer whose output has the layout ``to``."""
    match layer:
        case MoveLayer():
            return _move(layer, inputs, out)
        case ClearLayer():
            return (), (Launch("clear", (to.plane * to.block, to.planes), GROUP, (out,)),)
        case ReduceLayer():
            return (), (_rows(f"reduce_{layer.function}", layer, inputs, out),)
        case NormalizeLayer():
            return (), (_rows("normalize_rows", layer, inputs, out, f"real({float_text(layer.epsilon)})"),)
        case SoftmaxLayer():
            return (), (_rows(layer.function, layer, inputs, out),)
        case MatMulLayer():
            sizes = numbers(layer.rows, layer.depth, layer.columns)
            items = (layer.columns * layer.rows, layer.batch)
            return (), (Launch("matmul", items, GROUP, (*inputs, out, *sizes)),)
        case ResampleLayer():
            count = len(layer.indices) // layer.taps
            sizes = numbers(layer.size, layer.inner, count, layer.taps)
            operands = (*inputs, out, "table(kIndices)", "table(kWeights)", *sizes)
            return resample_tables(layer), (Launch("resample", (layer.inner * count, layer.outer), GROUP, operands),)


def _rows(
    kernel: str, layer: ReduceLayer | NormalizeLayer | SoftmaxLayer, inputs: Sequence[str], out: str, *more: str
) -> Launch:
    return Launch(kernel, (layer.rows,), TILES, (*inputs, out, *numbers(layer.rows, layer.length), *more))


def _move(layer: MoveLayer, inputs: Sequence[str], out: str) -> Calls:
    """Tables of each axis, innermost first: its length, then what its indices add in the source and in the target."""
    tables: list[int] = []
    for axis in reversed(layer.axes):
        source = (FAR_OUTSIDE if at == OUTSIDE else at for at in expand_runs(axis.source))
        tables += [axis.count, *source, *expand_runs(axis.target)]
    elements = prod(axis.count for axis in layer.axes)
    sizes = (*numbers(len(layer.axes), layer.source, layer.target, elements), f"real({float_text(layer.fill)})")
    launch = Launch("move", (elements,), GROUP, (*inputs, out, "table(kAxes)", *sizes))
    return definition("static constexpr std::int32_t kAxes[] = {", tables), (launch,)
