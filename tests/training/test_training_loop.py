from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from npas.data import Dataset
from npas.graph.graph import Graph, Network, Node
from npas.ops import Linear
from npas.training import GraphModule, Recipe, TrainingError, evaluate, train

SHORT = Recipe(epochs=2, batch_size=32, learning_rate=0.1)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_training_learns(network: Network, dataset: Dataset) -> None:
    trained = train(network, dataset, replace(SHORT, epochs=8), seeded())
    assert evaluate(network, dataset) < 0.6
    assert evaluate(trained, dataset) > 0.9


def test_the_given_network_is_left_alone(network: Network, dataset: Dataset) -> None:
    before = {name: weight.copy() for name, weight in network.weights.items()}
    train(network, dataset, SHORT, seeded())
    for name, weight in before.items():
        np.testing.assert_array_equal(network.weights[name], weight)


def test_equal_generators_give_equal_weights_and_others_do_not(network: Network, dataset: Dataset) -> None:
    torch.manual_seed(1)
    first = train(network, dataset, SHORT, seeded())
    torch.manual_seed(2)
    again = train(network, dataset, SHORT, seeded())
    other = train(network, dataset, SHORT, seeded(1))
    for name in network.weights:
        np.testing.assert_array_equal(first.weights[name], again.weights[name])
    assert not np.array_equal(first.weights["fc.weight"], other.weights["fc.weight"])


def test_the_global_generator_is_put_back(network: Network, dataset: Dataset) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    train(network, dataset, SHORT, seeded())
    assert torch.equal(torch.get_rng_state(), before)


def test_masked_weights_are_exactly_zero_after_every_epoch(network: Network, dataset: Dataset) -> None:
    random = np.random.default_rng(0)
    masks = {
        name: random.random(network.weights[name].shape) < 0.5 for name in ("conv.weight", "fc.weight", "bn.scale")
    }
    seen = []

    def check(epoch: int, module: GraphModule) -> None:
        seen.append(epoch)
        for name, mask in masks.items():
            weight = module.weight(name).detach().numpy()
            assert not weight[~mask].any()

    # A penalty that pulls every weight, pruned ones too, away from zero.
    def pull(module: GraphModule) -> Tensor:
        return (module.weight("conv.weight") - 1).square().sum() + (module.weight("fc.weight") + 1).square().sum()

    trained = train(network, dataset, SHORT, seeded(), masks=masks, penalty=pull, on_epoch=check)
    assert seen == [0, 1]
    for name, mask in masks.items():
        weight = trained.weights[name]
        assert not weight[~mask].any() and not np.signbit(weight[~mask]).any()
        assert (weight[mask] != network.weights[name][mask]).any()


def test_masks_hold_without_any_epoch(network: Network, dataset: Dataset) -> None:
    mask = np.zeros(network.weights["fc.weight"].shape, np.bool_)
    trained = train(network, dataset, replace(SHORT, epochs=0), seeded(), masks={"fc.weight": mask})
    assert not trained.weights["fc.weight"].any()
    np.testing.assert_array_equal(trained.weights["conv.weight"], network.weights["conv.weight"])


def test_a_penalty_reaches_the_weights(network: Network, dataset: Dataset) -> None:
    def shrink(module: GraphModule) -> Tensor:
        return 0.5 * module.weight("conv.weight").square().sum()

    plain = train(network, dataset, SHORT, seeded())
    shrunk = train(network, dataset, SHORT, seeded(), penalty=shrink)
    assert np.linalg.norm(shrunk.weights["conv.weight"]) < 0.5 * np.linalg.norm(plain.weights["conv.weight"])


def test_weight_decay_spares_norms_and_biases(network: Network, dataset: Dataset) -> None:
    # With no gradient but the decay's, only what is decayed moves.
    still = replace(SHORT, weight_decay=0.5, momentum=0.0, distillation_weight=1.0, distillation_temperature=1.0)
    dropless = Network(network.graph.with_nodes(_without_dropout(network.graph)), network.weights)
    decayed = train(dropless, dataset, replace(still, epochs=1), seeded(), teacher=dropless)
    spared = train(dropless, dataset, replace(still, epochs=1, weight_decay=0.0), seeded(), teacher=dropless)
    assert np.linalg.norm(decayed.weights["fc.weight"]) < 0.9 * np.linalg.norm(spared.weights["fc.weight"])
    assert np.linalg.norm(decayed.weights["bn.scale"]) > 0.9 * np.linalg.norm(spared.weights["bn.scale"])


def test_a_student_moves_towards_its_teacher(network: Network, dataset: Dataset) -> None:
    teacher = train(network, dataset, replace(SHORT, epochs=8), seeded())
    blind = replace(SHORT, epochs=4, distillation_weight=1.0)
    taught = train(network, dataset, blind, seeded(), teacher=teacher)
    assert _distance(taught, teacher, dataset) < 0.4 * _distance(network, teacher, dataset)
    assert evaluate(taught, dataset) > 0.9


def test_divergence_is_an_error(network: Network, dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"tiny: .*finite.*learning_rate"):
        train(network, dataset, replace(SHORT, learning_rate=1e30, warmup_epochs=0.0), seeded())


def test_a_non_finite_last_step_is_an_error(network: Network, dataset: Dataset) -> None:
    def explode(module: GraphModule) -> Tensor:
        return (module.weight("fc.bias").sum() * 0.0).sqrt()  # finite, its gradient is not

    with pytest.raises(TrainingError, match=r"finite"):
        train(network, dataset, replace(SHORT, epochs=1, batch_size=256), seeded(), penalty=explode)


def test_a_network_of_another_size_is_an_error(network: Network, dataset: Dataset) -> None:
    with pytest.raises(TrainingError, match=r"shape \(3, 8, 8\), got \(2, 8, 8\)"):
        train(network, replace(dataset, shape=(3, 8, 8)), SHORT, seeded())
    with pytest.raises(TrainingError, match=r"per class of the dataset \(5\), got 4"):
        evaluate(network, replace(dataset, classes=5))


def test_a_teacher_of_another_size_is_an_error(network: Network, dataset: Dataset) -> None:
    nodes = [replace(n, op=Linear(filters=5)) if n.name == "fc" else n for n in network.graph.nodes]
    teacher = Network(network.graph.with_nodes(nodes), network.weights)
    with pytest.raises(TrainingError, match=r"per class of the dataset \(4\), got 5"):
        train(network, dataset, SHORT, seeded(), teacher=teacher)


def test_evaluate_counts_only_the_limit(network: Network, dataset: Dataset) -> None:
    module = GraphModule(network).eval()
    images, labels = next(dataset.batches("test", len(dataset.test)))
    right = (module(images).argmax(1) == labels).float()
    assert evaluate(network, dataset) == pytest.approx(right.mean().item())
    assert evaluate(network, dataset, limit=50) == pytest.approx(right[:50].mean().item())


def test_the_rate_warms_up_and_falls_to_nothing() -> None:
    recipe = Recipe(epochs=10, learning_rate=0.1, warmup_epochs=1.0)
    rates = [recipe.rate(step, 100) for step in range(100)]
    assert rates[:10] == sorted(rates[:10]) and rates[0] < 0.02
    assert max(rates) == rates[10] == pytest.approx(0.1)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[-1] < 1e-3
    assert Recipe(epochs=1, learning_rate=0.1, warmup_epochs=0.0).rate(0, 1) == 0.1


def _without_dropout(graph: Graph) -> list[Node]:
    return [replace(n, inputs=("flat",)) if n.name == "fc" else n for n in graph.nodes if n.name != "drop"]


def _distance(a: Network, b: Network, dataset: Dataset) -> float:
    images = torch.from_numpy(dataset.images("test", 64))
    with torch.no_grad():
        return float((GraphModule(a).eval()(images) - GraphModule(b).eval()(images)).square().mean())
