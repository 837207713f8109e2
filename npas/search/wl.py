"""Weisfeiler-Lehman features of candidates' graphs (NAS-BOWL, Ru et al. 2021; Shervashidze et al. 2011).

Symbols
    h      iteration, 0..H: how many edges a label has seen
    X_h    counts of the labels of iteration h, sparse [candidates, labels]
    K_h    normalised kernel of iteration h [candidates, candidates]: cosine of the rows of X_h

The graph is the network as the candidate rewrites it, without the operators that only follow a layer (batch-norm,
activations): otherwise h = 2 would not reach from one convolution to the next. A node's label is its operator and shape
with the choice that it takes; equal layers share labels, so what is learnt of one is learnt of all.

Iteration 0 counts a label's parts instead of the label: the filter type, the scheme, and every rate up to the chosen
one, each for all layers of this shape and for this very layer. So a layer pruned 5x is more like one pruned 7x than
like an unpruned one, which plain labels, equal or not, cannot say; on the tests' problem the rank correlation of
prediction and truth after 40 trials rises from 0.63 to 0.75. Iterations 1 and 2 are plain Weisfeiler-Lehman.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from npas.graph.graph import Graph, Node
from npas.ops import BatchNorm, Dropout, Elementwise
from npas.search.candidate import Candidate, Choice
from npas.search.space import SearchSpace

Counts = tuple[dict[int, int], ...]
"""Per iteration: label -> how many nodes bear it."""


class WLFeatures:
    """Labels are numbered as they come up; a candidate's counts are kept, so that it is labelled once."""

    def __init__(self, space: SearchSpace, iterations: int = 2) -> None:
        self.iterations = iterations
        self._nodes = _skeleton(space.graph)
        self._rates = sorted({c.rate for site in space.sites for c in site.choices if c.rate > 1})
        self._labels: dict[object, int] = {}
        self._counts: dict[str, Counts] = {}

    def gram(self, candidates: Sequence[Candidate]) -> NDArray[np.float64]:
        """K_h of every iteration: [H + 1, candidates, candidates]."""
        rows = [self.counts(candidate) for candidate in candidates]
        return np.stack([_cosine([row[h] for row in rows], len(self._labels)) for h in range(self.iterations + 1)])

    def counts(self, candidate: Candidate) -> Counts:
        key = candidate.key
        if key not in self._counts:
            self._counts[key] = self._count(candidate)
        return self._counts[key]

    def _count(self, candidate: Candidate) -> Counts:
        choices = {name: candidate.choices.get(name) for name in self._nodes}
        parts = [
            self._number((owner, part))
            for name, (text, _, _) in self._nodes.items()
            for part in self._parts(choices[name])
            for owner in (text, name)
        ]
        labels = [self._number((text, choices[name])) for name, (text, _, _) in self._nodes.items()]
        counts = [_histogram(parts)]
        for _ in range(self.iterations):
            labels = [
                self._number((label, tuple(sorted(labels[i] for i in before)), tuple(sorted(labels[i] for i in after))))
                for label, (_, before, after) in zip(labels, self._nodes.values(), strict=True)
            ]
            counts.append(_histogram(labels))
        return tuple(counts)

    def _parts(self, choice: Choice | None) -> tuple[object, ...]:
        """What iteration 0 counts of a node: that it is there, its filter type, its scheme, the rates it reaches."""
        if choice is None:
            return (None,)
        reached = tuple(rate for rate in self._rates if rate <= choice.rate)
        pruned = ((choice.filter_type, choice.scheme),) if choice.rate > 1 else ()
        return (None, choice.filter_type, *pruned, *reached)

    def _number(self, label: object) -> int:
        return self._labels.setdefault(label, len(self._labels))


def _histogram(labels: Sequence[int]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    return counts


def _cosine(rows: Sequence[dict[int, int]], labels: int) -> NDArray[np.float64]:
    indptr = np.cumsum([0] + [len(row) for row in rows])
    indices = np.fromiter((label for row in rows for label in row), np.int64, indptr[-1])
    data = np.fromiter((count for row in rows for count in row.values()), np.float64, indptr[-1])
    x = csr_array((data, indices, indptr), shape=(len(rows), labels))
    gram = np.asarray((x @ x.T).todense())
    norm = np.sqrt(gram.diagonal())
    return np.asarray(gram / np.outer(norm, norm))


def _skeleton(graph: Graph) -> dict[str, tuple[str, tuple[int, ...], tuple[int, ...]]]:
    """Node -> (operator and shape, positions of the nodes before, and after), without operators that only follow."""
    kept = {node.name: i for i, node in enumerate(node for node in graph.nodes if not _only_follows(node))}
    source: dict[str, str] = {}
    for node in graph.nodes:
        source[node.name] = node.name if node.name in kept else source[node.inputs[0]]
    before = {name: tuple(kept[source[i]] for i in graph.node(name).inputs) for name in kept}
    after: dict[str, list[int]] = {name: [] for name in kept}
    for name, reads in before.items():
        for position in reads:
            after[list(kept)[position]].append(kept[name])
    texts = {name: f"{graph.node(name).op.model_dump_json()} {graph.shapes[name]}" for name in kept}
    return {name: (texts[name], before[name], tuple(after[name])) for name in kept}


def _only_follows(node: Node) -> bool:
    return isinstance(node.op, BatchNorm | Dropout | Elementwise) and len(node.inputs) == 1
