"""What to evaluate next: a pure function of the trials before the batch and of the spec's seed.

Batches start at fixed trial numbers (0, initial, initial + batch, ...), and every generator is made from the seed and
the number of the trial that it serves. So a search that was killed inside a batch asks the same question again, gets
the same answer, and skips what it had already evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

import numpy as np

from npas.search.mutation import mutate
from npas.search.prior import prior
from npas.search.q_learning import QAgent
from npas.search.reward import FAILED
from npas.search.space import SearchSpace
from npas.search.surrogate import select
from npas.search.trial import Proposal, Trial
from npas.search.wl import WLFeatures
from npas.spec.schema import Search

PARENTS = 10
"""Mutations start from this many of the best trials (NAS-BOWL)."""

ASK, LEARN, FILL = range(3)
"""What a generator is for: two of one trial must not draw the same numbers."""


def generator(seed: int, purpose: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed % 2**64, purpose, number])


class Proposer:
    """Agent and surrogate, fed with trials in their order."""

    def __init__(self, space: SearchSpace, search: Search) -> None:
        self.space = space
        self.search = search
        self.agent = QAgent(space, search.trials)
        self.features = WLFeatures(space)

    def batch(self, trials: Sequence[Trial]) -> tuple[int, int]:
        """First number, and one past the last, of the batch that the next trial belongs to."""
        initial = min(self.search.initial, self.search.trials)
        if len(trials) < initial:
            return 0, initial
        start = len(trials) - (len(trials) - initial) % self.search.batch
        return start, min(start + self.search.batch, self.search.trials)

    def ask(self, trials: Sequence[Trial]) -> list[Proposal]:
        """What is left to evaluate of the next trial's batch, in order; nothing where the space is exhausted."""
        start, end = self.batch(trials)
        before = trials[:start]
        self._learn(before)
        rng = generator(self.search.seed, ASK, start)
        wanted = self._first(end, rng) if start == 0 else self._next(before, end - start, rng)
        known = {trial.key for trial in trials}
        fill = self._fill(generator(self.search.seed, FILL, start))
        return list(islice(_unseen(chain(wanted, fill), known), end - len(trials)))

    def _learn(self, trials: Sequence[Trial]) -> None:
        for trial in trials[len(self.agent.episodes) :]:
            reward = FAILED if trial.reward is None else trial.reward
            self.agent.tell(trial.candidate, reward, generator(self.search.seed, LEARN, trial.number))

    def _first(self, count: int, rng: np.random.Generator) -> list[Proposal]:
        """Three in four from the prior, the others from the agent, which then knows nothing: uniform draws."""
        known = [Proposal(candidate, "initial") for candidate in islice(prior(self.space), max(1, count * 3 // 4))]
        return known + self._from_agent(count, rng)

    def _next(self, before: Sequence[Trial], count: int, rng: np.random.Generator) -> list[Proposal]:
        """The surrogate's pick of a pool: half the agent's, half mutations of the best trials."""
        told = [(trial.candidate, trial.reward) for trial in before if trial.reward is not None]
        half = max(count, self.search.pool // 2)
        from_agent = self._from_agent(half, rng)
        parents = [candidate for candidate, _ in sorted(told, key=lambda pair: -pair[1])[:PARENTS]]
        mutated = (
            [Proposal(mutate(self.space, parents[i % len(parents)], rng), "mutation") for i in range(half)]
            if parents
            else []
        )
        pool = list(_unseen(chain(from_agent, mutated), {trial.key for trial in before}))
        if len(told) < 2 or not pool:
            return pool[:count]
        return [pool[i] for i in select(self.features, told, [p.candidate for p in pool], count, rng)]

    def _from_agent(self, count: int, rng: np.random.Generator) -> list[Proposal]:
        return [Proposal(self.agent.ask(rng), "agent") for _ in range(count)]

    def _fill(self, rng: np.random.Generator) -> Iterator[Proposal]:
        """The whole space from a random place on: what a small space still holds when every proposal is known."""
        place = int(rng.integers(min(self.space.size, 2**62)))
        for i in range(self.space.size):
            yield Proposal(self.space.at((place + i) % self.space.size), "agent")


def _unseen(proposals: Iterator[Proposal] | chain[Proposal], known: set[str]) -> Iterator[Proposal]:
    """Each candidate once, without the known ones."""
    seen = set(known)
    for proposal in proposals:
        if proposal.candidate.key not in seen:
            seen.add(proposal.candidate.key)
            yield proposal
