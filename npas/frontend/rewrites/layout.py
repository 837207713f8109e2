"""Reshapes, reductions and padding in the words that our operators have for them."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from npas.frontend.raw import RawGraph, Replacement
from npas.ops.onnx_io import Attribute, OnnxNode
from npas.ops.pad import pad_amounts
from npas.ops.reduce import axes_of

RESHAPES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze")


def nothing(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Identity, casts to float32, and reshapes that change no shape disappear."""
    same = graph.shape(node.output) == graph.shape(node.inputs[0]) if node.inputs else False
    if (
        node.type == "Identity"
        or (node.type == "Cast" and node.attributes.get("to") == 1)
        or (node.type in RESHAPES and same and graph.shape(node.output) is not None)
        or (node.type in ("Concat", "Sum", "Min", "Max") and len(node.inputs) == 1)
    ):
        return Replacement(alias=node.inputs[0])
    return None


def sum_of_many(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Sum(a, b, c) is (a + b) + c."""
    if node.type != "Sum" or len(node.inputs) < 2:
        return None
    nodes, left = [], node.inputs[0]
    for i, right in enumerate(node.inputs[1:], start=2):
        last = i == len(node.inputs)
        nodes.append(OnnxNode("Add", (left, right), node.output if last else f"{node.output}.sum{i}", {}, node.name))
        left = nodes[-1].output
    return Replacement(tuple(nodes))


def global_pool(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """The mean over height and width."""
    shape = graph.shape(node.inputs[0]) if node.type == "ReduceMean" else None
    if shape is None or len(shape) != 4:
        return None
    try:
        axes = axes_of(graph.call(node), 4)
    except ValueError:
        return None  # Axes that are no constants or out of range stay, and are named.
    if axes != (2, 3):
        return None
    if node.integer("keepdims", 1):
        return Replacement((OnnxNode("GlobalAveragePool", node.inputs[:1], node.output, {}, node.name),))
    pooled = f"{node.output}.pooled"
    return Replacement(
        (
            OnnxNode("GlobalAveragePool", node.inputs[:1], pooled),
            OnnxNode("Flatten", (pooled,), node.output, {"axis": 1}, node.name),
        )
    )


def flatten(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Any reshape of [1, ...] to [1, the rest]; also one of a flattened value, through what it flattens."""
    before, after = graph.shape(node.inputs[0]) if node.inputs else None, graph.shape(node.output)
    if node.type not in RESHAPES or before is None or after is None or len(before) < 2 or before[0] != 1:
        return None
    if after != (1, prod(before[1:])) or (node.type == "Flatten" and node.integer("axis", 1) == 1):
        return None
    return Replacement((OnnxNode("Flatten", node.inputs[:1], node.output, {"axis": 1}, node.name),))


def pad_into_window(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Zeros around an image become the padding of the convolution or average pool that reads it."""
    if node.type not in ("Conv", "AveragePool") or node.text("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        return None
    pad = graph.made_by(node.inputs[0], "Pad")
    amounts = _zeros_around_image(graph, pad) if pad is not None else None
    if pad is None or amounts is None:
        return None
    own = node.integers("pads", (0, 0, 0, 0)) if node.text("auto_pad", "NOTSET") == "NOTSET" else (0, 0, 0, 0)
    if len(own) != 4:
        return None
    pads = tuple(a + b for a, b in zip(own, amounts, strict=True))
    changed: dict[str, Attribute] = {"auto_pad": "NOTSET", "pads": pads}
    if node.type == "AveragePool":
        # The window counts the zeros that were image to it, so its own padding must be counted too, or absent.
        if (any(own) and not node.integer("count_include_pad", 0)) or node.integer("ceil_mode", 0):
            return None
        changed["count_include_pad"] = 1
    attributes: Mapping[str, Attribute] = {**node.attributes, **changed}
    return Replacement((OnnxNode(node.type, (pad.inputs[0], *node.inputs[1:]), node.output, attributes, node.name),))


def _zeros_around_image(graph: RawGraph, pad: OnnxNode) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of a pad with zeros, of height and width only."""
    try:
        call = graph.call(pad)
        value = call.scalar(2, 0.0) if graph.opset >= 11 else pad.number("value", 0.0)
        amounts = pad_amounts(call)
        mode = pad.text("mode", "constant")
    except ValueError:
        return None  # Amounts that are no constants stay, and are named.
    image_only = len(amounts) == 8 and not any(amounts[i] for i in (0, 1, 4, 5))
    if mode != "constant" or value != 0.0 or not image_only or min(amounts) < 0:
        return None
    return amounts[2], amounts[3], amounts[6], amounts[7]
