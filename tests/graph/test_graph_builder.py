"""The builder names nodes the same way every time and says which node does not fit."""

from __future__ import annotations

import pytest

from npas.graph.builder import Builder
from npas.graph.graph import Graph


def small() -> Graph:
    b = Builder("small")
    x = b.input((3, 8, 8))
    y = b.conv_bn_act(x, 8, 3, 2, activation="relu6")
    with b.scope("block1"):
        y = b.add(y, b.conv(y, 8, 1, bias=True))
    return b.graph(b.linear(b.flatten(y), 10))


def test_names_count_per_kind_and_scope() -> None:
    names = [node.name for node in small().nodes]
    assert names == ["input", "conv1", "bn1", "act1", "block1_conv1", "block1_add1", "flatten1", "linear1"]


def test_shapes_follow() -> None:
    shapes = small().shapes
    assert shapes["conv1"] == (1, 8, 4, 4)
    assert shapes["linear1"] == (1, 10)
    assert small().parameters["block1_conv1.bias"] == (8,)


def test_errors_name_the_node() -> None:
    b = Builder("bad")
    x = b.input((3, 8, 8))
    y = b.conv(x, 4)
    with pytest.raises(ValueError, match="node add1: shapes"):
        b.add(x, y)
    with pytest.raises(ValueError, match="node relu1: reads values that do not exist yet, got nowhere"):
        b.node(b.nodes[1].op, "nowhere", kind="relu")
    with pytest.raises(ValueError, match="name is taken"):
        b.conv(x, 4, name="input")
    with pytest.raises(ValueError, match="name must match"):
        b.conv(x, 4, name="Conv 1")
