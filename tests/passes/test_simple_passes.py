"""What remove_identity and fold_batch_norm take, leave and rename."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import Draft, assert_same

from npas.compiler.passes import fold_batch_norm, remove_identity, simplify
from npas.graph.graph import Network
from npas.ops import BatchNorm, Concat, Conv2d, Dropout, Flatten, GlobalAvgPool, Linear, MaxPool, Relu


def names(network: Network) -> list[str]:
    return [node.name for node in network.graph.nodes]


def test_identities_and_dead_code_go() -> None:
    d = Draft()
    a = d.add(Dropout(), d.conv("x", 4, name="a"))
    a = d.add(Concat(), d.add(MaxPool(kernel=(1, 1)), a))
    d.conv(a, 4, name="unread")
    pooled = d.add(GlobalAvgPool(), d.add(GlobalAvgPool(), a, name="pool"))
    flat = d.add(Flatten(), d.add(Flatten(), pooled, name="flat"))
    last = d.add(Dropout(), d.add(Linear(filters=3), flat, name="fc"))
    before = d.network(last)
    after = remove_identity.run(before)
    assert_same(before, after)
    assert names(after) == ["x", "a", "pool", "flat", "fc"]
    assert after.graph.outputs == ("fc",)
    assert not any(name.startswith("unread") for name in after.weights)


def test_every_output_keeps_a_value_of_its_own() -> None:
    d = Draft()
    a = d.conv("x", 4, name="a")
    first, second, of_input = d.add(Dropout(), a), d.add(Dropout(), a), d.add(Dropout(), "x")
    before = d.network(first, second, of_input)
    after = remove_identity.run(before)
    assert_same(before, after)
    assert after.graph.outputs == ("a", second, of_input)


def test_what_reads_an_identity_that_stays_reads_its_source() -> None:
    d = Draft()
    a = d.add(Relu(), d.conv("x", 4, name="a"), name="shown")
    kept = d.add(Dropout(), a, name="kept")
    too = d.add(Dropout(), d.add(Dropout(), kept), name="too")
    last = d.conv(d.add(Dropout(), too), 5, name="last")
    before = d.network(a, kept, too, last)
    after = remove_identity.run(before)
    assert_same(before, after)
    assert {after.graph.node(name).inputs for name in ("kept", "too", "last")} == {("shown",)}
    assert after.graph.outputs == ("shown", "kept", "too", "last")


def test_batch_norm_folds_into_the_layer_that_it_alone_reads() -> None:
    d = Draft()
    a = d.add(BatchNorm(epsilon=1e-3), d.conv("x", 4, name="a"), name="bn_a")
    b = d.add(BatchNorm(), d.add(BatchNorm(), d.conv(d.add(Relu(), a), 5, groups=1, bias=True, name="b")), name="bn_b")
    flat = d.add(Flatten(), d.conv(b, 10, groups=5, name="dw"))
    last = d.add(BatchNorm(), d.add(Linear(filters=3, bias=False), flat, name="fc"), name="bn_fc")
    before = d.network(b, last)
    after = fold_batch_norm.run(before)
    assert_same(before, after)
    assert not any(isinstance(node.op, BatchNorm) for node in after.graph.nodes)
    assert after.graph.outputs == ("b", "fc")


@pytest.mark.parametrize("filters", [3, 6])
def test_batch_norm_of_other_axes_than_a_layers_filters_stands_alone(filters: int) -> None:
    """Of [1, C, T, F], a fully connected layer's filters are the last axis, and batch-norm's channels the second."""
    d = Draft((1, 3, 5, 4))
    d.add(BatchNorm(), d.add(Linear(filters=filters, bias=False), "x", name="fc"), name="bn")
    before = d.network()
    after = fold_batch_norm.run(before)
    assert_same(before, after)
    assert names(after) == ["x", "fc", "bn"]


@pytest.mark.parametrize("shown", [True, False])
def test_batch_norm_of_a_shared_or_shown_value_becomes_depthwise(shown) -> None:
    d = Draft()
    a = d.conv("x", 4, name="a")
    bn = d.add(BatchNorm(), a, name="bn")
    outputs = (bn, a) if shown else (bn, d.add(Relu(), a))
    before = d.network(*outputs)
    after = fold_batch_norm.run(before)
    assert_same(before, after)
    assert after.graph.outputs == outputs
    assert after.graph.node("bn").op == Conv2d(filters=4, kernel=(1, 1), groups=4, bias=True)
    assert np.array_equal(after.weights["a.weight"], before.weights["a.weight"])


def test_batch_norm_of_an_input_and_of_features() -> None:
    d = Draft()
    flat = d.add(Flatten(), d.add(BatchNorm(), "x"))
    before = d.network(d.add(Linear(filters=3), d.add(BatchNorm(), flat)))
    after = fold_batch_norm.run(before)
    assert_same(before, after)
    assert [node.op.type for node in after.graph.nodes] == ["input", "conv2d", "flatten", "linear", "linear"]


def test_folding_keeps_zeros_and_float32() -> None:
    d = Draft()
    d.add(BatchNorm(), d.conv("x", 4, name="a"))
    network = d.network()
    network.weights["a.weight"][:, 1] = 0
    single = network.with_weights({name: array.astype(np.float32) for name, array in network.weights.items()})
    after = simplify(single)
    assert {array.dtype for array in after.weights.values()} == {np.dtype(np.float32)}
    assert not after.weights["a.weight"][:, 1].any()
