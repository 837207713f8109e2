"""What dead_channels must find, and what it must leave, one structure at a time."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import Draft, assert_same, channels, zero

from npas.compiler.passes import dead_channels, simplify
from npas.graph.graph import Network
from npas.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Conv2d,
    Flatten,
    GlobalAvgPool,
    HardSigmoid,
    Linear,
    MaxPool,
    Mul,
    Relu,
    Softmax,
)


def shrink(network: Network) -> Network:
    after = dead_channels.run(network)
    assert_same(network, after)
    return after


def test_a_zero_filter_goes_with_its_batch_norm_channel_and_the_columns_that_read_it() -> None:
    d = Draft()
    a = d.add(Relu(), d.add(BatchNorm(), d.conv("x", 8), name="bn"), name="act")
    d.conv(a, 4, name="last")
    before = zero(d.network(), "n1", [0, 3, 7], batch_norm="bn")
    after = shrink(before)
    assert channels(after, "n1") == channels(after, "act") == 5
    assert after.weights["bn.var"].shape == (5,)
    assert after.weights["last.weight"].shape == (4, 5, 3, 3)
    assert np.array_equal(after.weights["n1.weight"], before.weights["n1.weight"][[1, 2, 4, 5, 6]])


def test_nothing_dead_returns_the_network_itself() -> None:
    d = Draft()
    d.conv(d.conv("x", 8), 4)
    network = d.network()
    assert dead_channels.run(network) is network


def test_a_batch_norm_of_scale_zero_kills_the_filter_before_it() -> None:
    d = Draft()
    d.conv(d.add(BatchNorm(), d.conv("x", 8), name="bn"), 4, size=1)
    network = d.network()
    network.weights["bn.scale"][[2, 5]] = 0
    assert channels(shrink(network), "n1") == 6


@pytest.mark.parametrize(("size", "pads", "left"), [(1, 0, 5), (3, 0, 5), (3, 1, 8)])
def test_constants_go_into_the_bias_unless_padding_would_show(size, pads, left) -> None:
    """hard_sigmoid(0) = 1/2."""
    d = Draft()
    a = d.add(HardSigmoid(), d.conv("x", 8))
    last = d.conv(a, 4, size=size, pads=pads)
    after = shrink(zero(d.network(), "n1", [0, 1, 2]))
    assert channels(after, "n1") == left
    assert after.graph.node(last).op.bias == (left == 5)


def test_constants_pass_pooling_and_depthwise_and_flatten() -> None:
    d = Draft()
    a = d.add(MaxPool(kernel=(2, 2), stride=(2, 2)), d.add(HardSigmoid(), d.conv("x", 8)))
    a = d.add(Relu(), d.conv(a, 8, pads=0, groups=8, bias=True, name="dw"))
    a = d.add(AvgPool(kernel=(2, 2), pads=(1, 1, 1, 1)), a, name="pool")
    d.add(Linear(filters=3), d.add(Flatten(), a), name="fc")
    after = shrink(zero(d.network(), "n1", [1, 6]))
    assert channels(after, "n1") == channels(after, "pool") == 6
    assert after.graph.node("dw").op.groups == 6
    assert after.weights["fc.weight"].shape == (3, 6 * 9)


def test_a_zero_depthwise_kernel_kills_the_filter_before_and_the_column_after() -> None:
    d = Draft()
    dw = d.conv(d.add(Relu(), d.conv("x", 8)), 8, groups=8, bias=True, name="dw")
    d.conv(d.add(Relu(), dw), 4, size=1)
    assert channels(shrink(zero(d.network(), "dw", [0, 4])), "n1") == 6


def test_depthwise_with_two_filters_per_channel_loses_both_or_none() -> None:
    d = Draft()
    dw = d.conv(d.conv("x", 4), 8, groups=4, name="dw")
    d.conv(dw, 4)
    after = shrink(zero(d.network(), "dw", [0, 2, 3]))  # filters 2 and 3 are all of channel 1
    assert channels(after, "n1") == 3
    assert channels(after, "dw") == 6


def residual() -> Network:
    d = Draft()
    a = d.conv("x", 8, name="entry")
    b = d.conv(d.add(Relu(), a), 8, name="branch")
    d.conv(d.add(Add(), a, b, name="sum"), 4)
    return d.network()


def test_a_channel_of_an_add_goes_only_if_dead_on_both_sides() -> None:
    assert channels(shrink(zero(residual(), "branch", [0, 1])), "sum") == 8
    both = zero(zero(residual(), "branch", [0, 1, 2]), "entry", [1, 2, 3])
    after = shrink(both)
    assert [channels(after, name) for name in ("entry", "branch", "sum")] == [6, 6, 6]


def test_channels_that_nobody_reads_take_their_filters_along_through_several_layers() -> None:
    d = Draft()
    a = d.add(Relu(), d.conv("x", 8, name="a"))
    b = d.add(Relu(), d.conv(a, 8, name="b"))
    d.conv(b, 4, name="c")
    network = d.network()
    network.weights["c.weight"][:, 4:] = 0  # so b's last four filters go ...
    network.weights["b.weight"][:4, 6:] = 0  # ... and then nobody reads a's last two
    after = shrink(network)
    assert (channels(after, "a"), channels(after, "b")) == (6, 4)


def test_a_channel_read_twice_stays_while_one_reader_needs_it() -> None:
    d = Draft()
    a = d.conv("x", 4, name="a")
    b, c = d.conv(a, 4, name="b"), d.conv(a, 4, name="c")
    network = d.network(b, c)
    network.weights["b.weight"][:, :2] = 0
    network.weights["c.weight"][:, 1:3] = 0
    assert channels(shrink(network), "a") == 3


def test_concat_shifts_what_comes_after() -> None:
    d = Draft()
    a, b = d.conv("x", 4, name="a"), d.conv("x", 6, name="b")
    d.conv(d.add(Concat(), a, b, a, name="cat"), 3, name="last")
    after = shrink(zero(zero(d.network(), "a", [3]), "b", [0, 5]))
    assert [channels(after, n) for n in ("a", "b", "cat")] == [3, 4, 10]


def test_squeeze_and_excite_follows_the_pruned_layer() -> None:
    d = Draft()
    a = d.add(Relu(), d.conv("x", 8, name="a"))
    gate = d.add(Relu(), d.conv(d.add(GlobalAvgPool(), a), 4, size=1, bias=True, name="down"))
    gate = d.add(HardSigmoid(), d.conv(gate, 8, size=1, bias=True, name="up"))
    d.conv(d.add(Mul(), a, gate), 4, name="last")
    after = shrink(zero(d.network(), "a", [0, 1, 5]))
    assert channels(after, "a") == channels(after, "up") == 5
    assert after.weights["down.weight"].shape[1] == 5


def test_a_gate_of_zero_does_not_free_what_the_squeeze_still_reads() -> None:
    d = Draft()
    a = d.conv("x", 4, name="a")
    gate = d.conv(d.add(GlobalAvgPool(), a), 4, size=1, name="gate")
    d.conv(d.add(Mul(), a, gate), 4)
    assert channels(shrink(zero(d.network(), "gate", [2])), "a") == 4


def test_inputs_outputs_grouped_convolutions_and_softmax_keep_their_channels() -> None:
    d = Draft()
    a = d.conv(d.conv("x", 6, name="before"), 4, groups=2, name="grouped")
    b = d.conv(a, 5, name="out")
    s = d.add(Softmax(), d.add(Linear(filters=4), d.add(Flatten(), b), name="scores"))
    network = d.network(b, s)
    for node in ("before", "grouped", "out", "scores"):
        network = zero(network, node, [0, 1])
    network.weights["before.weight"][:, 0] = 0
    after = shrink(network)
    assert [channels(after, n) for n in ("x", "before", "grouped", "out", "scores")] == [3, 6, 4, 5, 4]


def test_one_channel_stays_where_all_are_dead() -> None:
    d = Draft()
    a = d.add(Clip(low=-1.0, high=6.0), d.conv("x", 8, bias=True, name="a"))
    d.conv(a, 4, name="last")
    after = shrink(zero(d.network(), "a", list(range(8))))
    assert channels(after, "a") == 1


def test_average_pooling_that_counts_padding_passes_only_zero() -> None:
    d = Draft()
    a = d.add(HardSigmoid(), d.conv("x", 4, name="a"))
    pooled = d.add(AvgPool(kernel=(3, 3), pads=(1, 1, 1, 1), count_pads=True), a)
    d.conv(pooled, 4, size=1)
    assert channels(shrink(zero(d.network(), "a", [0])), "a") == 4


def test_simplify_finds_dead_channels_behind_an_unfoldable_batch_norm() -> None:
    """Pre-activation residual: the add's batch-norm becomes a depthwise convolution and dies with its channel."""
    d = Draft()
    a = d.conv("x", 8, name="a")
    b = d.conv(d.add(Relu(), d.add(BatchNorm(), a, name="bn")), 8, name="b")
    d.conv(d.add(Add(), a, b), 4, size=1)
    before = zero(zero(d.network(), "a", [0, 5]), "b", [0, 5])
    before.weights["bn.mean"][[0, 5]] = 0
    before.weights["bn.bias"][[0, 5]] = 0.5, -0.5
    after = simplify(before)
    assert_same(before, after)
    assert isinstance(after.graph.node("bn").op, Conv2d)
    # Of zeros, the batch-norm makes 0.5 (which b's padding would show: it stays) and -0.5 (which relu makes 0).
    assert channels(after, "a") == 7
