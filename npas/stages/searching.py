"""Phase 2: what a trial is, and the search over trials."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from npas import measure
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.graph.graph import Network
from npas.measure import Settings
from npas.progress import Progress
from npas.rewrite import filter_types
from npas.search import loop
from npas.search.candidate import Candidate
from npas.search.loop import SearchResult
from npas.search.space import SearchSpace
from npas.search.store import TrialStore, identity
from npas.search.trial import Evaluation, Trial
from npas.spec.schema import Spec
from npas.stages.program import Machine, compiled
from npas.stages.start import FINE_TUNE_RATE, Start, recipe
from npas.targets import atomic
from npas.targets.bench import RunnableProgram
from npas.training import evaluate, train

CALIBRATION_IMAGES = 64
"""Images on which replaced filters are fitted."""
MARGIN = 0.9
"""Share of the budget that the search aims at: a trial's few processes are less sure than the final measurement."""
TRIAL_SETTINGS = Settings(processes=3, warmup_s=0.15, runs=100, min_s=0.1)

CHECK_SETTINGS = Settings(processes=1, warmup_runs=1, warmup_s=0.0, runs=1, min_s=0.0)


def dense_latency(start: Start, machine: Machine) -> float:
    """Median latency in ms of the friendly network, unpruned: what a ratio in the constraint refers to."""
    with compiled(start.friendly, start.spec.name, machine) as dense:
        report = measure.measure({"dense": dense.bench}, machine.device, machine.threads, Settings(processes=3))
    return report.latencies["dense"].median


def budget(spec: Spec, dense_ms: float) -> float:
    """The constraint in ms."""
    constraint = spec.constraint
    if constraint.max_latency_ms is not None:
        return constraint.max_latency_ms
    assert constraint.max_latency_ratio is not None
    return constraint.max_latency_ratio * dense_ms


def stored_dense_latency(folder: Path, start: Start, machine: Machine) -> float:
    """``dense_latency``, measured once per build folder, so that a resumed search keeps its budget."""
    path = folder / "search" / "dense_latency_ms"
    if path.exists():
        return float(path.read_text())
    latency = dense_latency(start, machine)
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, f"{latency!r}\n")
    return latency


def candidate_network(start: Start, candidate: Candidate) -> tuple[Network, Options]:
    """The friendly network with the candidate's filter types, and how each layer is to be pruned."""
    images = start.tuning.images("train", CALIBRATION_IMAGES)
    network, prunings = filter_types.apply(start.friendly, candidate, images)
    return network, Options(prunings=prunings)


def trial_latency(program: RunnableProgram, dense: RunnableProgram, dense_ms: float, machine: Machine) -> float:
    """Median latency in ms of a trial, at the speed that the machine had when ``dense_ms`` was measured.

    Machines drift by more than candidates differ. So a trial is timed in turn with the dense program, and the ratio of
    the two, which drift leaves alone, is what the search learns from.
    """
    programs = {"trial": program, "dense": dense}
    report = measure.measure(programs, machine.device, machine.threads, TRIAL_SETTINGS)
    return report.ratio("trial", "dense").median * dense_ms


def evaluator(
    start: Start, machine: Machine, dense: RunnableProgram, dense_ms: float
) -> Callable[[Candidate], Evaluation]:
    """Fast evaluation: latency of the generated program, then accuracy on held-out training images after one-shot
    pruning and a few epochs."""
    spec = start.spec

    def evaluation(candidate: Candidate) -> Evaluation:
        began = time.monotonic()
        network, options = candidate_network(start, candidate)
        pruned = one_shot(network, options.prunings)
        with compiled(pruned.network, spec.name, machine, options) as program:
            latency = trial_latency(program.bench, dense, dense_ms, machine)
        timed = time.monotonic()
        generator = torch.Generator().manual_seed(spec.search.seed)
        tuned = train(
            pruned.network,
            start.tuning,
            recipe(spec, spec.search.epochs, FINE_TUNE_RATE),
            generator,
            masks=pruned.masks,
        )
        accuracy = evaluate(tuned, start.tuning)
        return Evaluation(accuracy, latency, time.monotonic() - timed, timed - began)

    return evaluation


def search(
    start: Start, machine: Machine, folder: Path, dense_ms: float, budget_ms: float, say: Progress
) -> SearchResult:
    """Runs the search, or goes on with it; trials are kept in ``search/trials.db``."""
    spec = start.spec
    space = SearchSpace.of(start.friendly.graph, spec.search)
    say.stage(f"phase 2: {spec.search.trials} trials of {space.size:.3g} candidates, budget {budget_ms:.3f} ms")
    with (
        TrialStore(folder / "search" / "trials.db", identity(spec)) as store,
        compiled(start.friendly, spec.name, machine) as dense,
    ):
        known = store.trials()
        with say.bar(spec.search.trials, "trials") as bar:
            bar.advance(len(known), best=_best(known, budget_ms))
            seen = list(known)

            def on_trial(trial: Trial) -> None:
                seen.append(trial)
                bar.advance(best=_best(seen, budget_ms))

            def check() -> None:
                """The dense program ran before: where it no longer does, the device has failed, or its compiler."""
                measure.measure({"dense": dense.bench}, machine.device, machine.threads, CHECK_SETTINGS)

            evaluate_ = evaluator(start, machine, dense.bench, dense_ms)
            return loop.run(space, spec.search, budget_ms * MARGIN, evaluate_, store, on_trial, check)


def _best(trials: list[Trial] | tuple[Trial, ...], budget_ms: float) -> str:
    within = [t for t in trials if t.done and t.latency_ms <= budget_ms]
    if not within:
        return "none within the budget"
    best = max(within, key=lambda t: (t.accuracy, -t.latency_ms))
    return f"{best.accuracy:.4f} at {best.latency_ms:.3f} ms"


def confirmed(
    start: Start, machine: Machine, result: SearchResult, dense_ms: float, say: Progress
) -> Iterator[tuple[Trial, Network, Options]]:
    """The trials whose latency holds in a fresh, interleaved measurement against the dense program, best first.

    A search's winner is chosen for its luck too, so luck is measured away before anything long is trained: the whole
    interval must meet the constraint.
    """
    spec = start.spec
    limit = budget(spec, dense_ms)
    within = [t for t in result.trials if t.done and t.latency_ms <= limit]
    with compiled(start.friendly, spec.name, machine) as dense:
        for trial in sorted(within, key=lambda t: (-t.accuracy, t.latency_ms)):
            network, options = candidate_network(start, trial.candidate)
            pruned = one_shot(network, options.prunings)
            with compiled(pruned.network, spec.name, machine, options) as program:
                report = measure.measure(
                    {"pruned": program.bench, "dense": dense.bench}, machine.device, machine.threads
                )
            met = meets(spec, report, surely=True)
            latency = report.latencies["pruned"].median
            say.log(f"trial {trial.number}: {latency:.3f} ms measured afresh, {'kept' if met else 'not surely within'}")
            if met:
                yield trial, network, options


def meets(spec: Spec, report: measure.LatencyReport, surely: bool = False) -> bool:
    """Whether the program ``pruned`` meets the constraint in a report that has ``dense`` too: by its median, or
    ``surely`` by the upper end of the 95 % interval."""
    constraint, latency, ratio = spec.constraint, report.latencies["pruned"], report.ratio("pruned", "dense")
    if constraint.max_latency_ms is not None:
        return (latency.interval[1] if surely else latency.median) <= constraint.max_latency_ms
    assert constraint.max_latency_ratio is not None
    return (ratio.interval[1] if surely else ratio.median) <= constraint.max_latency_ratio
