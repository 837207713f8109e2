"""One contract for every pruning algorithm, and what is particular to each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from npas import data
from npas.algorithms import ALGORITHMS, one_shot
from npas.algorithms.admm import PULL_FIRST, PULL_LAST, Duals, pull_strengths
from npas.algorithms.coupling import groups
from npas.algorithms.geometric_median import scored
from npas.algorithms.iterative_magnitude import step_epochs, step_prunings
from npas.algorithms.select import compare, prune
from npas.compiler.passes import simplify
from npas.data import Dataset
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.schemes import SCHEMES
from npas.search.candidate import Pruning
from npas.spec.schema import SyntheticData
from npas.training import GraphModule, Recipe, TrainingError, evaluate, train

CLASSES = 4
RECIPE = Recipe(epochs=4, batch_size=32, learning_rate=0.03)
PRUNINGS = {
    "conv1": Pruning("unstructured", 2.0),
    "conv2": Pruning("filter", 2.0),
    "conv3": Pruning("pattern", 3.0),
    "conv4": Pruning("block_punched", 2.5),
    "conv5": Pruning("block", 2.0),
    "linear1": Pruning("unstructured", 1.0),
}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return data.load(SyntheticData(type="synthetic", shape=(2, 8, 8), classes=CLASSES, train=192, test=128), Path())


@pytest.fixture(scope="module")
def network(dataset: Dataset) -> Network:
    """A small residual network, trained."""
    b = Builder("tiny")
    x = b.conv_bn_act(b.input(dataset.shape), 8)
    x = b.conv_bn_act(x, 16)
    y = b.conv_bn_act(x, 16)
    y = b.bn(b.conv(y, 16))
    x = b.act(b.add(x, y), "relu")
    x = b.conv_bn_act(x, 16, kernel=1)
    graph = b.graph(b.linear(b.flatten(b.global_avg_pool(x)), CLASSES))
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in graph.parameters.items():
        if len(shape) > 1:
            weights[name] = (rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))).astype(np.float32)
        else:
            weights[name] = np.full(shape, name.endswith((".scale", ".var")), np.float32)
    return train(Network(graph, weights), dataset, RECIPE, generator())


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_contract(name, network, dataset) -> None:
    algorithm = ALGORITHMS[name]
    assert algorithm.name == name
    before = {weight: array.copy() for weight, array in network.weights.items()}
    pruned = algorithm.run(network, PRUNINGS, dataset, RECIPE, generator(), network)

    assert pruned.network.graph == network.graph
    assert pruned.prunings == {node: p for node, p in PRUNINGS.items() if p.rate != 1}
    for node, pruning in pruned.prunings.items():
        mask = pruned.masks[f"{node}.weight"]
        assert mask.size / mask.sum() == pytest.approx(pruning.rate, rel=0.05)
        assert np.array_equal(SCHEMES[pruning.scheme].mask(mask.astype(np.float32), pruning.rate), mask)
    for weight, mask in pruned.masks.items():
        assert not pruned.network.weights[weight][~mask].any(), weight
        assert not np.array_equal(pruned.network.weights[weight], before[weight]), weight
    assert evaluate(pruned.network, dataset) > 2 / CLASSES
    assert all(np.array_equal(network.weights[weight], before[weight]) for weight in before)

    again = algorithm.run(network, PRUNINGS, dataset, RECIPE, generator(), network)
    assert all(np.array_equal(again.network.weights[w], pruned.network.weights[w]) for w in before)
    other = algorithm.run(network, PRUNINGS, dataset, RECIPE, generator(1), network)
    assert any(not np.array_equal(other.network.weights[w], pruned.network.weights[w]) for w in before)


@pytest.mark.parametrize("name", ALGORITHMS)
@pytest.mark.parametrize("epochs", [0, 1])
def test_the_shortest_runs_prune_too(name, epochs, network, dataset) -> None:
    short = Recipe(epochs=epochs, batch_size=96, learning_rate=0.01)
    pruned = ALGORITHMS[name].run(network, PRUNINGS, dataset, short, generator(), None)
    assert set(pruned.prunings) == set(PRUNINGS) - {"linear1"}
    assert all(not pruned.network.weights[weight][~mask].any() for weight, mask in pruned.masks.items())


def test_one_shot_keeps_the_largest_and_takes_the_batch_norm_channel_along(network) -> None:
    pruned = one_shot(network, {"conv2": Pruning("filter", 2.0)})
    norms = np.sqrt(np.square(network.weights["conv2.weight"]).sum(axis=(1, 2, 3)))
    kept = pruned.masks["conv2.weight"].any(axis=(1, 2, 3))
    assert kept.sum() == 8
    assert norms[kept].min() >= norms[~kept].max()
    assert set(pruned.masks) == {"conv2.weight", "bn2.scale", "bn2.bias", "bn2.mean"}
    for weight, mask in pruned.masks.items():
        expected = np.where(mask, network.weights[weight], 0)
        assert np.array_equal(pruned.network.weights[weight], expected)
        assert not np.signbit(pruned.network.weights[weight][~mask]).any()


def test_filters_pruned_before_a_residual_add_go_on_the_branch_only(network, dataset) -> None:
    prunings = {"conv2": Pruning("filter", 2.0), "conv3": Pruning("filter", 4.0), "conv5": Pruning("filter", 2.0)}
    pruned = ALGORITHMS["magnitude"].run(network, prunings, dataset, RECIPE, generator(), None)
    small = simplify(pruned.network)
    filters = {node.name: small.graph.shapes[node.name][1] for node in small.graph.nodes if "conv" in node.name}
    assert filters == {"conv1": 8, "conv2": 16, "conv3": 4, "conv4": 16, "conv5": 8}
    assert evaluate(small, dataset) == evaluate(pruned.network, dataset)


def test_layers_that_meet_in_an_add_agree_on_their_filters(network) -> None:
    """Rates differ, masks nest, and the network gets narrower; with one side dense there is nothing to agree on."""
    conv2, conv4 = Pruning("filter", 2.0), Pruning("filter", 4.0)
    assert groups(network.graph, {"conv2": conv2, "conv4": conv4}) == (("conv2", "conv4"),)
    pruned = one_shot(network, {"conv2": conv2, "conv4": conv4})
    kept2, kept4 = (pruned.masks[f"{name}.weight"].any(axis=(1, 2, 3)) for name in ("conv2", "conv4"))
    assert (kept2.sum(), kept4.sum()) == (8, 4)
    assert not (kept4 & ~kept2).any()
    assert simplify(pruned.network).graph.shapes["add1"][1] == 8

    for other in ({}, {"conv4": Pruning("block_punched", 4.0)}, {"conv4": Pruning("filter", 1.0)}):
        assert groups(network.graph, {"conv2": conv2, **other}) == ()


def test_geometric_median_drops_the_redundant_filters_not_the_small_ones() -> None:
    """Five nearly equal large filters, three small ones far apart: by norm the small ones would go."""
    rng = np.random.default_rng(0)
    weight = np.ones((8, 4, 3, 3), np.float32) + 0.01 * rng.standard_normal((8, 4, 3, 3)).astype(np.float32)
    weight[5:] = 0
    for f in range(5, 8):
        weight[f, f - 5] = -0.9
    kept = SCHEMES["filter"].mask(scored(weight, "filter"), 8 / 3).any(axis=(1, 2, 3))
    assert kept[5:].all()
    assert not SCHEMES["filter"].mask(weight, 8 / 3).any(axis=(1, 2, 3))[5:].any()


@pytest.mark.parametrize("scheme", [name for name in SCHEMES if name != "filter"])
def test_geometric_median_keeps_more_of_what_is_unlike_the_rest(scheme) -> None:
    """Eight copies of a filter, eight unlike filters of the same norm: the copies lose more."""
    rng = np.random.default_rng(0)
    shape = (16, 8, 1, 1) if scheme == "block" else (16, 8, 3, 3)
    weight = rng.standard_normal(shape).astype(np.float32)
    weight[:8] = weight[:1]
    weight /= np.sqrt(np.square(weight).sum(axis=(1, 2, 3), keepdims=True))
    mask = SCHEMES[scheme].mask(scored(weight, scheme), 3.0)
    assert mask[8:].sum() > mask[:8].sum()


def test_geometric_median_of_equal_filters_falls_back_to_magnitude() -> None:
    weight = np.tile(np.arange(1, 10, dtype=np.float32).reshape(1, 1, 3, 3), (4, 2, 1, 1))
    assert np.array_equal(scored(weight, "unstructured"), weight)


@pytest.mark.parametrize(
    ("epochs", "steps"), [(0, (0,)), (1, (1,)), (2, (1, 1)), (3, (1, 2)), (9, (2, 1, 1, 5)), (20, (4, 3, 3, 10))]
)
def test_iterative_epochs(epochs, steps) -> None:
    assert step_epochs(epochs) == steps


def test_iterative_rates_rise_geometrically_and_respect_the_schemes_start() -> None:
    prunings = {"a": Pruning("unstructured", 16.0), "b": Pruning("pattern", 3.0), "c": Pruning("pattern", 1.0)}
    rates = [{n: p.rate for n, p in step_prunings(prunings, i / 4).items()} for i in range(1, 5)]
    assert [r["a"] for r in rates] == [2.0, 4.0, 8.0, 16.0]
    assert [r["b"] for r in rates] == pytest.approx([2.25, 2.25, 3**0.75, 3.0])
    assert [r["c"] for r in rates] == [1.0] * 4


def test_admm_pulls_the_weights_towards_the_structure(network, dataset) -> None:
    """What the hard cut removes is a smaller share of the weight after the pull than without it."""

    def removed(after: Network) -> float:
        weight = after.weights["conv4.weight"]
        mask = SCHEMES["block_punched"].mask(weight, 2.5)
        return float(np.square(weight[~mask]).sum() / np.square(weight).sum())

    recipe = Recipe(epochs=4, batch_size=16, learning_rate=0.03)
    duals = Duals.of(network, {"conv4": PRUNINGS["conv4"]}, pull_strengths(recipe, len(dataset.train)))
    pulled = train(network, dataset, recipe, generator(), penalty=duals.penalty, on_epoch=duals.update)
    free = train(network, dataset, recipe, generator())
    assert removed(pulled) < 0.25 * removed(free)


def test_admm_updates_follow_the_paper(network) -> None:
    pruning = PRUNINGS["conv4"]
    duals = Duals.of(network, {"conv4": pruning}, (1e-3, 1e-2))
    module = GraphModule(network)
    w = network.weights["conv4.weight"]
    z = np.where(SCHEMES[pruning.scheme].mask(w, pruning.rate), w, 0)
    assert float(duals.penalty(module).detach()) == pytest.approx(1e-3 / 2 * np.square(w - z).sum(), rel=1e-5)
    duals.update(0, module)  # Z is the same, U = W - Z, and a tenth of it as rho grows tenfold
    np.testing.assert_allclose(duals.u["conv4"], 0.1 * (w - z), rtol=1e-5)
    assert float(duals.penalty(module).detach()) == pytest.approx(1e-2 / 2 * np.square(1.1 * (w - z)).sum(), rel=1e-5)


@pytest.mark.parametrize("epochs", [1, 5])
def test_admm_pull_alone_shrinks_the_distance_as_promised(epochs) -> None:
    """Gradient steps of the penalty alone, at the recipe's rates: each epoch shrinks the distance by exp(-p)."""
    recipe = Recipe(epochs=epochs, batch_size=10, momentum=0.0)
    strengths = pull_strengths(recipe, 1000)
    for epoch, (strength, pull) in enumerate(
        zip(strengths, np.geomspace(PULL_FIRST, PULL_LAST, 5)[-epochs:], strict=True)
    ):
        distance = 1.0
        for step in range(epoch * 100, (epoch + 1) * 100):
            distance -= recipe.rate(step, epochs * 100) * strength * distance
        assert distance == pytest.approx(np.exp(-pull), rel=0.15)


def test_compare_resumes_and_prune_runs_the_winner(network, dataset) -> None:
    trial = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    seen: dict[str, float] = {}
    whole = compare(network, PRUNINGS, dataset, trial, tuple(ALGORITHMS), 0, on_result=seen.__setitem__)
    assert seen == whole
    assert list(whole) == list(ALGORITHMS)

    fresh: dict[str, float] = {}
    done = {"magnitude": whole["magnitude"], "admm": 0.999, "removed_since": 1.0}
    resumed = compare(network, PRUNINGS, dataset, trial, tuple(ALGORITHMS), 0, done=done, on_result=fresh.__setitem__)
    assert resumed == whole | {"admm": 0.999}
    assert set(fresh) == {"iterative_magnitude", "geometric_median"}

    selection = prune(network, PRUNINGS, dataset, trial, 1, ("magnitude", "admm"), 0, teacher=network, done=done)
    assert selection.algorithm == "admm"
    assert selection.accuracies == {"magnitude": whole["magnitude"], "admm": 0.999}
    assert set(selection.pruned.prunings) == set(PRUNINGS) - {"linear1"}


def test_a_single_algorithm_is_not_tried_first(network, dataset) -> None:
    tried: dict[str, float] = {}
    trial = Recipe(epochs=1, batch_size=64, learning_rate=0.01)
    selection = prune(network, PRUNINGS, dataset, trial, 1, ("magnitude",), 0, on_result=tried.__setitem__)
    assert selection.algorithm == "magnitude"
    assert tried == selection.accuracies == {}


def test_an_algorithm_that_diverges_is_left_out_and_all_of_them_is_an_error(network, dataset, caplog) -> None:
    diverging = Recipe(epochs=2, batch_size=64, learning_rate=1e30)
    names = ("magnitude", "geometric_median")
    assert compare(network, PRUNINGS, dataset, diverging, names, 0, done={"magnitude": 0.5}) == {"magnitude": 0.5}
    assert "geometric_median is left out" in caplog.text
    with pytest.raises(TrainingError):
        compare(network, PRUNINGS, dataset, diverging, names, 0)
