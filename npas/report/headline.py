"""The first screen of the report: the verdicts, and the four figures that everybody asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from npas.report import units
from npas.report.reading import BuildFolder, flag, interval, number, speed_up
from npas.report.units import NOT_MEASURED


@dataclass(frozen=True)
class Badge:
    """A verdict in a word or two; ``tone`` is good, bad or unknown."""

    tone: str
    text: str


@dataclass(frozen=True)
class Tile:
    """One headline figure: what it is, the figure, and the lines under it."""

    title: str
    value: str
    notes: tuple[str, ...]

    @property
    def style(self) -> str:
        return "value unknown" if self.value == NOT_MEASURED else "value"


_BEFORE_UNIT = re.compile(r"(?<=[\d\]]) (?=(?:ms|points|[kMG]|[KMG]iB|B)\b|%)|(?<=,) (?=[\d.]+\])")


def tiles(build: BuildFolder) -> tuple[Tile, ...]:
    """The four figures; no line breaks between a number and its unit, or inside an interval."""
    found = (_latency(build), _ratio(build), _accuracy(build), _size(build))
    return tuple(
        Tile(t.title, t.value, tuple(_BEFORE_UNIT.sub("\N{NO-BREAK SPACE}", n) for n in t.notes)) for t in found
    )


def badges(build: BuildFolder) -> tuple[Badge, ...]:
    met, passed = flag(build.manifest, "constraint_met"), flag(build.verify, "passed")
    limit = constraint_words(build)
    said = [
        Badge("unknown", "Constraint: not measured")
        if met is None
        else Badge(
            "good" if met else "bad", f"Constraint {'met' if met else 'not met'}{f': {limit}' if limit else ''}"
        ),
        Badge("unknown", "Numerics: not verified")
        if passed is None
        else Badge("good", "Numerics verified")
        if passed
        else Badge("bad", "Numerics differ"),
    ]
    if flag(build.bench, "stable") is False:
        said.append(Badge("bad", "Timing unstable"))
    return tuple(said)


def constraint_words(build: BuildFolder) -> str | None:
    """The constraint as a person would say it, or None where the manifest has none."""
    absolute, budget = number(build.manifest, "constraint", "max_latency_ms"), number(build.manifest, "budget_ms")
    ratio = number(build.manifest, "constraint", "max_latency_ratio")
    if absolute is not None:
        return f"at most {absolute:g} ms"
    if ratio is not None:
        return f"at most {units.percent_short(ratio)} of dense{f' ({units.milliseconds(budget)})' if budget else ''}"
    return None if budget is None else f"at most {units.milliseconds(budget)}"


def _latency(build: BuildFolder) -> Tile:
    measured = number(build.bench, "latency_ms", "median")
    median = measured if measured is not None else number(build.manifest, "latency_ms")
    dense = number(build.bench, "dense_latency_ms", "median")
    dense = dense if dense is not None else number(build.manifest, "dense_latency_ms")
    around = units.bounds(interval(build.bench, "latency_ms", "interval"))
    notes = [f"interval {around} ms" if around else f"interval {NOT_MEASURED}", f"dense {units.milliseconds(dense)}"]
    return Tile("Latency, median", units.milliseconds(median), tuple(notes))


def _ratio(build: BuildFolder) -> Tile:
    median, pair = speed_up(build.bench)
    around = units.bounds(pair)
    macs, dense_macs = number(build.manifest, "macs"), number(build.manifest, "dense_macs")
    notes = [f"interval {around}" if around else f"interval {NOT_MEASURED}"]
    notes.append(
        f"MACs {units.operations(macs)} of {units.operations(dense_macs)}" if macs is not None else "MACs not measured"
    )
    return Tile("Speed-up over dense", units.times(median), tuple(notes))


def _accuracy(build: BuildFolder) -> Tile:
    stages = [number(build.manifest, "accuracy", stage) for stage in ("pretrained", "friendly", "final")]
    start, friendly, final = stages
    change = None if final is None or start is None else final - start
    steps = f"pretrained {units.percent(start)} → friendly {units.percent(friendly)}"
    return Tile(
        "Accuracy, top-1",
        units.percent(final),
        (steps, "change not measured" if change is None else f"{units.points(change)} against pretrained"),
    )


def _size(build: BuildFolder) -> Tile:
    weights, dense = number(build.manifest, "weights_bytes"), number(build.manifest, "dense_weights_bytes")
    notes = [f"dense {units.size(dense)}"]
    notes += [f"{units.times(dense / weights)} smaller"] if weights and dense else []
    return Tile("Weights", units.size(weights), tuple(notes))
