"""The two drawings of a search: accuracy against latency, and the reward as the search went on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from npas.report.charts import (
    SHAPES,
    Area,
    Axis,
    Chart,
    Frame,
    Label,
    Line,
    Mark,
    Tick,
    beside,
    polyline,
    span,
    staircase,
    ticks,
    whole_ticks,
)
from npas.report.trials import TrialRow, pareto_front
from npas.report.units import milliseconds, percent, significant

ORIGIN_SHAPES = {"initial": "square", "agent": "circle", "mutation": "diamond"}
ORIGIN_WORDS = {
    "initial": "initial (agent alone)",
    "agent": "agent, picked by the surrogate",
    "mutation": "mutation of a good trial",
}

FRAMES = (Frame("wide", 1000, 440), Frame("narrow", 360, 340, left=48, right=12, bottom=42))
LOW_FRAMES = (Frame("wide", 1000, 260), Frame("narrow", 360, 250, left=48, right=12, bottom=42))


@dataclass(frozen=True)
class Point:
    """A network that is no trial: the dense one, or the finished one after phase 3."""

    latency_ms: float
    accuracy: float


@dataclass(frozen=True)
class SearchResult:
    """What both drawings show."""

    trials: tuple[TrialRow, ...]
    best: TrialRow | None
    budget_ms: float | None
    dense: Point | None
    final: Point | None


def scatter(result: SearchResult) -> tuple[Chart, ...]:
    """Accuracy against latency, once per frame; empty where nothing was measured."""
    measured = [t for t in result.trials if t.done]
    if not measured and result.final is None:
        return ()
    return tuple(_scatter(result, measured, frame) for frame in FRAMES)


def _scatter(result: SearchResult, measured: Sequence[TrialRow], frame: Frame) -> Chart:
    extra = [point for point in (result.dense, result.final) if point is not None]
    latencies = [t.latency_ms or 0.0 for t in measured] + [p.latency_ms for p in extra]
    latencies += [] if result.budget_ms is None else [result.budget_ms]
    x = frame.x_axis(*span(latencies, floor=0.0))
    y = frame.y_axis(*span([t.accuracy or 0.0 for t in measured] + [p.accuracy for p in extra], 0.0, 1.0))
    front = pareto_front(measured)
    on_front = {t.number for t in front}
    marks = [_trial_mark(t, *_place(x, y, t), "on-front" if t.number in on_front else "behind") for t in measured]
    corners = [_place(x, y, t) for t in front]
    lines = [Line(staircase([*corners, (x.stop, corners[-1][1])]), "front")] if corners else []
    areas: tuple[Area, ...] = ()
    labels: list[Label] = []
    if result.budget_ms is not None:
        areas, line, label = _budget(result.budget_ms, x, frame)
        lines.insert(0, line)
        labels.append(label)
    named, named_labels, named_lines = _named(result, x, y, frame)
    return Chart(
        frame.fit, "Accuracy against latency",
        f"{len(measured)} measured trials, {len(front)} on the Pareto front; latency to the right, accuracy upwards.",
        frame.width, frame.height, frame.left, frame.right, frame.top, frame.bottom,
        "latency, ms", "accuracy, %",
        ticks(x, 8 if frame.fit == "wide" else 4), ticks(y, 6, scale=100.0),
        areas, (*lines, *named_lines), (*marks, *named), (*labels, *named_labels),
    )  # fmt: skip


def _place(x: Axis, y: Axis, trial: TrialRow | Point) -> tuple[float, float]:
    return x(trial.latency_ms or 0.0), y(trial.accuracy or 0.0)


def _budget(budget_ms: float, x: Axis, frame: Frame) -> tuple[tuple[Area, ...], Line, Label]:
    """The line of the budget, what lies beyond it, and its name."""
    at, low, high = x(budget_ms), frame.height - frame.bottom, frame.top
    anchor, shift = ("end", -6) if at > frame.width * 0.6 else ("start", 6)
    return (
        (Area(at, high, round(x.stop - at, 1), low - high, "beyond"),),
        Line(polyline([(at, low), (at, high)]), "budget"),
        Label(at + shift, low - 8, anchor, "budget-label", f"budget {milliseconds(budget_ms)}"),
    )


def _named(result: SearchResult, x: Axis, y: Axis, frame: Frame) -> tuple[list[Mark], list[Label], list[Line]]:
    """The best trial, the dense network and the finished one, with their names and the step from best to finished."""
    marks: list[Mark] = []
    labels: list[Label] = []
    lines: list[Line] = []
    best, final = result.best, result.final
    rose = best is not None and final is not None and final.accuracy > (best.accuracy or 0.0)
    if best is not None:
        marks.append(Mark(*_place(x, y, best), SHAPES["ring"], "best-ring", f"best: {trial_words(best)}"))
        labels.append(beside(marks[-1], frame, f"best, trial {best.number}", "best-label", dy=20 if rose else -10))
        if final is not None:
            lines.append(Line(polyline([_place(x, y, best), _place(x, y, final)]), "to-final"))
    for point, shape, word, drop in ((result.dense, "plus", "dense", 4), (final, "star", "final", 4 if rose else 18)):
        if point is not None:
            words = f"{word}: {percent(point.accuracy)} at {milliseconds(point.latency_ms)}"
            marks.append(Mark(*_place(x, y, point), SHAPES[shape], word, words))
            labels.append(beside(marks[-1], frame, word, f"{word}-label", dy=drop))
    return marks, labels, lines


def progress(result: SearchResult) -> tuple[Chart, ...]:
    """The reward by trial and the best so far, once per frame; empty where there is no trial."""
    return tuple(_progress(result, frame) for frame in LOW_FRAMES) if result.trials else ()


def _progress(result: SearchResult, frame: Frame) -> Chart:
    done = [(t, t.reward) for t in result.trials if t.reward is not None and t.done]
    rewards = [reward for _, reward in done]
    y = frame.y_axis(*span([reward for reward in rewards if reward >= _cut(rewards)]))
    x = frame.x_axis(result.trials[0].number - 0.6, result.trials[-1].number + 0.6)
    marks = [_trial_mark(t, x(t.number), y(reward), "on-front") for t, reward in done]
    marks += [
        Mark(x(t.number), float(frame.height - frame.bottom - 6), SHAPES["cross"], "failed", trial_words(t))
        for t in result.trials
        if not t.done
    ]
    so_far: list[tuple[float, float]] = []
    for trial, reward in done:
        if not so_far or y(reward) < so_far[-1][1]:
            so_far.append((x(trial.number), y(reward)))
    lines = []
    if so_far:
        lines.append(Line(staircase([*so_far, (float(frame.width - frame.right), so_far[-1][1])]), "front"))
    y_ticks: tuple[Tick, ...] = ticks(y, 4) if done else ()
    return Chart(
        frame.fit, "Reward by trial",
        f"{len(done)} trials with a reward, {len(result.trials) - len(done)} without; the line is the best so far.",
        frame.width, frame.height, frame.left, frame.right, frame.top, frame.bottom,
        "trial", "reward",
        whole_ticks(x, 10 if frame.fit == "wide" else 5), y_ticks,
        (), tuple(lines), tuple(marks), (),
    )  # fmt: skip


def _cut(rewards: Sequence[float]) -> float:
    """The lowest reward drawn to scale: one candidate far beyond the budget must not flatten all the others."""
    ordered = sorted(rewards)
    if not ordered:
        return 0.0
    quarter, three_quarters = ordered[len(ordered) // 4], ordered[(3 * len(ordered)) // 4]
    return quarter - 1.5 * (three_quarters - quarter)


def _trial_mark(trial: TrialRow, x: float, y: float, style: str) -> Mark:
    shape = ORIGIN_SHAPES.get(trial.origin, "triangle")
    return Mark(x, y, SHAPES[shape], f"trial {shape} {style}", trial_words(trial))


def trial_words(trial: TrialRow) -> str:
    """One trial in a line, as tooltips say it."""
    if not trial.done:
        return f"trial {trial.number} ({trial.origin}) failed: {trial.error or 'no reason recorded'}"
    reward = "" if trial.reward is None else f", reward {significant(trial.reward)}"
    return (
        f"trial {trial.number} ({trial.origin}): {percent(trial.accuracy)} at {milliseconds(trial.latency_ms)}{reward}"
    )


def legend(trials: Sequence[TrialRow]) -> tuple[tuple[str, str, str], ...]:
    """(CSS class, path data, words) of each origin that occurs, in a fixed order."""
    present: Mapping[str, int] = {o: sum(t.origin == o for t in trials) for o in sorted({t.origin for t in trials})}
    known = [o for o in ORIGIN_SHAPES if o in present] + [o for o in present if o not in ORIGIN_SHAPES]
    shapes = [(o, ORIGIN_SHAPES.get(o, "triangle")) for o in known]
    return tuple((s, SHAPES[s], f"{ORIGIN_WORDS.get(o, o)}: {present[o]}") for o, s in shapes)
