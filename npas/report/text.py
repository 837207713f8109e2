"""The few lines that the command line prints after a build, and the front where no build met its constraint."""

from __future__ import annotations

from collections.abc import Sequence

from npas.report import units
from npas.report.reading import Json, flag, interval, number, rows, speed_up, text
from npas.report.trials import T, pareto_front


def summary(manifest: Json, bench: Json, verify: Json) -> str:
    """A build in a few aligned lines, without a newline at the end. Gaps read ``not measured``."""
    lines = (
        ("latency", _latency(manifest, bench)),
        ("speed-up", _ratio(bench)),
        ("accuracy", _accuracy(manifest)),
        ("weights", _weights(manifest)),
        ("constraint", _constraint(manifest)),
        ("numerics", _numerics(verify)),
    )
    name = text(manifest, "name") or "unnamed build"
    return "\n".join([name, *(f"  {label:<10}  {words}" for label, words in lines)])


def _latency(manifest: Json, bench: Json) -> str:
    median = number(bench, "latency_ms", "median")
    median = median if median is not None else number(manifest, "latency_ms")
    if median is None:
        return units.NOT_MEASURED
    around = units.bounds(interval(bench, "latency_ms", "interval"))
    device, threads = text(bench, "device"), text(bench, "threads")
    words = [f"{units.milliseconds(median)}{f' {around}' if around else ''}"]
    words += (
        [f"on {device}" + (f", {threads} thread{'' if threads == '1' else 's'}" if threads else "")] if device else []
    )
    words += ["(unstable)"] if flag(bench, "stable") is False else []
    return " ".join(words)


def _ratio(bench: Json) -> str:
    ratio, pair = speed_up(bench)
    around = units.bounds(pair)
    dense = number(bench, "dense_latency_ms", "median")
    if ratio is None:
        return units.NOT_MEASURED
    against = f", dense {units.milliseconds(dense)}" if dense is not None else ""
    return f"{units.times(ratio)}{f' {around}' if around else ''} over dense{against}"


def _accuracy(manifest: Json) -> str:
    start, friendly, final = (number(manifest, "accuracy", stage) for stage in ("pretrained", "friendly", "final"))
    steps = f"pretrained {units.percent(start)} → friendly {units.percent(friendly)} → final {units.percent(final)}"
    algorithm = text(manifest, "algorithm")
    change = f" ({units.points(final - start)})" if final is not None and start is not None else ""
    return f"{steps}{change}{f', {algorithm}' if algorithm else ''}"


def _weights(manifest: Json) -> str:
    weights, dense = number(manifest, "weights_bytes"), number(manifest, "dense_weights_bytes")
    return units.size(weights) + (f", dense {units.size(dense)}" if dense is not None else "")


def _constraint(manifest: Json) -> str:
    met, budget = flag(manifest, "constraint_met"), number(manifest, "budget_ms")
    limit = f": at most {units.milliseconds(budget)}" if budget is not None else ""
    return units.NOT_MEASURED if met is None else f"{'met' if met else 'NOT met'}{limit}"


def _numerics(verify: Json) -> str:
    passed = flag(verify, "passed")
    if passed is None:
        return "not verified"
    figures = f"relative L2 {units.error(number(verify, 'relative_l2'))}"
    exact, layers = number(verify, "exact_layers"), len(rows(verify, "layers"))
    counted = f", {exact:,.0f} of {layers} layers exact on integers" if exact is not None and layers else ""
    first = text(verify, "first_difference")
    verdict = "as ONNX Runtime" if passed else f"DIFFER, first at {first or 'an unknown layer'}"
    return f"{verdict}: {figures}{counted}"


def front_table(trials: Sequence[T], budget_ms: float | None = None) -> str:
    """The Pareto front of a search, fastest first, as aligned text; what a build prints that met no constraint.

    ``budget_ms`` adds how far above or below the budget each trial lies.
    """
    front = pareto_front(trials)
    if not front:
        return f"no trial was measured ({len(trials)} failed)"
    head = ["trial", "latency", "accuracy"] + (["against budget"] if budget_ms else [])
    table = [head]
    for trial in front:
        latency = trial.latency_ms or 0.0
        margin = [units.relative(budget_ms, latency)] if budget_ms else []
        table.append([str(trial.number), units.milliseconds(latency), units.percent(trial.accuracy), *margin])
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in table)
