"""Fits the replaced layers one after the other, in the order of the graph.

A replacement is fitted from what reaches it in the rewritten network to what its layer gave in the original one, so
later layers make up for the errors of earlier ones instead of adding to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from npas.graph.graph import Array, Graph, Network, Node
from npas.ops import Conv2d, Input
from npas.rewrite.parts import crop
from npas.rewrite.reconstruct import columns, dense, depthwise_separable, inverted_bottleneck
from npas.rewrite.sampling import patches

Weights = Mapping[str, Tensor]
Replaced = Mapping[str, tuple[Node, ...]]
"""Layer of the original network -> the convolutions in its place, the last of the same name."""


def rebuild(network: Network, graph: Graph, replaced: Replaced, images: NDArray[np.float32]) -> Network:
    """``graph`` with weights: those of ``network`` where a layer stayed, fitted on ``images`` in ``replaced``."""
    fresh = {part.name for parts in replaced.values() for part in parts}
    weights = {
        name: torch.tensor(network.weights[name]) for name in graph.parameters if name.rpartition(".")[0] not in fresh
    }
    if replaced:
        with torch.inference_mode():
            _fit(network, graph, replaced, weights, torch.tensor(images))
    arrays: dict[str, Array] = {name: weights[name].numpy() for name in graph.parameters}
    return Network(graph, arrays)


def _fit(network: Network, graph: Graph, replaced: Replaced, weights: dict[str, Tensor], images: Tensor) -> None:
    """Adds the weights of the replacements to ``weights``, each before the layers after it run."""
    original = {name: torch.tensor(array) for name, array in network.weights.items()}
    targets = {
        node.name: _output(node.op, original, node.name, inputs[0])
        for node, inputs in _walk(network.graph, original, images, frozenset(replaced))
        if isinstance(node.op, Conv2d) and node.name in replaced
    }
    first = {parts[0].name: site for site, parts in replaced.items()}
    for node, inputs in _walk(graph, weights, images, frozenset(first)):
        if (site := first.get(node.name)) is not None:
            op = network.graph.node(site).op
            assert isinstance(op, Conv2d)
            weights |= _solve(op, original[f"{site}.weight"], replaced[site], inputs[0], targets[site])


def _output(op: Conv2d, weights: Weights, name: str, value: Tensor) -> Tensor:
    """The layer's output at the sampled pixels: [S, F]."""
    weight = weights[f"{name}.weight"].double().flatten(1)
    output = columns(patches(value, op)) @ weight.T
    bias = weights.get(f"{name}.bias")
    return output if bias is None else output + bias


def _solve(op: Conv2d, weight: Tensor, parts: tuple[Node, ...], value: Tensor, y: Tensor) -> dict[str, Tensor]:
    """The weights of one replacement, by name, for its layer's weight [F, C, Kh, Kw], input and sampled output."""
    ops = [part.op for part in parts]
    seen = max((part for part in ops if isinstance(part, Conv2d)), key=lambda part: part.kernel)
    x = patches(value, seen)
    size = seen.kernel[0]
    row, column = crop(op, size)
    w = weight[:, :, row : row + size, column : column + size].flatten(2).double()
    *found, bias = _solution(w, x, y, ops)
    solved = {f"{parts[-1].name}.bias": bias.float()}
    for part, array in zip(parts, found, strict=True):
        assert isinstance(part.op, Conv2d)
        shape = (part.op.filters, -1, *part.op.kernel)
        solved[f"{part.name}.weight"] = array.reshape(shape).float().contiguous()
    return solved


def _solution(w: Tensor, x: Tensor, y: Tensor, ops: Sequence[object]) -> tuple[Tensor, ...]:
    if len(ops) == 1:
        return dense(w, x, y)
    if len(ops) == 2:
        return depthwise_separable(w, x, y)
    assert isinstance(ops[0], Conv2d)
    return inverted_bottleneck(w, x, y, ops[0].filters)


def _walk(
    graph: Graph, weights: Weights, images: Tensor, until: frozenset[str]
) -> Iterator[tuple[Node, Sequence[Tensor]]]:
    """Runs the graph on ``images``; yields each node and its inputs just before its weights are read.

    Ends once all of ``until`` were yielded; values are dropped after their last reader.
    """
    last = {name: node.name for node in graph.nodes for name in node.inputs}
    values: dict[str, Tensor] = {}
    waiting = set(until)
    for node in graph.nodes:
        inputs = [values[name] for name in node.inputs]
        yield node, inputs
        waiting.discard(node.name)
        if not waiting:
            return
        own = {role: weights[f"{node.name}.{role}"] for role in node.op.parameters(graph.input_shapes(node))}
        values[node.name] = images if isinstance(node.op, Input) else node.op.reference(inputs, own)
        for name in node.inputs:
            if last[name] == node.name:
                values.pop(name, None)
