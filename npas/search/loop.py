"""Phase 2: propose, evaluate, store, learn, until the trials are spent."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from npas.errors import NpasError
from npas.search.candidate import Candidate
from npas.search.proposals import Proposer
from npas.search.reward import reward
from npas.search.space import SearchSpace
from npas.search.store import TrialStore
from npas.search.trial import Evaluation, Proposal, Trial
from npas.spec.schema import Search

__all__ = ["Evaluation", "SearchResult", "Trial", "pareto_front", "run"]

MOST_FAILURES = 5
"""So many trials that fail one after another are not the candidates' fault."""

logger = logging.getLogger("npas.search")


@dataclass(frozen=True)
class SearchResult:
    """Every trial; the best that meets the budget, if any does; those that no other beats in both accuracy and latency,
    fastest first."""

    best: Trial | None
    trials: tuple[Trial, ...]
    front: tuple[Trial, ...]


def run(
    space: SearchSpace,
    search: Search,
    budget_ms: float,
    evaluate: Callable[[Candidate], Evaluation],
    store: TrialStore,
    on_trial: Callable[[Trial], None],
    check: Callable[[], None] = lambda: None,
) -> SearchResult:
    """Search until ``search.trials`` trials are stored, or the whole space is.

    What the store holds is learnt from and never evaluated again. ``evaluate`` raises NpasError where a candidate
    cannot be built or run: the trial is stored as failed and the search goes on, unless ``check`` raises, which says
    that the machine is to blame: no trial is lost to a device that fails. ``on_trial`` is called with each new trial
    once it is on the disk.

    Raises what ``check`` does, the last trial's error after ``MOST_FAILURES`` failures one after another, DriftError
    where the store's candidates are not of this space.
    """
    assert budget_ms > 0
    trials = [_rewarded(trial, budget_ms, search.alpha) for trial in store.trials()]
    proposer = Proposer(space, search)
    failures = 0
    while len(trials) < min(search.trials, space.size):
        for proposal in proposer.ask(trials):
            logger.debug("trial %d is evaluated", len(trials))
            trial, error = _evaluate(proposal, len(trials), budget_ms, search.alpha, evaluate)
            if error:
                check()
            store.add(trial)
            trials.append(trial)
            on_trial(trial)
            failures = failures + 1 if error else 0
            if error and failures == MOST_FAILURES:
                raise type(error)(
                    f"search: {failures} trials failed one after another, the last with: {error}"
                ) from error
    return SearchResult(_best(trials, budget_ms), tuple(trials), pareto_front(trials))


def pareto_front(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The trials that no other beats in both accuracy and latency, fastest first."""
    front: list[Trial] = []
    for trial in sorted((t for t in trials if t.done), key=lambda t: (t.latency_ms, -t.accuracy, t.number)):
        if not front or trial.accuracy > front[-1].accuracy:
            front.append(trial)
    return tuple(front)


def _best(trials: Iterable[Trial], budget_ms: float) -> Trial | None:
    """The most accurate within the budget; the faster of equals."""
    within = (t for t in trials if t.done and t.latency_ms <= budget_ms)
    return min(within, key=lambda t: (-t.accuracy, t.latency_ms, t.number), default=None)


def _evaluate(
    proposal: Proposal, number: int, budget_ms: float, alpha: float, evaluate: Callable[[Candidate], Evaluation]
) -> tuple[Trial, NpasError | None]:
    candidate, origin = proposal.candidate, proposal.origin
    try:
        done = _sane(evaluate(candidate))
    except NpasError as error:
        logger.warning("trial %d failed: %s", number, error)
        return Trial(number, candidate, origin, None, None, str(error)), error
    value = reward(done.accuracy, done.latency_ms, budget_ms, alpha)
    return Trial(number, candidate, origin, done, value), None


def _sane(done: Evaluation) -> Evaluation:
    """A number that is none would poison agent, surrogate and store alike: its trial fails instead."""
    if not 0.0 <= done.accuracy <= 1.0:
        raise NpasError(f"accuracy: must be a fraction, got {done.accuracy}, training may have diverged")
    if not (math.isfinite(done.latency_ms) and done.latency_ms > 0.0):
        raise NpasError(f"latency: must be above 0 ms, got {done.latency_ms}, measure again")
    return done


def _rewarded(trial: Trial, budget_ms: float, alpha: float) -> Trial:
    """The stored trial with its reward under this budget: one that is a share of a measured latency may have moved."""
    if trial.evaluation is None:
        return trial
    return replace(trial, reward=reward(trial.accuracy, trial.latency_ms, budget_ms, alpha))
