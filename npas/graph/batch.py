"""Whether a graph works image by image: training gives it many at once."""

from __future__ import annotations

import torch

from npas.graph.graph import Graph
from npas.ops import Constant, Input


def check_batch(graph: Graph) -> None:
    """Raises ValueError, naming the node, where a value does not keep the images of a batch apart.

    Every value of an image must have a first axis of 1 in the graph, and of 2 where two images come in. The references
    say so themselves, on tensors without data.
    """
    values: dict[str, torch.Tensor] = {}
    shared: set[str] = set()
    for node in graph.nodes:
        where = f"node {node.name}"
        if isinstance(node.op, Input):
            shape = graph.shapes[node.name]
            values[node.name] = torch.empty((2, *shape[1:]), device="meta")
            if shape[:1] != (1,):
                raise ValueError(f"{where}: batch must be 1, got shape {shape}; export the model with an open batch")
            continue
        weights = {
            role: torch.empty(shape, device="meta")
            for role, shape in node.op.parameters(graph.input_shapes(node)).items()
        }
        try:
            values[node.name] = node.op.reference([values[i] for i in node.inputs], weights)
        except (RuntimeError, ValueError, IndexError) as error:
            reason = " ".join(str(error).split())[:120]
            raise ValueError(
                f"{where}: works for one image only ({reason}); keep the batch as the first axis"
            ) from error
        if isinstance(node.op, Constant) or (node.inputs and all(i in shared for i in node.inputs)):
            shared.add(node.name)  # of the network's own: the same for all images
        elif tuple(values[node.name].shape) != (2, *graph.shapes[node.name][1:]) or graph.shapes[node.name][:1] != (1,):
            got = graph.shapes[node.name]
            raise ValueError(f"{where}: mixes the images of a batch (shape {got}); keep the batch as the first axis")
