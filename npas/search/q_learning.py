"""The agent: tabular Q-learning over the layers (NPAS, phase 2; schedule of MetaQNN, Baker et al. 2017, table 2).

Symbols
    L      number of sites; an episode takes one action at each, in the order of the graph
    s      state (i, c): at site i, having chosen c at site i - 1 (c = 0 at the first)
    a      action: the choice of site i
    r      reward of the trial; every step of its episode gets r / L
    Q      table, state -> value of each action [n_i]
    lr     learning rate 0.01;  gamma = 1 discount;  epsilon share of random actions

The table starts at 0, which is neutral: an untried action is worth less than one that led to a network within the
budget (r > 0) and more than one that led far over it (r < 0). With 10^20 candidates and some dozens of trials an
optimistic start would make every greedy step a random one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from npas.search.candidate import Candidate
from npas.search.space import SearchSpace

SCHEDULE = ((1.0, 1500), (0.9, 100), (0.8, 100), (0.7, 100), *((e / 10, 150) for e in range(6, 0, -1)))
"""(epsilon, models trained with it) of MetaQNN; here in proportion to the length of the search."""

Episode = tuple[tuple[int, ...], float]


def epsilon(told: int, total: int) -> float:
    """Share of random actions when ``told`` of ``total`` trials are known; 0.1 from the end on."""
    models = told / total * sum(count for _, count in SCHEDULE)
    for value, count in SCHEDULE:
        if models < count:
            return value
        models -= count
    return SCHEDULE[-1][0]


class QAgent:
    """Learns from trials, proposes candidates. Telling the same trials with the same generators rebuilds it."""

    def __init__(
        self, space: SearchSpace, total: int, *, lr: float = 0.01, gamma: float = 1.0, replay: int = 100
    ) -> None:
        self.space = space
        self.total = total
        self.lr = lr
        self.gamma = gamma
        self.replay = replay
        self.episodes: list[Episode] = []
        self._q: dict[tuple[int, int], NDArray[np.float64]] = {}

    @property
    def epsilon(self) -> float:
        return epsilon(len(self.episodes), self.total)

    def values(self, site: int, last: int) -> NDArray[np.float64]:
        """Q of each action [n_i] in state (site, last)."""
        return self._q.setdefault((site, last), np.zeros(len(self.space.sites[site].choices)))

    def ask(self, rng: np.random.Generator) -> Candidate:
        """An episode: random actions in share epsilon, the best known ones otherwise (ties at random)."""
        return self._episode(self.epsilon, rng)

    def greedy(self, rng: np.random.Generator) -> Candidate:
        """The episode that the table thinks best."""
        return self._episode(0.0, rng)

    def tell(self, candidate: Candidate, reward: float, rng: np.random.Generator) -> None:
        """Remember an episode, then learn from ``replay`` of all that are remembered (itself first)."""
        self.episodes.append((self.space.indices(candidate), reward))
        self._learn(*self.episodes[-1])
        for i in rng.integers(len(self.episodes), size=self.replay):
            self._learn(*self.episodes[i])

    def _episode(self, random_share: float, rng: np.random.Generator) -> Candidate:
        actions: list[int] = []
        last = 0
        for i, site in enumerate(self.space.sites):
            values = self._q.get((i, last))
            if values is None or rng.random() < random_share:
                last = int(rng.integers(len(site.choices)))
            else:
                last = int(rng.choice(np.flatnonzero(values == values.max())))
            actions.append(last)
        return self.space.candidate(tuple(actions))

    def _learn(self, actions: tuple[int, ...], reward: float) -> None:
        """Sweep one episode backwards: Q <- (1 - lr) Q + lr (r / L + gamma max Q')."""
        share = reward / len(actions)
        following = 0.0
        for i in range(len(actions) - 1, -1, -1):
            values = self.values(i, actions[i - 1] if i else 0)
            values[actions[i]] += self.lr * (share + self.gamma * following - values[actions[i]])
            following = float(values.max())
