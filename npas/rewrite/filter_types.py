"""Phase 2's filter types: which a layer may take, and a candidate's graph and weights.

A replaced layer's last convolution keeps the layer's name; those before it are ``<layer>_pw`` and ``<layer>_dw``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from npas.graph.graph import Graph, Network, Node
from npas.ops import Conv2d, Linear
from npas.rewrite.bypass import bypass
from npas.rewrite.parts import Parts, parts_of
from npas.rewrite.sequential import rebuild
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Candidate, Choice, OwnType, Pruning
from npas.spec.schema import FilterType

FILTER_TYPES: tuple[FilterType, ...] = get_args(FilterType)

LONGEST_STEM = 56
"""Names have at most 63 characters; the suffix and a number must fit."""


def own_type(node: Node, graph: Graph) -> OwnType:
    """What a layer is before any search: ``3x3``, ``1x1``, ``7x7``, ``3x3dw``, ``3x3g2`` (2 groups) or ``fc``."""
    op = node.op
    if isinstance(op, Linear):
        return "fc"
    assert isinstance(op, Conv2d), f"{node.name}: {op.type} has no filters"
    size = f"{op.kernel[0]}x{op.kernel[1]}"
    if op.groups == 1:
        return size
    return f"{size}dw" if op.is_depthwise(graph.input_shapes(node)[0][1]) else f"{size}g{op.groups}"


def options(node: Node, graph: Graph) -> tuple[OwnType | FilterType, ...]:
    """The filter types that a layer may take, its own first. Every other one has fewer multiply-accumulates."""
    own = own_type(node, graph)
    return (own, *(kind for kind in FILTER_TYPES if kind != own and _allowed(kind, node, graph)))


def apply_graph(graph: Graph, candidate: Candidate) -> tuple[Graph, dict[str, Pruning]]:
    """The candidate's graph, and the prunings by its node names.

    In a sequence the 1x1 convolutions are pruned, where the weights are; the depthwise one only by schemes that do
    not fit them. What no scheme fits, or a rate below the scheme's ``min_rate``, stays dense.
    """
    result = _rewrite(graph, candidate)
    return result.graph, result.prunings(candidate)


def apply(network: Network, candidate: Candidate, images: NDArray[np.float32]) -> tuple[Network, dict[str, Pruning]]:
    """``apply_graph`` with weights: every replacement is fitted to its layer's outputs on ``images`` [N, C, H, W].

    Other layers keep their weights. The same network, candidate and images give the same weights.
    """
    result = _rewrite(network.graph, candidate)
    changed = {
        site: parts for site, parts in result.parts.items() if parts and parts[-1].op != network.graph.node(site).op
    }
    return rebuild(network, result.graph, changed, images), result.prunings(candidate)


@dataclass(frozen=True)
class _Rewritten:
    """A candidate's graph, and site -> the nodes that took its place (none for a skipped one)."""

    graph: Graph
    parts: Mapping[str, tuple[Node, ...]]

    def prunings(self, candidate: Candidate) -> dict[str, Pruning]:
        return {
            part.name: Pruning(choice.scheme, choice.rate)
            for site, choice in candidate.choices.items()
            for part in self._pruned(site, choice)
        }

    def _pruned(self, site: str, choice: Choice) -> Iterable[Node]:
        scheme = SCHEMES[choice.scheme]
        if choice.rate == 1 or choice.rate < scheme.min_rate:
            return ()
        kinds = {part.name: kind_of(part, self.graph) for part in self.parts[site]}
        fitting = [part for part in self.parts[site] if (kind := kinds[part.name]) and scheme.applies(kind)]
        return [part for part in fitting if kinds[part.name] == "conv1x1"] or fitting


def _rewrite(graph: Graph, candidate: Candidate) -> _Rewritten:
    missing = [site for site in candidate.choices if site not in graph]
    assert not missing, f"sites that the graph lacks: {missing}"
    renamed: dict[str, str] = {}
    nodes: list[Node] = []
    parts: dict[str, tuple[Node, ...]] = {}
    taken = {node.name for node in graph.nodes}
    for node in graph.nodes:
        if node.name in renamed:
            continue
        rewired = replace(node, inputs=tuple(renamed.get(name, name) for name in node.inputs))
        made: tuple[Node, ...] = (rewired,)
        if (choice := candidate.choices.get(node.name)) is not None:
            made = _made(node, rewired, choice, graph, taken)
            parts[node.name] = made
        if not made:
            renamed |= {link.name: rewired.inputs[0] for link in bypass(node, graph)}
        nodes += made
    return _Rewritten(graph.with_nodes(nodes), parts)


def _made(node: Node, rewired: Node, choice: Choice, graph: Graph, taken: set[str]) -> tuple[Node, ...]:
    """The nodes that take a layer's place; none where it is skipped."""
    if choice.filter_type == own_type(node, graph):
        return (rewired,)
    kind = cast(FilterType, choice.filter_type)
    assert kind in FILTER_TYPES and _allowed(kind, node, graph), f"{node.name}: cannot become {kind}"
    if kind == "skip":
        return ()
    parts = parts_of(kind, node, graph)
    assert parts
    return _chained(rewired, parts, graph, taken)


def _chained(node: Node, parts: Parts, graph: Graph, taken: set[str]) -> tuple[Node, ...]:
    made: list[Node] = []
    for part in parts[:-1]:
        name = _fresh(f"{node.name[:LONGEST_STEM]}_{'pw' if part.kernel == (1, 1) else 'dw'}", taken)
        made.append(Node(name, part, (made[-1].name,) if made else node.inputs))
    return (*made, Node(node.name, parts[-1], (made[-1].name,) if made else node.inputs))


def _fresh(stem: str, taken: set[str]) -> str:
    name, count = stem, 1
    while name in taken:
        count += 1
        name = f"{stem}{count}"
    taken.add(name)
    return name


def _allowed(kind: FilterType, node: Node, graph: Graph) -> bool:
    return bool(bypass(node, graph)) if kind == "skip" else parts_of(kind, node, graph) is not None
