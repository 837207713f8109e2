"""Small networks with random float64 weights, and the comparison of what they compute."""

from __future__ import annotations

import numpy as np
import torch

from npas.graph.graph import Graph, Network, Node
from npas.ops import AnyOp, Conv2d, Input

TOLERANCE = 1e-9


class Draft:
    """A graph under construction: ``add(op, *inputs)`` names nodes n0, n1, ... and returns the name."""

    def __init__(self, shape: tuple[int, ...] = (1, 3, 8, 8)) -> None:
        self.nodes = [Node("x", Input(shape=shape))]

    def add(self, op: AnyOp, *inputs: str, name: str | None = None) -> str:
        self.nodes.append(Node(name or f"n{len(self.nodes)}", op, inputs))
        return self.nodes[-1].name

    def conv(
        self,
        source: str,
        filters: int,
        size: int = 3,
        pads: int | None = None,
        name: str | None = None,
        **fields: object,
    ) -> str:
        pad = size // 2 if pads is None else pads
        op = Conv2d.model_validate({"filters": filters, "kernel": (size, size), "pads": (pad,) * 4, **fields})
        return self.add(op, source, name=name)

    def network(self, *outputs: str, seed: int = 0) -> Network:
        """Random float64 weights, so that only the rewrite, not rounding, can make a difference."""
        graph = Graph("g", tuple(self.nodes), outputs or (self.nodes[-1].name,))
        rng = np.random.default_rng(seed)
        weights = {}
        for name, shape in graph.parameters.items():
            draw = rng.standard_normal(shape)
            weights[name] = np.abs(draw) + 0.5 if name.endswith(".var") else draw / np.sqrt(max(1, np.prod(shape[1:])))
        return Network(graph, weights)


def outputs(network: Network, seed: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    values: dict[str, torch.Tensor] = {}
    for node in network.graph.nodes:
        if isinstance(node.op, Input):
            values[node.name] = torch.from_numpy(rng.standard_normal((2, *node.op.shape[1:])))
            continue
        params = {role: torch.from_numpy(array) for role, array in network.params(node).items()}
        values[node.name] = node.op.reference([values[i] for i in node.inputs], params)
    return [values[name].numpy() for name in network.graph.outputs]


def assert_same(before: Network, after: Network) -> None:
    assert {k: v.shape for k, v in after.weights.items()} == dict(after.graph.parameters)
    for a, b in zip(outputs(before), outputs(after), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(b, a, rtol=TOLERANCE, atol=TOLERANCE)


def zero(network: Network, node: str, channels: list[int], *, batch_norm: str | None = None) -> Network:
    """Zeroes filters of a layer, with bias and (where named) batch-norm channel."""
    weights = {name: array.copy() for name, array in network.weights.items()}
    names = [f"{node}.weight", f"{node}.bias"]
    names += [f"{batch_norm}.{role}" for role in ("scale", "bias", "mean")] if batch_norm else []
    for name in names:
        if name in weights:
            weights[name][channels] = 0
    return network.with_weights(weights)


def channels(network: Network, name: str) -> int:
    return network.graph.shapes[name][1]
