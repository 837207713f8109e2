"""Networks that work on one image only are found before anybody trains them."""

from __future__ import annotations

import pytest

from npas import zoo
from npas.graph.batch import check_batch
from npas.graph.graph import Graph, Node
from npas.ops import Add, AnyOp, Constant, Input, Mul, Reduce, Reshape, Slice, Softmax, Transpose

IMAGE = Input(shape=(1, 3, 4, 4))


@pytest.mark.parametrize("name", list(zoo.NETWORKS))
def test_the_zoo_keeps_images_apart(name: zoo.NetworkName) -> None:
    check_batch(zoo.build(name, (3, 32, 32), 10, 0.25))


@pytest.mark.parametrize(
    "op",
    [
        Reshape(shape=(1, 48)),
        Reshape(shape=(1, 3, 2, 8)),
        Transpose(order=(0, 2, 3, 1)),
        Slice(axis=1, start=0, count=2),
        Reduce(function="mean", axes=(2, 3)),
        Softmax(axis=1),
    ],
)
def test_batches_pass(op: AnyOp) -> None:
    check_batch(Graph("g", (Node("x", IMAGE), Node("y", op, ("x",))), ("y",)))


def test_constants_are_the_same_for_all_images() -> None:
    nodes = (
        Node("x", IMAGE),
        Node("c", Constant(shape=(3, 1, 1))),
        Node("d", Constant(shape=(4,))),
        Node("e", Mul(), ("c", "d")),
        Node("y", Add(), ("x", "e")),
    )
    check_batch(Graph("g", nodes, ("y",)))


@pytest.mark.parametrize(
    "op",
    [
        Reshape(shape=(3, 16)),
        Transpose(order=(1, 0, 2, 3)),
        Reduce(function="sum", axes=(0, 2)),
        Reduce(function="max", axes=(0,), keep=False),
    ],
)
def test_what_mixes_images_is_named(op: AnyOp) -> None:
    with pytest.raises(ValueError, match=r"^node y: (mixes the images|works for one image only)"):
        check_batch(Graph("g", (Node("x", IMAGE), Node("y", op, ("x",))), ("y",)))


def test_inputs_have_one_image() -> None:
    with pytest.raises(ValueError, match="node x: batch must be 1, got shape"):
        check_batch(Graph("g", (Node("x", Input(shape=(2, 3, 4, 4))),), ("x",)))
