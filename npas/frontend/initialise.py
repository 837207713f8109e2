"""Random weights to train from: He et al., "Delving Deep into Rectifiers", section 2.2 (fan-in)."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.graph.graph import Array, Graph, Network
from npas.ops import Linear


def initialise(graph: Graph, generator: np.random.Generator) -> Network:
    """Convolutions N(0, 2 / fan-in), linear layers N(0, 1 / fan-in), biases 0, batch-norms the identity."""
    weights: dict[str, Array] = {}
    for node in graph.nodes:
        for role, shape in node.op.parameters(graph.input_shapes(node)).items():
            if role == "weight":
                gain = 1.0 if isinstance(node.op, Linear) else 2.0
                drawn = generator.standard_normal(shape, dtype=np.float32)
                weights[f"{node.name}.{role}"] = drawn * np.float32(np.sqrt(gain / prod(shape[1:])))
            else:
                fill = np.ones if role in ("scale", "var") else np.zeros
                weights[f"{node.name}.{role}"] = fill(shape, np.float32)
    return Network(graph, weights)
