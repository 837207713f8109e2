"""The zoo under filter pruning: real topologies really shrink, and still compute the same."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import assert_same

from npas import zoo
from npas.algorithms import one_shot
from npas.compiler.passes import simplify
from npas.graph.check import check_network
from npas.graph.graph import Network
from npas.ops import BatchNorm, Dropout, Mul
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning


@pytest.mark.parametrize("name", zoo.NETWORKS)
def test_filter_pruning_every_convolution_divides_macs_by_about_the_rate_squared(name) -> None:
    graph = zoo.build(name, (3, 32, 32), 10, width=0.5)
    rng = np.random.default_rng(0)
    draws = {
        weight: rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:])) for weight, shape in graph.parameters.items()
    }
    dense = Network(graph, {n: np.abs(w) + 0.5 if n.endswith(".var") else w for n, w in draws.items()})
    kinds = {node.name: kind_of(node, graph) for node in graph.nodes}
    convs = [n for n, kind in kinds.items() if kind not in (None, "fc") and SCHEMES["filter"].applies(kind)]
    pruned = one_shot(dense, {conv: Pruning("filter", 2.0) for conv in convs})
    small = simplify(pruned.network)

    assert_same(pruned.network, small)
    check_network(Network(small.graph, {n: w.astype(np.float32) for n, w in small.weights.items()}))
    assert not any(isinstance(node.op, BatchNorm | Dropout) for node in small.graph.nodes)
    if any(isinstance(node.op, Mul) for node in graph.nodes):
        # A channel that is constant before squeeze-excite is none behind it: its depthwise layer stays whole.
        assert small.graph.total_macs < 0.5 * graph.total_macs
        return
    if name in ("amoebanet_a_mobile", "nasnet_a_mobile"):
        # Cells add up states whose filters went in different places: what one of them keeps, all keep.
        assert small.graph.total_macs < 0.45 * graph.total_macs
        return
    for conv in convs:
        # Depthwise layers give the channel back as a constant, which the next layer's bias takes.
        assert small.graph.node(conv).op.filters == graph.node(conv).op.filters // 2, conv
    assert small.graph.total_macs < 0.31 * graph.total_macs
