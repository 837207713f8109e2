"""What the program is held against: ONNX Runtime on the model, and the operators' references in float64."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray

from npas.errors import NumericsError
from npas.graph.graph import Network, Node
from npas.ops import Input

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def onnx_runtime(model: bytes, images: Floats, threads: int) -> list[Floats]:
    """Every output of the model for images [N, C, H, W], batch by batch of one, as the program runs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        rows = [session.run(None, {name: image[None]}) for image in images]
    except Exception as error:  # its exception types are not part of its interface
        raise NumericsError(f"model.onnx: ONNX Runtime must run it, got {error}") from error
    return [np.concatenate([np.asarray(row[i], np.float32) for row in rows]) for i in range(len(rows[0]))]


def values(network: Network, inputs: Mapping[str, Doubles]) -> dict[str, Doubles]:
    """Every value of the network in float64."""
    found: dict[str, torch.Tensor] = {}
    with torch.no_grad():
        for node in network.graph.nodes:
            if isinstance(node.op, Input):
                found[node.name] = torch.from_numpy(inputs[node.name])
            else:
                found[node.name] = apply(network, node, [found[i] for i in node.inputs])
    return {name: value.numpy() for name, value in found.items()}


def apply(network: Network, node: Node, inputs: list[torch.Tensor]) -> torch.Tensor:
    """One node in float64."""
    params = {role: torch.from_numpy(w.astype(np.float64)) for role, w in network.params(node).items()}
    return node.op.reference(inputs, params)


def magnitude(network: Network, node: Node, inputs: list[torch.Tensor]) -> torch.Tensor:
    """S = sum |w| |x| + |b| for a node with weights: what its rounding error is measured in."""
    params = {role: torch.from_numpy(np.abs(w.astype(np.float64))) for role, w in network.params(node).items()}
    return node.op.reference([x.abs() for x in inputs], params)
