"""Blocks that lost a part of their filters are put together again, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import Draft, assert_same

from npas.compiler.passes import dead_channels, regroup
from npas.graph.graph import Network
from npas.ops import Add, Flatten, GlobalAvgPool, Linear, Mul, Relu, Sigmoid
from npas.schemes.block_punched import FILTERS, BlockPunched


def pruned(network: Network, names: list[str], rate: float) -> Network:
    weights = dict(network.weights)
    for name in names:
        weight = weights[f"{name}.weight"]
        weights[f"{name}.weight"] = np.where(BlockPunched().mask(weight, rate), weight, 0.0)
    return network.with_weights(weights)


def listed(network: Network, name: str) -> int:
    """Entries of the lists of every eight filters."""
    weight = network.weights[f"{name}.weight"]
    kept = (weight != 0).reshape(len(weight), -1)
    filled = np.concatenate([kept, np.zeros((-len(kept) % FILTERS, kept.shape[1]), bool)])
    return int(filled.reshape(-1, FILTERS, kept.shape[1]).any(axis=1).sum())


def regrouped(network: Network) -> Network:
    after = regroup.run(network)
    assert_same(network, after)
    assert regroup.run(after) is after
    return after


def test_an_inverted_residual_stores_few_zeros_again() -> None:
    d = Draft((1, 16, 6, 6))
    wide = d.add(Relu(), d.conv("x", 192, size=1, name="expand"))
    depthwise = d.add(Relu(), d.conv(wide, 192, groups=192, bias=True, name="dw"))
    d.conv(depthwise, 32, size=1, name="project")
    before = dead_channels.run(pruned(d.network(), ["expand", "project"], 3.0))
    ideal = np.count_nonzero(before.weights["expand.weight"]) / FILTERS
    after = regrouped(before)
    assert listed(before, "expand") > 1.3 * ideal
    assert listed(after, "expand") < 1.1 * ideal
    assert listed(after, "project") == listed(before, "project")
    assert sorted(map(tuple, after.weights["dw.weight"].reshape(-1, 9))) == sorted(
        map(tuple, before.weights["dw.weight"].reshape(-1, 9))
    )


def test_squeeze_and_excite_moves_with_the_channels_that_it_scales() -> None:
    d = Draft((1, 16, 6, 6))
    wide = d.add(Relu(), d.conv("x", 64, size=1, name="expand"))
    gate = d.add(Relu(), d.conv(d.add(GlobalAvgPool(), wide), 4, size=1, bias=True))
    gate = d.add(Sigmoid(), d.conv(gate, 64, size=1, bias=True, name="excite"))
    d.conv(d.add(Mul(), wide, gate), 8, size=1, name="project")
    network = d.network()
    network.weights["expand.weight"] *= halves(64)[:, :, None, None]
    assert listed(network, "expand") == 8 * 16
    assert listed(regrouped(network), "expand") == 8 * 8


def halves(filters: int) -> np.ndarray:
    """[filters, 16]: units of four filters that keep every other position in turn, so that neighbours differ."""
    return np.array([[(i // 4 + j) % 2 for j in range(16)] for i in range(filters)], float)


@pytest.mark.parametrize("tail", [0, 2])
def test_units_of_the_same_positions_come_together_and_a_short_last_one_stays_last(tail) -> None:
    d = Draft((1, 16, 4, 4))
    d.conv(d.conv("x", 16 + tail, size=1, name="first"), 3, name="last")
    network = d.network()
    network.weights["first.weight"] *= halves(16 + tail)[:, :, None, None]
    after = regrouped(network)
    assert listed(after, "first") == 2 * 8 + (8 if tail else 0)
    assert np.array_equal(after.weights["first.weight"][16:], network.weights["first.weight"][16:])


def test_outputs_and_what_ranges_are_tied_to_stay_in_order() -> None:
    d = Draft((1, 16, 4, 4))
    d.conv("x", 16, size=1, name="first")
    network = d.network("first")
    network.weights["first.weight"] *= halves(16)[:, :, None, None]
    assert regroup.run(network) is network
    d.add(Linear(filters=3), d.add(Flatten(), "first"), name="fc")
    network = d.network("fc")
    network.weights["first.weight"] *= halves(16)[:, :, None, None]
    assert regroup.run(network) is network


def test_layers_that_are_added_up_move_together_or_not_at_all() -> None:
    d = Draft((1, 16, 4, 4))
    d.add(Add(), d.conv("x", 16, size=1, name="left"), d.conv("x", 16, size=1, name="right"), name="sum")
    d.conv("sum", 4, size=1, name="last")
    alike = d.network()
    for name in ("left", "right"):
        alike.weights[f"{name}.weight"] *= halves(16)[:, :, None, None]
    after = regrouped(alike)
    assert listed(after, "left") == listed(after, "right") == 16
    apart = d.network()
    apart.weights["left.weight"] *= halves(16)[:, :, None, None]
    apart.weights["right.weight"][:8] *= halves(8)[::-1, :, None, None]
    regrouped(apart)


def test_filters_with_lists_of_their_own_stay() -> None:
    d = Draft((1, 16, 4, 4))
    d.conv(d.conv("x", 16, size=1, name="first"), 3, name="last")
    network = d.network()
    network.weights["first.weight"] *= np.random.default_rng(0).random((16, 16, 1, 1)) < 0.3
    assert regroup.run(network) is network
