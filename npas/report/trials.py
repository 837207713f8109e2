"""The search's trials, read from its store without touching it; the Pareto front among them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from npas.report.reading import clean, number


class Tried(Protocol):
    """What a front needs of a trial; ``npas.search``'s own trials have it too. The figures are read only when done."""

    @property
    def number(self) -> int: ...

    @property
    def origin(self) -> str: ...

    @property
    def done(self) -> bool: ...

    @property
    def accuracy(self) -> float | None: ...

    @property
    def latency_ms(self) -> float | None: ...


@dataclass(frozen=True)
class TrialRow:
    """One row of the store. ``number`` counts from 0 in the order of evaluation, as in the search's log."""

    number: int
    candidate: Mapping[str, object]
    accuracy: float | None
    latency_ms: float | None
    reward: float | None
    origin: str
    done: bool
    error: str | None
    seconds: float


T = TypeVar("T", bound=Tried)

COLUMNS = "id, candidate, accuracy, latency_ms, reward, status, error, seconds_accuracy, seconds_latency, origin"


def read_trials(path: Path) -> tuple[TrialRow, ...]:
    """All trials in the order they were made; none where there is no store.

    Raises ValueError where the file is no store of trials.
    """
    if not path.is_file():
        return ()
    try:
        with closing(sqlite3.connect(path.resolve().as_uri() + "?mode=ro", uri=True, timeout=5.0)) as store:
            # Text that is no UTF-8 would raise in the middle of the rows.
            store.text_factory = lambda data: data.decode("utf-8", "replace")
            found = store.execute(f"SELECT {COLUMNS} FROM trials ORDER BY id").fetchall()
    except sqlite3.Error as error:
        raise ValueError(clean(str(error))) from error
    return tuple(_row(values) for values in found)


def _row(values: Sequence[object]) -> TrialRow:
    index, candidate, accuracy, latency, reward, status, error, seconds_accuracy, seconds_latency, origin = values
    return TrialRow(
        number=index if isinstance(index, int) else 0,
        candidate=_candidate(candidate),
        accuracy=number(accuracy),
        latency_ms=number(latency),
        done=status == "done" and number(accuracy) is not None and number(latency) is not None,
        reward=number(reward),
        origin=clean(str(origin)) if origin is not None else "unknown",
        error=clean(str(error)) if error is not None else None,
        seconds=(number(seconds_accuracy) or 0.0) + (number(seconds_latency) or 0.0),
    )


def _candidate(stored: object) -> Mapping[str, object]:
    try:
        value = json.loads(stored) if isinstance(stored, str) else None
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def pareto_front(trials: Iterable[T]) -> tuple[T, ...]:
    """The trials that no other one beats in both latency and accuracy, fastest first."""
    done = [(trial.latency_ms or 0.0, trial.accuracy or 0.0, trial) for trial in trials if trial.done]
    front: list[T] = []
    highest = -1.0
    for _, accuracy, trial in sorted(done, key=lambda row: (row[0], -row[1])):
        if accuracy > highest:
            front.append(trial)
            highest = accuracy
    return tuple(front)


def best_trial(trials: Sequence[TrialRow], chosen: Mapping[str, object], budget_ms: float | None) -> TrialRow | None:
    """The trial whose candidate was built; else the most accurate one within the budget, as the search itself has it;
    else the one of the highest reward. None where no trial was measured.
    """
    done = [trial for trial in trials if trial.done and trial.reward is not None]
    built = [trial for trial in done if chosen and dict(trial.candidate) == dict(chosen)]
    within = [trial for trial in done if budget_ms is not None and (trial.latency_ms or 0.0) <= budget_ms]
    if built or within:
        return min(built or within, key=lambda t: (-(t.accuracy or 0.0), t.latency_ms or 0.0, t.number))
    return max(done, key=lambda trial: (trial.reward or 0.0, -trial.number), default=None)
