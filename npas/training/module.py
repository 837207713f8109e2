"""A network as a torch module."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from npas.graph.graph import Array, Graph, Network
from npas.ops import BatchNorm, Input, Softmax

STATISTICS = ("mean", "var")


def attribute(weight: str) -> str:
    """The module's name for a weight of the network: torch does not take dots."""
    return weight.replace(".", "__")


class GraphModule(nn.Module):
    """Runs a graph by the references of its operators.

    Weights are copied in. ``node.role`` becomes the parameter ``node__role``; a batch norm's running mean and variance
    are buffers. Shapes and roles are the graph's.
    """

    def __init__(self, network: Network) -> None:
        super().__init__()
        graph = network.graph
        assert len(graph.inputs) == 1, graph.inputs
        self.graph = graph
        self.steps = []
        for node in graph.nodes:
            roles = node.op.parameters(graph.input_shapes(node))
            self.steps.append((node, {role: attribute(f"{node.name}.{role}") for role in roles}))
            for role, name in self.steps[-1][1].items():
                weight = torch.tensor(network.weights[f"{node.name}.{role}"], dtype=torch.float32)
                if isinstance(node.op, BatchNorm) and role in STATISTICS:
                    self.register_buffer(name, weight)
                else:
                    self.register_parameter(name, nn.Parameter(weight))
        self.logits = _logits(graph)
        self._last_use = {name: at for at, node in enumerate(graph.nodes) for name in (node.name, *node.inputs)}

    def forward(self, images: Tensor) -> Tensor:
        """[N, C, H, W] -> the scores [N, classes] that the loss takes: a softmax at the end is left out."""
        return self.values(images, (self.logits,))[self.logits]

    def values(self, images: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
        """The values of the named nodes, at any batch. Other values are let go after their last use."""
        wanted = frozenset(names)
        values: dict[str, Tensor] = {}
        kept: dict[str, Tensor] = {}
        for at, (node, weights) in enumerate(self.steps):
            if isinstance(node.op, Input):
                value = images
            else:
                parameters = {role: getattr(self, name) for role, name in weights.items()}
                value = node.op.reference([values[i] for i in node.inputs], parameters, self.training)
            values[node.name] = value
            if node.name in wanted:
                kept[node.name] = value
                if len(kept) == len(wanted):
                    break
            for name in {node.name, *node.inputs}:
                if self._last_use[name] == at:
                    del values[name]
        return kept

    def weight(self, name: str) -> Tensor:
        """The live parameter or buffer of a weight, by the network's name for it: ``node.role``."""
        weight = getattr(self, attribute(name))
        assert isinstance(weight, Tensor)
        return weight

    def network(self) -> Network:
        """A copy of the weights as they are now, with the graph."""
        weights: Mapping[str, Array] = {name: _copied(self.weight(name)) for name in self.graph.parameters}
        return Network(self.graph, weights)


def _logits(graph: Graph) -> str:
    """The first output, or what a closing softmax was computed from."""
    last = graph.node(graph.outputs[0])
    return last.inputs[0] if isinstance(last.op, Softmax) else last.name


def _copied(weight: Tensor) -> Array:
    return np.array(weight.detach().cpu().numpy(), dtype=np.float32, order="C")
