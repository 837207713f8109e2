"""Squeeze-and-excite as many write it: pool, flatten, linear layers, and back to a plane of 1x1.

The linear layers become 1x1 convolutions on [N, C, 1, 1], and both reshapes disappear.
"""

from __future__ import annotations

import numpy as np

from npas.frontend.onnx_shapes import UNARY
from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.layout import RESHAPES
from npas.ops.onnx_io import AnyArray, OnnxNode

STEPS = UNARY | {"Relu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Gelu", "Swish", "Dropout"}
MAX_STEPS = 16


def unflattened_linear(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """A reshape of [1, C] to [1, C, 1, 1] whose ancestors are linear layers and activations of a flattened plane."""
    before, after = graph.shape(node.inputs[0]) if node.inputs else None, graph.shape(node.output)
    if node.type not in RESHAPES or before is None or after != (*before, 1, 1) or before[0] != 1:
        return None
    path = _path_to_plane(graph, node.inputs[0])
    if path is None:
        return None
    plane, steps = path
    nodes, constants, x = [], dict[str, AnyArray](), plane
    for i, step in enumerate(steps):
        last = i == len(steps) - 1
        out = node.output if last else f"{node.output}.step{i}"
        inputs, attributes = (x, *step.inputs[1:]), step.attributes
        if step.type in ("Gemm", "MatMul"):
            kernel = _kernel(graph, step)
            if kernel is None:
                return None
            constants[f"{out}.weight"] = kernel
            inputs, attributes = (x, f"{out}.weight", *step.inputs[2:]), {}
        kind = "Conv" if step.type in ("Gemm", "MatMul") else step.type
        nodes.append(OnnxNode(kind, inputs, out, attributes, step.name))
        x = out
    return Replacement(tuple(nodes), constants) if nodes else Replacement(alias=plane)


def _path_to_plane(graph: RawGraph, value: str) -> tuple[str, list[OnnxNode]] | None:
    """The [1, C, 1, 1] value that was flattened, and the steps from it to this value, in order."""
    steps: list[OnnxNode] = []
    while len(steps) <= MAX_STEPS:
        made = graph.producers.get(value)
        if made is None or not made.inputs:
            return None
        source = graph.shape(made.inputs[0])
        if made.type in RESHAPES:
            if source is None or source[:1] != (1,) or source[2:] != (1, 1) or graph.shape(value) != source[:2]:
                return None
            return made.inputs[0], steps[::-1]
        if made.type not in STEPS and made.type not in ("Gemm", "MatMul"):
            return None
        steps.append(made)
        value = made.inputs[0]
    return None


def _kernel(graph: RawGraph, step: OnnxNode) -> AnyArray | None:
    """The matrix as a kernel [F, C, 1, 1]; only plain products (alpha = beta = 1) with a bias [F]."""
    matrix = graph.constants.get(step.inputs[1])
    plain = step.number("alpha", 1.0) == step.number("beta", 1.0) == 1.0 and not step.integer("transA", 0)
    if matrix is None or matrix.ndim != 2 or not plain:
        return None
    turned = matrix if step.type == "Gemm" and step.integer("transB", 0) else matrix.T
    if len(step.inputs) > 2 and graph.shape(step.inputs[2]) != (turned.shape[0],):
        return None
    return np.ascontiguousarray(turned)[:, :, None, None]
