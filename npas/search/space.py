"""What the search may choose: per layer a filter type, a pruning scheme and a rate (NPAS, phase 2).

Symbols
    L   number of sites (layers where something may be chosen)
    n_i number of choices of site i; the space holds n_1 * ... * n_L candidates
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import get_args

import numpy as np

from npas.errors import DriftError
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, Linear
from npas.rewrite import filter_types
from npas.schemes import SCHEMES
from npas.schemes.kind import LayerKind, kind_of
from npas.search.candidate import Candidate, Choice
from npas.spec.schema import FilterType, SchemeName, Search

UNPRUNED: SchemeName = "unstructured"
"""The scheme that a choice of rate 1 carries, so that an unpruned layer has one spelling and one key."""

PRUNED_KIND: dict[str, LayerKind] = {
    "1x1": "conv1x1",
    "3x3": "conv3x3",
    "3x3dw_1x1": "conv1x1",
    "1x1_3x3dw_1x1": "conv1x1",
}
"""The layer kind that decides which schemes a replacement takes: of a sequence, the 1x1s, where the weights are."""


@dataclass(frozen=True, slots=True)
class Site:
    """A layer where the search may choose. The first choice is the layer as it is, unpruned."""

    node: str
    own_type: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class SearchSpace:
    """Every candidate of one graph: one choice for each site, in the order of the graph."""

    graph: Graph
    sites: tuple[Site, ...]

    @staticmethod
    def of(graph: Graph, search: Search) -> SearchSpace:
        """The space of a (friendly) graph: its convolutions and fully connected layers, each with the filter types
        its shapes and the spec allow, times the schemes that apply to the type, times the rates above 1."""
        last = _last_layers(graph)
        sites = (
            _site(node, graph, search, keeps_filters=node.name in last)
            for node in graph.nodes
            if isinstance(node.op, Conv2d | Linear)
        )
        return SearchSpace(graph, tuple(site for site in sites if len(site.choices) > 1))

    def choices(self, site: Site | str) -> tuple[Choice, ...]:
        """What a site may become; the first choice leaves it as it is."""
        return self.by_node[site].choices if isinstance(site, str) else site.choices

    @cached_property
    def by_node(self) -> dict[str, Site]:
        return {site.node: site for site in self.sites}

    @cached_property
    def size(self) -> int:
        """How many candidates there are, exactly."""
        return prod(len(site.choices) for site in self.sites)

    def dense(self) -> Candidate:
        """The network as it is."""
        return self.candidate((0,) * len(self.sites))

    def random(self, rng: np.random.Generator) -> Candidate:
        """A candidate drawn uniformly from the space."""
        return self.candidate(tuple(int(rng.integers(len(site.choices))) for site in self.sites))

    def candidate(self, indices: tuple[int, ...]) -> Candidate:
        """The candidate with the given choice of each site."""
        return Candidate({site.node: site.choices[i] for site, i in zip(self.sites, indices, strict=True)})

    def indices(self, candidate: Candidate) -> tuple[int, ...]:
        """Which choice the candidate takes at each site. Raises DriftError where it is not of this space."""
        self.validate(candidate)
        return tuple(self._positions[site.node][candidate.choices[site.node]] for site in self.sites)

    def at(self, number: int) -> Candidate:
        """Candidate ``number`` of ``size``, counting with the last site fastest."""
        indices = []
        for site in reversed(self.sites):
            number, index = divmod(number, len(site.choices))
            indices.append(index)
        return self.candidate(tuple(reversed(indices)))

    def validate(self, candidate: Candidate) -> None:
        """Raises DriftError, naming the first site that differs, where the candidate is not of this space."""
        for node in candidate.choices:
            if node not in self.by_node:
                raise DriftError(f"candidate: {node} is not a site of {self.graph.name}, search again")
        for site in self.sites:
            choice = candidate.choices.get(site.node)
            if choice is None:
                raise DriftError(f"candidate: needs a choice for {site.node}, got none, search again")
            if choice not in self._positions[site.node]:
                raise DriftError(f"candidate: {site.node} cannot become '{choice}', allow it in search or search again")

    @cached_property
    def _positions(self) -> dict[str, dict[Choice, int]]:
        return {site.node: {choice: i for i, choice in enumerate(site.choices)} for site in self.sites}


def _site(node: Node, graph: Graph, search: Search, keeps_filters: bool) -> Site:
    own, *others = filter_types.options(node, graph)
    own_kind = kind_of(node, graph)
    choices = _choices(own, own_kind, search, keeps_filters)
    for other in others:
        if other in search.filter_types:
            choices += _choices(other, PRUNED_KIND.get(other), search, keeps_filters)
    return Site(node.name, own, choices)


def _choices(filter_type: str, kind: LayerKind | None, search: Search, keeps_filters: bool) -> tuple[Choice, ...]:
    """The type unpruned, then with each scheme at each rate; ``skip`` (no kind) has nothing to prune."""
    unpruned = (Choice(filter_type, UNPRUNED, 1.0),)
    if kind is None:
        return unpruned
    schemes = [
        SCHEMES[name]
        for name in dict.fromkeys(search.schemes)
        if SCHEMES[name].applies(kind) and not (name == "filter" and keeps_filters)
    ]
    rates = sorted({float(rate) for rate in search.rates if rate > 1})
    return unpruned + tuple(
        Choice(filter_type, scheme.name, rate) for scheme in schemes for rate in rates if rate >= scheme.min_rate
    )


def _last_layers(graph: Graph) -> frozenset[str]:
    """The layers whose filters are the outputs': those that reach an output without another layer between."""
    last: set[str] = set()
    seen: set[str] = set()
    todo = list(graph.outputs)
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        node = graph.node(name)
        if isinstance(node.op, Conv2d | Linear) and not _is_depthwise(node, graph):
            last.add(name)
        else:
            todo.extend(node.inputs)
            last.update({name} if isinstance(node.op, Conv2d) else ())
    return frozenset(last)


def _is_depthwise(node: Node, graph: Graph) -> bool:
    return isinstance(node.op, Conv2d) and node.op.is_depthwise(graph.input_shapes(node)[0][1])


assert set(PRUNED_KIND) | {"skip"} == set(get_args(FilterType)), "a filter type needs its line in PRUNED_KIND"
