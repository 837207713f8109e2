"""The text form is lossless, and the checks name node and rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from npas import zoo
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.graph.check import check, check_network
from npas.graph.graph import Graph, Network, Node
from npas.graph.text import dump, parse
from npas.ops import Add, Clip, Concat, Gelu, Input, Relu


def small() -> Graph:
    b = Builder("small")
    x = b.input((3, 8, 8))
    y = b.conv_bn_act(x, 8, 3, 2, activation="relu6")
    y = b.node(Gelu(approximate="tanh"), b.node(Clip(low=-1e-07, high=2.5), y))
    y = b.concat(y, b.conv(y, 8, 1, bias=True))
    return b.graph(b.linear(b.flatten(b.dropout(y, 0.25)), 10, bias=False))


@pytest.mark.parametrize(
    "graph", [small(), *(zoo.build(n, (3, 32, 32), 10) for n in zoo.NETWORKS)], ids=lambda g: g.name
)
def test_text_round_trip(graph: Graph) -> None:
    text = dump(graph)
    assert parse(text) == graph
    assert dump(parse(text)) == text
    assert len(text.splitlines()) == len(graph.nodes) + 2


def test_text_is_readable() -> None:
    lines = dump(small()).splitlines()
    assert lines[:3] == [
        "graph small",
        "input = input(shape=[1, 3, 8, 8])  # 1x3x8x8",
        "conv1 = conv2d(input, filters=8, kernel=[3, 3], stride=[2, 2], pads=[1, 1, 1, 1])  # 1x8x4x4",
    ]
    assert lines[-1] == "output linear1"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("graph small", "graph Small 1", "line 1: must be 'graph NAME'"),
        (
            "filters=8, kernel=[3, 3], stride",
            "filtres=8, kernel=[3, 3], stride",
            "line 3: conv2d.filters: Field required",
        ),
        ("bn1 = batch_norm(conv1)", "bn1 = batch_norm(conv9)", "node 'bn1': must read earlier nodes only, got 'conv9'"),
        ("bn1 = batch_norm(conv1)", "bn1 = batch_norm(conv1", "line 4: must be 'name = operator"),
        ("bn1 = batch_norm(conv1)", "bn1 = batch_norm(conv1, [)", "line 4: cannot read arguments"),
        ("bn1 = batch_norm(conv1)", "bn1 = nonsense(conv1)", "line 4: .*nonsense"),
        ("output linear1", "output nowhere", "outputs must be nodes, got nowhere"),
    ],
)
def test_bad_text_names_the_line(old: str, new: str, message: str) -> None:
    text = dump(small())
    assert old in text
    with pytest.raises(ValueError, match=message):
        parse(text.replace(old, new))


X = Node("x", Input(shape=(1, 2, 4, 4)))


@pytest.mark.parametrize(
    ("nodes", "outputs", "message"),
    [
        ((X, Node("X y", Relu(), ("x",))), ("x",), "node 'X y': name must match"),
        ((X, Node("x", Relu(), ("x",))), ("x",), "node 'x': name must be unique"),
        ((X, Node("a", Relu(), ("b",)), Node("b", Relu(), ("x",))), ("b",), "node 'a': must read earlier nodes"),
        ((X, Node("a", Add(), ("x",))), ("a",), "node 'a': add takes 2 inputs, got 1"),
        ((X, Node("a", Concat())), ("a",), "node 'a': concat takes at least one input, got 0"),
        ((X, Node("y", Input(shape=(1, 3, 4, 4))), Node("a", Add(), ("x", "y"))), ("a",), "node 'a': shapes"),
        ((Node("x", Input(shape=(1, 0, 4, 4))),), ("x",), "node 'x': shape must have no zeros"),
        ((Node("x", Input(shape=(1, 1 << 16, 1 << 16))),), ("x",), "below 2.31 elements"),
        ((X,), (), "outputs must be nodes, got none"),
        ((), (), "must have an input"),
    ],
)
def test_check_names_node_and_rule(nodes: tuple[Node, ...], outputs: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(Graph("g", nodes, outputs))


def test_check_network_looks_at_weights() -> None:
    network = initialise(small(), np.random.default_rng(0))
    check_network(network)
    name = "conv1.weight"
    for weights, message in [
        ({k: v for k, v in network.weights.items() if k != name}, r"missing \['conv1.weight'\]"),
        ({**network.weights, "more": network.weights[name]}, r"unexpected \['more'\]"),
        ({**network.weights, name: network.weights[name][:4]}, r"conv1.weight: must be float32 .8, 3, 3, 3."),
        ({**network.weights, name: network.weights[name].astype(np.float64)}, "must be float32"),
        ({**network.weights, name: network.weights[name] * np.float32("nan")}, "conv1.weight: must be finite"),
    ]:
        with pytest.raises(ValueError, match=message):
            check_network(replace(network, weights=weights))
    assert isinstance(network, Network)
