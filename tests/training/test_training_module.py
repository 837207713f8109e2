from __future__ import annotations

import numpy as np
import torch

from npas.graph.graph import Network
from npas.training import GraphModule


def test_weights_survive_the_way_in_and_out(network: Network) -> None:
    back = GraphModule(network).network()
    assert back.graph is network.graph
    assert back.weights.keys() == network.weights.keys()
    for name, weight in network.weights.items():
        assert back.weights[name].dtype == np.float32
        np.testing.assert_array_equal(back.weights[name], weight)


def test_nothing_is_shared_with_the_network(network: Network) -> None:
    module = GraphModule(network)
    before = module.network()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(1.0)
    assert not np.array_equal(module.network().weights["fc.bias"], before.weights["fc.bias"])
    np.testing.assert_array_equal(before.weights["fc.bias"], network.weights["fc.bias"])


def test_statistics_are_buffers_and_all_else_parameters(network: Network) -> None:
    module = GraphModule(network)
    assert {name for name, _ in module.named_buffers()} == {"bn__mean", "bn__var"}
    assert {name for name, _ in module.named_parameters()} == {
        "conv__weight",
        "bn__scale",
        "bn__bias",
        "fc__weight",
        "fc__bias",
    }


def test_forward_gives_scores_and_values_the_softmax(network: Network) -> None:
    module = GraphModule(network).eval()
    images = torch.randn(3, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    scores = module(images)
    assert scores.shape == (3, 4)
    values = module.values(images, ("conv", "probs"))
    assert values.keys() == {"conv", "probs"}
    torch.testing.assert_close(values["probs"], torch.softmax(scores, 1))
    weight = torch.from_numpy(network.weights["conv.weight"])
    torch.testing.assert_close(values["conv"], torch.nn.functional.conv2d(images, weight, padding=1))


def test_batch_statistics_move_only_in_training(network: Network) -> None:
    images = torch.randn(8, 2, 8, 8, generator=torch.Generator().manual_seed(0))
    still, moving = GraphModule(network).eval(), GraphModule(network).train()
    still(images)
    moving(images)
    np.testing.assert_array_equal(still.network().weights["bn.mean"], network.weights["bn.mean"])
    assert not np.array_equal(moving.network().weights["bn.mean"], network.weights["bn.mean"])
