"""Candidates that are worth a trial before anything is known: one scheme at one rate everywhere.

They are what a person would try first, and they bracket the budget: a short search that has seen the middle and the
highest rate of block-punched pruning knows whether the budget can be met at all. As is usual in pruning, the first
layer and depthwise layers stay as they are: they hold few weights and much accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator

from npas.ops import Conv2d
from npas.search.candidate import Candidate
from npas.search.space import SearchSpace, Site
from npas.spec.schema import SchemeName

ORDER: tuple[SchemeName, ...] = ("block_punched", "pattern", "filter", "block", "unstructured")
"""The paper's schemes first. ``block`` only serves where ``block_punched`` does not apply, as FC layers' part of it."""


def prior(space: SearchSpace) -> Iterator[Candidate]:
    """Uniform candidates, the most telling first, each once: the first scheme at its middle and highest rate, the
    others at their middle one, the first at its lowest, the network as it is, then all that is left."""
    order = [(scheme, rates) for scheme in ORDER if scheme != "block" and (rates := _rates(space, scheme))]
    pairs: list[tuple[SchemeName, float]] = []
    if order:
        first, rates = order[0]
        pairs += [(first, rates[len(rates) // 2]), (first, rates[-1])]
        pairs += [(scheme, others[len(others) // 2]) for scheme, others in order[1:]]
        pairs += [(first, rates[0])]
    candidates = [uniform(space, scheme, rate) for scheme, rate in pairs] + [space.dense()]
    candidates += [uniform(space, scheme, rate) for scheme, rates in order for rate in rates]
    seen: set[str] = set()
    for candidate in candidates:
        if candidate.key not in seen:
            seen.add(candidate.key)
            yield candidate


def uniform(space: SearchSpace, scheme: SchemeName, rate: float) -> Candidate:
    """Every layer but the first and the depthwise ones with the scheme at the nearest rate that it has there; layers
    that do not take the scheme get the first of ``ORDER`` that they take."""
    return space.candidate(
        tuple(
            0 if i == 0 or _is_depthwise(space, site) else _nearest(site, scheme, rate)
            for i, site in enumerate(space.sites)
        )
    )


def _nearest(site: Site, scheme: SchemeName, rate: float) -> int:
    own = [(i, c) for i, c in enumerate(site.choices) if c.filter_type == site.own_type and c.rate > 1]
    for wanted in (scheme, *ORDER):
        of_scheme = [(i, c) for i, c in own if c.scheme == wanted]
        if of_scheme:
            return min(of_scheme, key=lambda pair: abs(pair[1].rate - rate))[0]
    return 0


def _rates(space: SearchSpace, scheme: SchemeName) -> list[float]:
    return sorted(
        {
            c.rate
            for s in space.sites
            for c in s.choices
            if c.filter_type == s.own_type and c.scheme == scheme and c.rate > 1
        }
    )


def _is_depthwise(space: SearchSpace, site: Site) -> bool:
    node = space.graph.node(site.node)
    return isinstance(node.op, Conv2d) and node.op.is_depthwise(space.graph.input_shapes(node)[0][1])
