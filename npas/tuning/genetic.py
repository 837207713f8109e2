"""A genetic algorithm over the schedules of one layer.

The first generation is the cost estimate's favourites and small changes of them; later ones are children of the fastest
half so far, by crossing and mutation, with a stranger among them. Nothing is proposed twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from npas.compiler.schedules.records import AnySchedule
from npas.compiler.schedules.space import Space

_CROSSED = 0.5
"""How often a child has two parents."""
_TRIES = 30


class Strategy(Protocol):
    """Proposes schedules and hears how long they took."""

    def propose(self) -> Sequence[AnySchedule]:
        """A generation, at most; empty where nothing new is left to try."""
        ...

    def tell(self, schedule: AnySchedule, time_ms: float) -> None: ...


class Genetic:
    """The strategy of a build. ``seeds`` come best first; all randomness is ``rng``'s."""

    def __init__(self, space: Space, seeds: Sequence[AnySchedule], population: int, rng: np.random.Generator) -> None:
        self.space, self.population, self.rng = space, population, rng
        self.seeds = tuple(dict.fromkeys(seeds))
        self.times: dict[AnySchedule, float] = {}
        self._proposed: set[AnySchedule] = set()

    def propose(self) -> tuple[AnySchedule, ...]:
        generation = list(self.seeds[: self.population]) if not self._proposed else []
        self._proposed.update(generation)
        parents = self._parents()
        while len(generation) < self.population:
            stranger = bool(self.times) and not generation
            child = self._new(parents, stranger)
            if child is None:
                break
            generation.append(child)
            self._proposed.add(child)
        return tuple(generation)

    def tell(self, schedule: AnySchedule, time_ms: float) -> None:
        self.times[schedule] = min(time_ms, self.times.get(schedule, time_ms))

    def _parents(self) -> tuple[AnySchedule, ...]:
        """Fastest first."""
        ranked = sorted(self.times, key=lambda schedule: self.times[schedule])
        return tuple(ranked[: max(2, self.population // 2)]) or self.seeds

    def _new(self, parents: Sequence[AnySchedule], stranger: bool) -> AnySchedule | None:
        """A schedule not proposed before; None where many tries found none."""
        for attempt in range(_TRIES):
            if stranger or not parents or attempt > _TRIES // 2:
                made = self.space.random(self.rng)
            else:
                made = self._pick(parents)
                if self.rng.random() < _CROSSED:
                    made = self.space.crossed(made, self._pick(parents), self.rng)
                made = self.space.mutated(made, self.rng)
            if made not in self._proposed:
                return made
        return None

    def _pick(self, parents: Sequence[AnySchedule]) -> AnySchedule:
        """The better of two at random."""
        return parents[int(self.rng.integers(len(parents), size=2).min())]
