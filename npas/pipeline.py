"""The whole way from a spec to a runtime. Each step is a function of ``npas.stages``; this is their order."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from npas.compiler.indexed import Options
from npas.errors import ConstraintError
from npas.progress import Progress
from npas.report import html
from npas.report.text import front_table
from npas.search.loop import SearchResult
from npas.spec import LoadedSpec
from npas.stages import finish, locked, overview, searching, start, tuning
from npas.stages.cache import Cache
from npas.stages.program import Machine
from npas.targets import atomic
from npas.targets.locks import locked as folder_lock
from npas.targets.tree_writer import recover

MOST_ATTEMPTS = 2
"""Candidates that are pruned and retrained in full, where the first one's final program misses the constraint."""


def build(loaded: LoadedSpec, out: Path, *, locked: bool = False, fresh: bool = False) -> dict[str, Any]:
    """Runs everything, or takes up where an earlier run of the same spec was stopped; returns the manifest.

    ``locked`` generates again exactly what ``npas.lock`` says; ``fresh`` forgets earlier trials and training.

    Raises NpasError: of the data (SpecError), UnsupportedError, ConstraintError, NumericsError, DeviceError,
    CompileError, DriftError.
    """
    if not locked:
        out.mkdir(parents=True, exist_ok=True)
    with _held(out):
        if locked:
            return _locked.rebuild(loaded, out)
        say, machine = Progress(), Machine.of(loaded.spec.target)
        cache = _cache(out, fresh)
        begun = start.begin(loaded, machine, cache, say)
        machine = tuning.tune(begun.friendly, begun.spec.name, machine, Options(), begun.spec.tune, say)
        result, dense_ms, budget_ms = _search(begun, machine, out, say)
        manifest, got = None, "no trial that is surely within it"
        hopeful = searching.confirmed(begun, machine, result, dense_ms, say)
        for chosen in islice(hopeful, MOST_ATTEMPTS):
            manifest = finish.finish(loaded, begun, chosen, budget_ms, out, machine, cache, say)
            html.write(out)
            if manifest["constraint_met"]:
                return manifest
            got = f"{manifest['latency_ms']:.3f} ms in the final measurement"
            say.log(f"trial {manifest['trial']}: {got}, over the budget")
        if manifest is None:
            overview.write_unmet(begun, out, dense_ms, budget_ms)
            html.write(out)
        raise ConstraintError(_unmet(loaded, result, budget_ms, got))


def search(loaded: LoadedSpec, out: Path, *, fresh: bool = False) -> dict[str, Any]:
    """Phases 1 and 2 alone: the trials and their front. ``fresh`` and errors are as in ``build``."""
    out.mkdir(parents=True, exist_ok=True)
    with _held(out):
        say, machine = Progress(), Machine.of(loaded.spec.target)
        begun = start.begin(loaded, machine, _cache(out, fresh), say)
        result, dense_ms, budget_ms = _search(begun, machine, out, say)
    return {
        "trials": len(result.trials),
        "dense_latency_ms": dense_ms,
        "budget_ms": budget_ms,
        "best": None if result.best is None else result.best.number,
        "front": [{"trial": t.number, "latency_ms": t.latency_ms, "accuracy": t.accuracy} for t in result.front],
    }


@contextmanager
def _held(out: Path) -> Iterator[None]:
    """The folder for this process alone, without the stages of killed ones. Raises UsageError naming the holder."""
    with folder_lock(out):
        recover(out / "runtime")
        for folder in (out, out / "search"):
            atomic.sweep(folder)
        yield


def _cache(out: Path, fresh: bool) -> Cache:
    """Of finished work; ``fresh`` forgets the folder's trials, too."""
    if fresh:
        shutil.rmtree(out / "search", ignore_errors=True)
    return Cache.default(fresh)


def _search(begun: start.Start, machine: Machine, out: Path, say: Progress) -> tuple[SearchResult, float, float]:
    dense_ms = searching.stored_dense_latency(out, begun, machine)
    budget_ms = searching.budget(begun.spec, dense_ms)
    say.log(f"dense: {dense_ms:.3f} ms")
    return searching.search(begun, machine, out, dense_ms, budget_ms, say), dense_ms, budget_ms


def _unmet(loaded: LoadedSpec, result: SearchResult, budget_ms: float, got: str) -> str:
    return (
        f"{loaded.path}: constraint of {budget_ms:.3f} ms must be met, got {got}; raise it, or allow more trials, "
        f"higher rates or other filter types. The front of {len(result.trials)} trials:\n"
        f"{front_table(result.trials, budget_ms)}"
    )


plan = overview.plan
generate = locked.generate
verify = locked.verify
bench = locked.bench
_locked = locked
