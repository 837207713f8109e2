"""The per-layer table of the report: what every layer became and what it costs, from ``profile.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from npas.report import units
from npas.report.reading import Json, number, rows, text

DASH = "–"
BAR = 96.0
"""Width of the bars' drawing in SVG user units: the slowest layer, or dense layer, fills it."""


@dataclass(frozen=True)
class Cell:
    """A figure as shown, and as a number for sorting (-1 where it was not measured)."""

    shown: str
    value: float


@dataclass(frozen=True)
class Bars:
    """Two lengths on one scale, with the words that a reader gets on pointing at them."""

    own: float
    dense: float
    title: str


@dataclass(frozen=True)
class Layer:
    name: str
    op: str
    shape: str
    scheme: str
    why_dense: str | None
    format: str
    kernel: str
    rate: Cell
    time: Cell
    dense_time: Cell
    speed_up: Cell
    bytes: Cell
    share: Cell
    bars: Bars


@dataclass(frozen=True)
class LayerTable:
    """The layers in the order they run, and the sums under them."""

    layers: tuple[Layer, ...]
    total: str
    dense_total: str
    speed_up: str
    bytes: str
    measured: bool


def layer_table(profile: Json) -> LayerTable | None:
    """The table, or None where no layer was profiled."""
    found = rows(profile, "layers")
    if not found:
        return None
    times, dense = _column(found, "time_ms"), _column(found, "dense_time_ms")
    known = [time for time in (*times, *dense) if time is not None]
    decimals, longest = units.decimals_for(known), max(known, default=0.0) or 1.0
    summed = _sum(times)
    total = number(profile, "total_ms") if number(profile, "total_ms") is not None else summed
    dense_total = _sum(dense)
    bytes_total = _sum(_column(found, "weights_bytes"))
    return LayerTable(
        tuple(_layer(row, decimals, longest, total) for row in found),
        _cell(total, None if total is None else f"{total:,.{decimals}f}").shown,
        _cell(dense_total, None if dense_total is None else f"{dense_total:,.{decimals}f}").shown,
        units.times(dense_total / total) if dense_total and total else DASH,
        _cell(bytes_total, units.size(bytes_total)).shown,
        bool(known),
    )


def _layer(row: Json, decimals: int, longest: float, total: float | None) -> Layer:
    time, dense = number(row, "time_ms"), number(row, "dense_time_ms")
    rate, weights, share = number(row, "rate"), number(row, "weights_bytes"), number(row, "share")
    if share is None and time is not None and total:
        share = time / total
    name = text(row, "name") or "unnamed"
    return Layer(
        name=name,
        op=text(row, "op") or DASH,
        shape=(text(row, "shape") or DASH).replace("x", "×"),
        scheme=text(row, "scheme") or DASH,
        why_dense=text(row, "built_dense_because"),
        format=text(row, "format") or DASH,
        kernel=text(row, "kernel") or DASH,
        rate=_cell(rate, None if rate is None else f"{rate:g}×"),
        time=_cell(time, None if time is None else f"{time:,.{decimals}f}"),
        dense_time=_cell(dense, None if dense is None else f"{dense:,.{decimals}f}"),
        speed_up=_speed_up(time, dense),
        bytes=_cell(weights, units.size(weights)),
        share=_cell(share, None if share is None else f"{100 * share:.1f} %"),
        bars=_bars(name, time, dense, longest),
    )


def _cell(value: float | None, shown: str | None) -> Cell:
    return Cell(DASH, -1.0) if value is None or shown is None else Cell(shown, value)


def _speed_up(time: float | None, dense: float | None) -> Cell:
    return _cell(dense / time, units.times(dense / time)) if time and dense is not None else Cell(DASH, -1.0)


def _bars(name: str, time: float | None, dense: float | None, longest: float) -> Bars:
    def length(value: float | None) -> float:
        return 0.0 if value is None else round(BAR * min(max(value / longest, 0.0), 1.0), 1)

    return Bars(length(time), length(dense), f"{name}: {units.milliseconds(time)}, dense {units.milliseconds(dense)}")


def _column(found: Sequence[Json], key: str) -> list[float | None]:
    return [number(row, key) for row in found]


def _sum(values: Sequence[float | None]) -> float | None:
    """The sum of a column; None where any part of it is unknown, because such a sum would be too small."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
