"""Quantities as people read them. None is ``not measured``, so that a gap never looks like a zero."""

from __future__ import annotations

from collections.abc import Iterable

NOT_MEASURED = "not measured"

Interval = tuple[float, float]


def significant(value: float, digits: int = 3) -> str:
    """At least ``digits`` significant digits, never an exponent: 0.0412, 4.12, 412, 41,200."""
    if value == 0:
        return "0"
    decimals = 0
    while decimals < 9 and abs(value) * 10**decimals < 10 ** (digits - 1):
        decimals += 1
    return f"{value:,.{decimals}f}"


def milliseconds(value: float | None) -> str:
    return NOT_MEASURED if value is None else f"{significant(value)} ms"


def decimals_for(values: Iterable[float | None]) -> int:
    """Decimals with which a column's largest value shows three significant digits (one more for a column of parts)."""
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 2 if largest >= 10 else 3 if largest >= 1 else 4


def bounds(pair: Interval | None) -> str | None:
    """An interval in brackets, or None where there is none to show."""
    return None if pair is None else f"[{significant(pair[0])}, {significant(pair[1])}]"


def percent(fraction: float | None) -> str:
    """An accuracy: 0.9733 -> 97.33 %."""
    return NOT_MEASURED if fraction is None else f"{100 * fraction:.2f} %"


def points(change: float | None) -> str:
    """A difference of accuracies, in percentage points, with its sign."""
    return NOT_MEASURED if change is None else f"{_signed(100 * change)} points"


def relative(before: float, after: float) -> str:
    """A relative change with its sign: +3.2 %."""
    if before == 0:
        return "±0 %" if after == 0 else "from zero"
    return f"{_signed(100 * (after - before) / before, 1)} %"


def times(factor: float | None) -> str:
    """A factor: 2.41x."""
    return NOT_MEASURED if factor is None else f"{significant(factor)}×"


def size(count: float | None) -> str:
    """Bytes in binary units."""
    if count is None:
        return NOT_MEASURED
    for unit, factor in (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if abs(count) >= factor:
            return f"{significant(count / factor)} {unit}"
    return f"{count:,.0f} B"


def operations(macs: float | None) -> str:
    """Multiply-accumulates in engineering units: 41.2 M."""
    if macs is None:
        return NOT_MEASURED
    for unit, factor in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(macs) >= factor:
            return f"{significant(macs / factor)} {unit}"
    return f"{macs:,.0f}"


def seconds(value: float | None) -> str:
    """A duration: 41 s, 12 min, 3 h 20 min."""
    if value is None:
        return NOT_MEASURED
    if value < 120:
        return f"{significant(value, 2)} s"
    minutes = round(value / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def error(value: float | None) -> str:
    """A numerical error: 3.1e-07."""
    return NOT_MEASURED if value is None else "0" if value == 0 else f"{value:.2e}"


def _signed(value: float, decimals: int = 2) -> str:
    rounded = f"{abs(value):.{decimals}f}"
    sign = "±" if float(rounded) == 0 else "+" if value > 0 else "−"
    return f"{sign}{rounded}"


def percent_short(fraction: float) -> str:
    """A share that a person wrote down: 0.5 -> 50 %."""
    return f"{100 * fraction:g} %"
