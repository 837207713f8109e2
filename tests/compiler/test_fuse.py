"""Groups of fused nodes: each node once, in an order in which all that a group reads is there."""

from __future__ import annotations

import pytest
from random_graphs import random_graph

from npas import zoo
from npas.compiler.fuse import fuse
from npas.graph.graph import Graph


def graphs() -> list[Graph]:
    return [*(random_graph(seed) for seed in range(60)), *(zoo.build(name) for name in zoo.NETWORKS)]


@pytest.fixture(scope="module")
def all_graphs() -> list[Graph]:
    return graphs()


def test_every_node_is_in_one_group(all_graphs: list[Graph]) -> None:
    for graph in all_graphs:
        fused = [name for group in fuse(graph) for name in group.nodes]
        assert sorted(fused) == sorted(node.name for node in graph.nodes)


def test_what_a_group_reads_is_computed_before(all_graphs: list[Graph]) -> None:
    """By groups that came before: then no path leaves a group and comes back, as convexity asks."""
    for graph in all_graphs:
        known = set(graph.inputs)
        for group in fuse(graph):
            inside = set(group.nodes)
            read = {name for node in (group.root, *group.chain) for name in node.inputs} - inside
            assert read <= known, (group.nodes, read - known)
            known.add(group.value)


def test_only_the_last_value_of_a_group_is_read_outside(all_graphs: list[Graph]) -> None:
    for graph in all_graphs:
        for group in fuse(graph):
            for name in group.nodes[:-1]:
                assert name not in graph.outputs
                assert {consumer.name for consumer in graph.consumers[name]} <= set(group.nodes), group.nodes
