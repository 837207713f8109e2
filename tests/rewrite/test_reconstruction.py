"""Least-squares initialisation: exact where it can be, and clearly better than chance where it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from npas.graph.builder import Builder
from npas.graph.graph import Array, Graph, Network
from npas.ops import BatchNorm, Conv2d, Input
from npas.rewrite import filter_types
from npas.search.candidate import Candidate, Choice

SEPARABLE = ("3x3dw_1x1", "1x1_3x3dw_1x1")
SAME = (1, 1, 1, 1)
Images = NDArray[np.float32]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images(count: int, channels: int, size: int, seed: int = 0) -> Images:
    """Smooth, correlated images, as natural ones are; the mean is not zero."""
    noise = np.random.default_rng(seed).standard_normal((count, channels, size, size))
    smooth = noise + np.roll(noise, 1, axis=2) + np.roll(noise, 1, axis=3) + 0.5 * np.roll(noise, 1, axis=1)
    return (smooth + 0.5).astype(np.float32)


def randomised(graph: Graph, seed: int = 0) -> Network:
    rng = np.random.default_rng(seed)
    weights: dict[str, Array] = {}
    for name, shape in graph.parameters.items():
        if name.endswith((".var", ".scale")):
            weights[name] = rng.uniform(0.5, 1.5, shape).astype(np.float32)
        else:
            weights[name] = (rng.standard_normal(shape) / np.sqrt(float(np.prod(shape[1:])))).astype(np.float32)
    return Network(graph, weights)


def single(channels: int, size: int = 10, **fields: Any) -> Network:
    b = Builder("net")
    x = b.node(Conv2d(**fields), b.input((channels, size, size)), name="site")
    return randomised(b.graph(x))


def run(network: Network, x: Images) -> Images:
    values: dict[str, torch.Tensor] = {}
    for node in network.graph.nodes:
        own = {role: torch.tensor(array) for role, array in network.params(node).items()}
        inputs = [values[name] for name in node.inputs]
        values[node.name] = torch.tensor(x) if isinstance(node.op, Input) else node.op.reference(inputs, own)
    return values[network.graph.outputs[0]].numpy()


def error(network: Network, other: Network, x: Images) -> float:
    """Relative to how far the outputs are from their mean per channel."""
    wanted = run(network, x)
    spread = wanted - wanted.mean(axis=(0, 2, 3), keepdims=True)
    return float(np.linalg.norm(run(other, x) - wanted) / np.linalg.norm(spread))


def replaced(network: Network, x: Images, **types: str) -> Network:
    candidate = Candidate({site: Choice(kind, "unstructured", 1.0) for site, kind in types.items()})
    rewritten, _ = filter_types.apply(network, candidate, x)
    assert rewritten.graph == filter_types.apply_graph(network.graph, candidate)[0]
    assert {name: array.shape for name, array in rewritten.weights.items()} == rewritten.graph.parameters
    assert all(array.dtype == np.float32 and np.isfinite(array).all() for array in rewritten.weights.values())
    return rewritten


def with_weight(network: Network, weight: NDArray[Any]) -> Network:
    return network.with_weights({**network.weights, "site.weight": weight.astype(np.float32)})


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("bias", [False, True])
def test_a_3x3_that_is_a_1x1_is_kept_exactly(stride: int, bias: bool) -> None:
    network = single(6, filters=8, kernel=(3, 3), pads=SAME, stride=(stride, stride), bias=bias)
    weight = np.zeros((8, 6, 3, 3))
    weight[:, :, 1, 1] = network.weights["site.weight"][:, :, 1, 1]
    network = with_weight(network, weight)
    x = images(4, 6, 10)
    for kind in ("1x1", *SEPARABLE):
        assert error(network, replaced(network, x, site=kind), images(4, 6, 10, seed=1)) < 1e-5


@pytest.mark.parametrize("kind", SEPARABLE)
@pytest.mark.parametrize(("channels", "filters"), [(6, 8), (8, 6), (1, 5)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_separable_convolution_is_kept_exactly(kind: str, channels: int, filters: int, stride: int) -> None:
    network = single(channels, filters=filters, kernel=(3, 3), pads=SAME, stride=(stride, stride))
    if kind not in filter_types.options(network.graph.node("site"), network.graph):
        pytest.skip("would not lower the multiply-accumulates")
    rng = np.random.default_rng(1)
    network = with_weight(
        network, np.einsum("fc,cij->fcij", *(rng.standard_normal(s) for s in ((filters, channels), (channels, 3, 3))))
    )
    x = images(8, channels, 10)
    assert error(network, replaced(network, x, site=kind), images(4, channels, 10, seed=1)) < 1e-4


def test_a_dilated_5x5_with_nine_live_taps_is_kept_as_3x3() -> None:
    network = single(4, 14, filters=6, kernel=(5, 5), pads=(4, 4, 4, 4), dilation=(2, 2))
    weight = np.zeros((6, 4, 5, 5))
    weight[:, :, 1:4, 1:4] = network.weights["site.weight"][:, :, 1:4, 1:4]
    network = with_weight(network, weight)
    assert error(network, replaced(network, images(2, 4, 14), site="3x3"), images(2, 4, 14, seed=1)) < 1e-5


def test_padding_on_the_far_side_only_keeps_the_tap_at_hand() -> None:
    """Strided "same" padding of other frameworks: the 1x1 then reads the kernel's first tap."""
    network = single(4, 10, filters=6, kernel=(3, 3), pads=(0, 0, 1, 1), stride=(2, 2))
    weight = np.zeros((6, 4, 3, 3))
    weight[:, :, 0, 0] = network.weights["site.weight"][:, :, 0, 0]
    network = with_weight(network, weight)
    assert error(network, replaced(network, images(2, 4, 10), site="1x1"), images(2, 4, 10, seed=1)) < 1e-5


def shuffled(network: Network, names: set[str]) -> Network:
    """The same network with freshly drawn weights in the given layers, of the same spread."""
    rng = np.random.default_rng(7)
    drawn = {
        n: rng.permuted(w.ravel()).reshape(w.shape) if n.partition(".")[0] in names else w
        for n, w in network.weights.items()
    }
    return network.with_weights(drawn)


def trained_like() -> Network:
    """A convolution with the smooth, partly shared kernels that training gives, and noise."""
    network = single(12, filters=16, kernel=(3, 3), pads=SAME)
    rng = np.random.default_rng(2)
    mixing, spatial = rng.standard_normal((16, 12)), rng.standard_normal((12, 3, 3)) + 1
    noise = rng.standard_normal((16, 12, 3, 3))
    return with_weight(network, np.einsum("fc,cij->fcij", mixing, spatial) + 0.4 * noise)


@pytest.mark.parametrize(("kind", "bound"), [("1x1", 0.9), ("3x3dw_1x1", 0.3), ("1x1_3x3dw_1x1", 0.3)])
def test_better_than_chance_on_images_never_seen(kind: str, bound: float) -> None:
    network = trained_like()
    unseen = images(8, 12, 10, seed=1)
    rewritten = replaced(network, images(16, 12, 10), site=kind)
    fitted = error(network, rewritten, unseen)
    chance = error(network, shuffled(rewritten, {"site", "site_dw", "site_pw"}), unseen)
    assert fitted < bound
    assert fitted < 0.75 * chance


def test_alternating_improves_on_the_first_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    network = single(12, filters=16, kernel=(3, 3), pads=SAME)
    x, unseen = images(16, 12, 10), images(8, 12, 10, seed=1)
    better = error(network, replaced(network, x, site="3x3dw_1x1"), unseen)
    monkeypatch.setattr("npas.rewrite.reconstruct.ROUNDS", 0)
    assert better < 0.999 * error(network, replaced(network, x, site="3x3dw_1x1"), unseen)


def deep() -> Network:
    b = Builder("net")
    x = b.conv_bn_act(b.input((6, 10, 10)), 8)
    x = b.conv_bn_act(x, 8)
    return randomised(b.graph(b.conv(x, 8, name="site")))


def test_later_layers_make_up_for_earlier_errors() -> None:
    """Fitting both in turn beats putting together what was fitted separately."""
    network, x, unseen = deep(), images(32, 6, 10), images(8, 6, 10, seed=1)
    kinds = {"conv2": "1x1", "site": "3x3dw_1x1"}
    together = replaced(network, x, **kinds)
    apart: dict[str, Array] = {}
    for site, kind in kinds.items():
        alone = replaced(network, x, **{site: kind})
        apart |= {n: w for n, w in alone.weights.items() if n.startswith(site) and n in together.weights}
    merged = replace(together, weights={**together.weights, **apart})
    assert error(network, together, unseen) < 0.95 * error(network, merged, unseen)


def test_fitting_after_a_skip_uses_what_really_arrives() -> None:
    network, x, unseen = deep(), images(32, 6, 10), images(8, 6, 10, seed=1)
    rewritten = replaced(network, x, conv2="skip", site="3x3dw_1x1")
    alone = replaced(network, x, site="3x3dw_1x1")
    stale = replace(rewritten, weights={n: alone.weights[n] for n in rewritten.weights})
    assert error(network, rewritten, unseen) < 0.9 * error(network, stale, unseen)


def test_the_rest_of_the_network_is_untouched_and_runs_repeat() -> None:
    network, x = deep(), images(4, 6, 10)
    first, again = (replaced(network, x, conv2="3x3dw_1x1") for _ in range(2))
    for name, array in first.weights.items():
        assert np.array_equal(array, again.weights[name])
        if not name.startswith("conv2"):
            assert np.array_equal(array, network.weights[name])
    assert replaced(network, x, conv2="3x3").weights.keys() == network.weights.keys()


@pytest.mark.parametrize("kind", ["1x1", *SEPARABLE])
def test_silent_channels_and_lone_images_do_not_break_it(kind: str) -> None:
    network = single(6, filters=8, kernel=(3, 3), pads=SAME)
    one_image = images(1, 6, 10)
    one_image[:, 2] = 0
    replaced(network, one_image, site=kind)
    replaced(network, np.zeros((1, 6, 10, 10), dtype=np.float32), site=kind)


@pytest.mark.parametrize("kind", ["1x1", *SEPARABLE])
def test_as_many_samples_as_unknowns_do_not_blow_up(kind: str) -> None:
    """16 maps of 2x2 give 64 samples for 64 unknowns per filter, where plain least squares is at its worst."""
    network = single(64, 2, filters=64, kernel=(3, 3), pads=SAME)
    rewritten = replaced(network, images(16, 64, 2), site=kind)
    assert error(network, rewritten, images(64, 64, 2, seed=1)) < 0.95


def test_batch_norm_after_the_layer_keeps_its_statistics() -> None:
    network = deep()
    rewritten = replaced(network, images(4, 6, 10), conv1="1x1")
    norms = [n.name for n in rewritten.graph.nodes if isinstance(n.op, BatchNorm)]
    assert norms == ["bn1", "bn2"]
    assert all(np.array_equal(rewritten.weights[f"{n}.mean"], network.weights[f"{n}.mean"]) for n in norms)
