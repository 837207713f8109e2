"""What the report says, as words and coordinates: the one frozen value that the template gets."""

from __future__ import annotations

from dataclasses import dataclass

from npas.report import units
from npas.report.charts import Chart
from npas.report.headline import Badge, Tile, badges, tiles
from npas.report.layers import LayerTable, layer_table
from npas.report.reading import BuildFolder, at, flag, items, number, rows, text
from npas.report.search_charts import Point, SearchResult, legend, progress, scatter
from npas.report.trials import TrialRow, best_trial, pareto_front
from npas.report.units import NOT_MEASURED

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class SearchView:
    summary: Pairs
    scatter: tuple[Chart, ...]
    progress: tuple[Chart, ...]
    legend: tuple[tuple[str, str, str], ...]
    front: tuple[tuple[str, str, str, str, str], ...]
    front_open: bool
    failures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Algorithm:
    name: str
    accuracy: str
    bar: float
    chosen: bool


@dataclass(frozen=True)
class VerifyView:
    summary: Pairs
    layers: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True)
class ReportView:
    name: str
    subtitle: str
    badges: tuple[Badge, ...]
    tiles: tuple[Tile, ...]
    search: SearchView | None
    layers: LayerTable | None
    algorithms: tuple[Algorithm, ...]
    replacements: tuple[tuple[str, str, str], ...] | None
    candidate: tuple[tuple[str, str, str, str], ...]
    verify: VerifyView | None
    environment: Pairs
    spec: str | None
    unread: tuple[str, ...]


def of(build: BuildFolder, trials: tuple[TrialRow, ...], notes: tuple[str, ...] = ()) -> ReportView:
    """Puts a build into words. ``notes`` are files besides the JSON ones that could not be read."""
    manifest, bench = build.manifest, build.bench
    device = text(bench, "device")
    threads = text(bench, "threads")
    subtitle = [device or f"device {NOT_MEASURED}"]
    subtitle += [f"{threads} thread{'' if threads == '1' else 's'}"] if threads else []
    replaced = at(manifest, "replacements")
    return ReportView(
        name=build.name,
        subtitle=" · ".join(subtitle),
        badges=badges(build),
        tiles=tiles(build),
        search=_search(build, trials),
        layers=layer_table(build.profile),
        algorithms=_algorithms(build),
        replacements=None if replaced is None else _replacements(build),
        candidate=_candidate(build),
        verify=_verify(build),
        environment=_environment(build),
        spec=build.spec,
        unread=(*build.unread, *notes),
    )


# --- the phases ------------------------------------------------------------------------------------------


def _search(build: BuildFolder, trials: tuple[TrialRow, ...]) -> SearchView | None:
    if not trials:
        return None
    budget = number(build.manifest, "budget_ms")
    chosen = at(build.manifest, "candidate")
    best = best_trial(trials, chosen if isinstance(chosen, dict) else {}, budget)
    result = SearchResult(trials, best, budget, _dense_point(build), _final_point(build))
    front = pareto_front(trials)
    failed = [trial for trial in trials if not trial.done]
    summary = (
        ("Trials", f"{len(trials):,}"),
        ("On the front", f"{len(front):,}"),
        ("Failed", f"{len(failed):,}"),
        ("Within the budget", NOT_MEASURED if budget is None else _within(trials, budget)),
        ("Evaluating took", units.seconds(sum(trial.seconds for trial in trials))),
    )
    table = tuple(
        (str(t.number), t.origin, units.milliseconds(t.latency_ms), units.percent(t.accuracy), _margin(t, budget))
        for t in front
    )
    met = flag(build.manifest, "constraint_met") is not False
    failures = tuple((str(t.number), t.error or "no reason recorded") for t in failed)
    return SearchView(summary, scatter(result), progress(result), legend(trials), table, not met, failures)


def _within(trials: tuple[TrialRow, ...], budget: float) -> str:
    done = [trial for trial in trials if trial.done]
    return f"{sum((trial.latency_ms or 0.0) <= budget for trial in done):,} of {len(done):,}"


def _margin(trial: TrialRow, budget: float | None) -> str:
    if budget is None or not budget or trial.latency_ms is None:
        return "no budget recorded"
    return f"{units.relative(budget, trial.latency_ms)}"


def _dense_point(build: BuildFolder) -> Point | None:
    latency = number(build.bench, "dense_latency_ms", "median") or number(build.manifest, "dense_latency_ms")
    friendly = number(build.manifest, "accuracy", "friendly")
    accuracy = friendly if friendly is not None else number(build.manifest, "accuracy", "pretrained")
    return None if latency is None or accuracy is None else Point(latency, accuracy)


def _final_point(build: BuildFolder) -> Point | None:
    latency = number(build.bench, "latency_ms", "median") or number(build.manifest, "latency_ms")
    accuracy = number(build.manifest, "accuracy", "final")
    return None if latency is None or accuracy is None else Point(latency, accuracy)


def _algorithms(build: BuildFolder) -> tuple[Algorithm, ...]:
    chosen = text(build.manifest, "algorithm")
    found = [(name, number(value)) for name, value in items(build.manifest, "algorithms")]
    found.sort(key=lambda row: (-(row[1] if row[1] is not None else -1.0), row[0]))
    bars = [min(max(accuracy or 0.0, 0.0), 1.0) for _, accuracy in found]
    return tuple(
        Algorithm(n, units.percent(a), round(100 * bar, 1), n == chosen)
        for (n, a), bar in zip(found, bars, strict=True)
    )


def _replacements(build: BuildFolder) -> tuple[tuple[str, str, str], ...]:
    found = rows(build.manifest, "replacements")
    return tuple(tuple(text(row, key) or "unnamed" for key in ("node", "from", "to")) for row in found)  # type: ignore[misc]


def _candidate(build: BuildFolder) -> tuple[tuple[str, str, str, str], ...]:
    def line(site: str, choice: object) -> tuple[str, str, str, str]:
        rate = number(choice, "rate")
        scheme = "not pruned" if rate == 1 else text(choice, "scheme") or "not recorded"
        return (
            site,
            text(choice, "filter_type") or "not recorded",
            scheme,
            units.times(rate) if rate else "not recorded",
        )

    return tuple(line(site, choice) for site, choice in items(build.manifest, "candidate"))


def _verify(build: BuildFolder) -> VerifyView | None:
    if not build.verify:
        return None
    v = build.verify
    exact, layers = number(v, "exact_layers"), rows(v, "layers")
    passed = flag(v, "passed")
    summary = (
        ("Verdict", "not recorded" if passed is None else "passed" if passed else "differs from ONNX Runtime"),
        ("Relative L2, end to end", units.error(number(v, "relative_l2"))),
        ("Largest absolute error", units.error(number(v, "max_abs_error"))),
        ("Top-1 agreement", units.percent(number(v, "top1_agreement"))),
        ("Samples", text(v, "samples") or "not recorded"),
        ("Layers exact on integers", NOT_MEASURED if exact is None else f"{exact:,.0f} of {len(layers):,}"),
        ("First layer that differs", text(v, "first_difference") or "none"),
    )
    words = {None: "not applicable", True: "exact", False: "not exact"}
    verdicts = {None: "not recorded", True: "passed", False: "differs"}
    table = tuple(
        (
            text(layer, "name") or "unnamed",
            units.error(number(layer, "relative_l2")),
            words[flag(layer, "exact")],
            verdicts[flag(layer, "passed")],
        )
        for layer in layers
    )
    return VerifyView(summary, table)


def _environment(build: BuildFolder) -> Pairs:
    flags = at(build.bench, "flags")
    spelt = " ".join(text(f) or "" for f in flags) if isinstance(flags, list) else text(build.bench, "flags")
    stable = flag(build.bench, "stable")
    runs = number(build.bench, "latency_ms", "count")
    conditions = (
        (name.replace("_", " "), text(value) or "not recorded") for name, value in items(build.bench, "conditions")
    )
    return (
        ("Device", text(build.bench, "device") or NOT_MEASURED),
        ("Threads", text(build.bench, "threads") or "not recorded"),
        ("Compiler", text(build.bench, "compiler") or "not recorded"),
        ("Flags", spelt or "not recorded"),
        ("Binary, SHA-256", text(build.bench, "binary_sha256") or "not recorded"),
        ("Timed runs", NOT_MEASURED if runs is None else f"{runs:,.0f}"),
        ("Timing", NOT_MEASURED if stable is None else "stable" if stable else "unstable: the intervals are wide"),
        *((name[:1].upper() + name[1:], value) for name, value in conditions),
        ("C ABI", text(build.manifest, "abi") or "not recorded"),
        ("NPAS", text(build.manifest, "npas_version") or "not recorded"),
    )
