"""Products and sums with constants: they become weights."""

from __future__ import annotations

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.ops.onnx_io import AnyArray, OnnxNode


def gemm_of_matmul(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """(x @ W) + b with constants W [C, F] and b [F]."""
    if node.type != "Add":
        return None
    for product, b in (node.inputs, node.inputs[::-1]):
        made, bias = graph.made_by(product, "MatMul"), graph.constants.get(b)
        weight = graph.constants.get(made.inputs[1]) if made else None
        if made is None or weight is None or bias is None or weight.ndim != 2 or bias.dtype != np.float32:
            continue
        if bias.size != weight.shape[1] or bias.shape[-1:] != weight.shape[1:]:
            continue
        return _gemm(node, made, bias)
    return None


def bias_of_gemm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """(x @ W) + b where the product is a ``Gemm`` without bias."""
    if node.type != "Add":
        return None
    for product, b in (node.inputs, node.inputs[::-1]):
        made, bias = graph.made_by(product, "Gemm"), graph.constants.get(b)
        shape = graph.shape(product)
        if made is None or bias is None or shape is None or len(made.inputs) > 2 or bias.dtype != np.float32:
            continue
        if graph.readers[product] == 1 and bias.size == shape[-1] == bias.shape[-1] and node.integer("beta", 1) == 1:
            return _gemm(node, made, bias)
    return None


def _gemm(node: OnnxNode, made: OnnxNode, bias: AnyArray) -> Replacement:
    name = f"{node.output}.bias"
    attributes = made.attributes if made.type == "Gemm" else {}
    inputs = (*made.inputs[:2], name)
    return Replacement((OnnxNode("Gemm", inputs, node.output, attributes, node.name),), {name: bias.reshape(-1)})


def bias_of_conv(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """conv(x) + b with a constant b [F, 1, 1], where nothing else reads the convolution."""
    if node.type != "Add":
        return None
    for convolved, b in (node.inputs, node.inputs[::-1]):
        made, shape = graph.made_by(convolved, "Conv"), graph.shape(convolved)
        if made is None or shape is None or len(made.inputs) > 2 or graph.readers[convolved] != 1:
            continue
        if (bias := _per_channel(graph.constants.get(b), shape[1])) is not None:
            name = f"{node.output}.bias"
            return Replacement(
                (OnnxNode("Conv", (*made.inputs[:2], name), node.output, made.attributes, node.name),), {name: bias}
            )
    return None


def scale_and_shift(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """A product or sum with a constant per channel (or one for all) is a depthwise 1x1 convolution.

    Not a batch-norm: that would normalise by each batch's statistics once the network is trained again.
    """
    if node.type not in ("Mul", "Add", "Div", "Sub") or len(node.inputs) != 2:
        return None
    orders = (node.inputs, node.inputs[::-1]) if node.type in ("Mul", "Add") else (node.inputs,)
    for x, c in orders:
        shape = graph.shape(x)
        if (
            x in graph.constants
            or shape is None
            or len(shape) != 4
            or shape[0] != 1
            or graph.shape(node.output) != shape
        ):
            continue
        values = _per_channel(graph.constants.get(c), shape[1])
        if values is None or (node.type == "Div" and not values.all()):
            continue
        one, zero = np.ones_like(values), np.zeros_like(values)
        scale, shift = {
            "Mul": (values, zero),
            "Div": (one / np.where(values == 0, 1, values), zero),
            "Add": (one, values),
            "Sub": (one, -values),
        }[node.type]
        names = (f"{node.output}.weight", f"{node.output}.bias")
        constants = {names[0]: scale.reshape(-1, 1, 1, 1), names[1]: shift}
        return Replacement((OnnxNode("Conv", (x, *names), node.output, {"group": shape[1]}, node.name),), constants)
    return None


def _per_channel(value: AnyArray | None, channels: int) -> AnyArray | None:
    """The constant as [channels], if it broadcasts over [1, channels, H, W] that way."""
    if value is None or value.dtype != np.float32 or value.ndim > 4:
        return None
    full = value.reshape((1,) * (4 - value.ndim) + value.shape)
    if full.shape not in ((1, 1, 1, 1), (1, channels, 1, 1)):
        return None
    return np.ascontiguousarray(np.broadcast_to(full.reshape(-1), (channels,)))
