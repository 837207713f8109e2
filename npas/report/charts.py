"""Where everything in a chart lies, worked out here so that the template only writes it down. Units: SVG user units."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHAPES = {
    "circle": "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0z",
    "diamond": "M0-6L6 0L0 6L-6 0z",
    "square": "M-4.2-4.2H4.2V4.2H-4.2z",
    "triangle": "M0-5.4L5.2 4H-5.2z",
    "ring": "M-10 0a10 10 0 1 0 20 0a10 10 0 1 0-20 0z",
    "cross": "M-4-4L4 4M-4 4L4-4",
    "plus": "M-6.5 0H6.5M0-6.5V6.5",
    "star": "M0-9L2.4-3.3L8.6-2.8L3.9 1.2L5.3 7.3L0 4L-5.3 7.3L-3.9 1.2L-8.6-2.8L-2.4-3.3z",
}
"""Path data around the origin, by name."""


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Mark:
    """One point: a shape at (x, y), with a CSS class and the words a reader gets on pointing at it."""

    x: float
    y: float
    shape: str
    style: str
    title: str


@dataclass(frozen=True)
class Label:
    x: float
    y: float
    anchor: str
    style: str
    text: str


@dataclass(frozen=True)
class Line:
    """A polyline as path data, with a CSS class."""

    path: str
    style: str


@dataclass(frozen=True)
class Area:
    x: float
    y: float
    width: float
    height: float
    style: str


@dataclass(frozen=True)
class Chart:
    """One drawing. ``fit`` is the CSS class that shows it on wide or on narrow screens."""

    fit: str
    title: str
    description: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x_title: str
    y_title: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    areas: tuple[Area, ...] = ()
    lines: tuple[Line, ...] = ()
    marks: tuple[Mark, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Axis:
    """A linear map from data [low, high] to the drawing [start, stop]."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.stop - self.start), 1)


@dataclass(frozen=True)
class Frame:
    """The size of a drawing and the room around its plot."""

    fit: str
    width: int
    height: int
    left: int = 62
    right: int = 18
    top: int = 22
    bottom: int = 46

    def x_axis(self, low: float, high: float) -> Axis:
        return Axis(low, high, self.left, self.width - self.right)

    def y_axis(self, low: float, high: float) -> Axis:
        return Axis(low, high, self.height - self.bottom, self.top)


def span(values: Iterable[float], floor: float | None = None, ceiling: float | None = None) -> tuple[float, float]:
    """A range that holds all values with a margin, within [floor, ceiling], never empty."""
    known = list(values) or [0.0, 1.0]
    low, high = min(known), max(known)
    margin = 0.07 * (high - low) or 0.05 * abs(high) or 0.5
    low, high = low - margin, high + margin
    if floor is not None:
        low = max(low, floor)
    if ceiling is not None and high > ceiling:
        # Points that lie on the ceiling keep half a margin, or their marks would be cut.
        high = max(ceiling, max(known) + margin / 2)
    return low, high


def ticks(axis: Axis, count: int, scale: float = 1.0) -> tuple[Tick, ...]:
    """About ``count`` round values along an axis, written times ``scale``."""
    low, high = axis.low * scale, axis.high * scale
    rough = (high - low) / count
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(m * magnitude for m in (1, 2, 2.5, 5, 10, 20) if m * magnitude >= rough * 0.999)
    decimals = next((d for d in range(12) if abs(round(step, d) - step) < 1e-6 * step), 12)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    return tuple(Tick(axis(value / scale), f"{value:,.{decimals}f}") for value in values)


def whole_ticks(axis: Axis, count: int) -> tuple[Tick, ...]:
    """Ticks at whole numbers, for an axis that counts."""
    first, last = math.ceil(axis.low), math.floor(axis.high)
    rough = max(1.0, (last - first) / count)
    step = next((s * 10**e for e in range(9) for s in (1, 2, 5) if s * 10**e >= rough), 10**9)
    return tuple(Tick(axis(value), f"{value:,}") for value in range(-(-first // step) * step, last + 1, step))


def polyline(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def staircase(points: Sequence[tuple[float, float]]) -> str:
    """Points joined by horizontal, then vertical strokes: a value holds until the next point."""
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    return path + "".join(f"H{x:g}V{y:g}" for x, y in points[1:])


def beside(mark: Mark, frame: Frame, text: str, style: str, *, dy: float = 4) -> Label:
    """A label on the side of a mark that has the room."""
    right = mark.x < frame.width * 0.68
    return Label(mark.x + (14 if right else -14), mark.y + dy, "start" if right else "end", style, text)
