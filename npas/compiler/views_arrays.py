"""What the template of layers prints for layers on plain arrays: tables and the one call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from npas.compiler.array_layers import (
    OUTSIDE,
    ArrayLayer,
    ClearLayer,
    MatMulLayer,
    MoveAxis,
    MoveLayer,
    NormalizeLayer,
    ReduceLayer,
    ResampleLayer,
    SoftmaxLayer,
)
from npas.compiler.cpp_text import listing
from npas.compiler.moves import expand_runs

INDENT = 4
"""Of a layer's constants in its function: lines are as much shorter."""


def array_constants(layer: ArrayLayer) -> tuple[str, ...]:
    """Definitions that the call names, a line each."""
    if isinstance(layer, MoveLayer):
        return _move(layer)
    if isinstance(layer, ResampleLayer):
        shape = (layer.outer, layer.size, layer.inner, len(layer.indices) // layer.taps, layer.taps)
        return (
            *resample_tables(layer),
            f"static constexpr Resampling kTaps = {{{', '.join(map(str, shape))}, kIndices, kWeights}};",
        )
    return ()


def resample_tables(layer: ResampleLayer) -> tuple[str, ...]:
    """Where each element of the result reads, and by which weights."""
    return (
        *definition("static constexpr std::int32_t kIndices[] = {", layer.indices),
        *definition("static constexpr float kWeights[] = {", [float_text(w) for w in layer.weights]),
    )


def array_call(layer: ArrayLayer, sources: tuple[str, ...], out: str) -> tuple[str, ...]:
    """A function and its arguments."""
    share = "run.share()"
    match layer:
        case MoveLayer():
            return ("move", "kMove", *sources, out, share)
        case ClearLayer():
            return ("clear", out, share)
        case ReduceLayer():
            return (f"reduce_{layer.function}", str(layer.rows), str(layer.length), *sources, out, share)
        case NormalizeLayer():
            return ("normalize", str(layer.rows), str(layer.length), float_text(layer.epsilon), *sources, out, share)
        case SoftmaxLayer():
            return (layer.function, str(layer.rows), str(layer.length), *sources, out, share)
        case MatMulLayer():
            shape = (layer.batch, layer.rows, layer.depth, layer.columns)
            return ("matmul", f"{{{', '.join(map(str, shape))}}}", *sources, out, share)
        case ResampleLayer():
            return ("resample", "kTaps", *sources, out, share)


def _move(layer: MoveLayer) -> tuple[str, ...]:
    """Tables of each axis, innermost last; an axis that is one progression has none."""
    lines: list[str] = []
    axes: list[str] = []
    for i, axis in enumerate(layer.axes):
        names = []
        for side, runs in (("From", axis.source), ("To", axis.target)):
            if len(runs) == 1 and runs[0][0] == 0:
                names.append(f"{{nullptr, {runs[0][1]}}}")
            else:
                lines += definition(f"static constexpr std::int32_t k{side}{i}[] = {{", expand_runs(runs))
                names.append(f"{{k{side}{i}, 0}}")
        axes.append(f"{{{axis.count}, {', '.join(names)}}}")
    lines += definition("static constexpr MoveAxis kAxes[] = {", axes)
    fields = (
        len(layer.axes),
        layer.source,
        layer.target,
        float_text(layer.fill),
        str(_has_outside(layer.axes)).lower(),
    )
    return (*lines, f"static constexpr Move kMove = {{kAxes, {', '.join(map(str, fields))}}};")


def _has_outside(axes: Sequence[MoveAxis]) -> bool:
    return any(first == OUTSIDE for axis in axes for first, _, _ in axis.source)


def definition(head: str, items: Sequence[object]) -> tuple[str, ...]:
    """The lines of a constant in a function."""
    whole = listing(" " * INDENT + head, list(map(str, items)), "};")
    return tuple(line[INDENT:] for line in whole.split("\n"))


def float_text(x: float) -> str:
    """A float literal that gives exactly this float32."""
    value = np.float32(x)
    if np.isinf(value):
        return "-__builtin_inff()" if value < 0 else "__builtin_inff()"
    text = repr(float(str(value)))
    return f"{text}f"
