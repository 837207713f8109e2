"""Activations that exporters spell out in smaller operators."""

from __future__ import annotations

from itertools import permutations
from math import inf, pi, sqrt

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.algebra import near, power, product, scaled, sum_with_constant
from npas.ops.onnx_io import Attribute, OnnxNode


def clip_of_min_max(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """min(x, c) and max(x, c) are clips with one bound."""
    if node.type not in ("Min", "Max") or len(node.inputs) != 2:
        return None
    for x, bound in (node.inputs, node.inputs[::-1]):
        if (number := graph.scalar(bound)) is not None:
            return _clip(graph, node, x, -inf, number) if node.type == "Min" else _clip(graph, node, x, number, inf)
    return None


def _clip(graph: RawGraph, node: OnnxNode, x: str, low: float, high: float) -> Replacement:
    """A clip as the graph's opset writes it; of a clip, one with both pairs of bounds."""
    if (inner := _bounds(graph, x)) is not None:
        x, low, high = inner[0], max(low, inner[1]), min(high, inner[2])
    limit = float(np.finfo(np.float32).max)
    low, high = max(low, -limit), min(high, limit)
    if graph.opset < 11:
        return Replacement((OnnxNode("Clip", (x,), node.output, {"min": low, "max": high}, node.name),))
    names = (f"{node.output}.low", f"{node.output}.high")
    bounds = {name: np.array(value, np.float32) for name, value in zip(names, (low, high), strict=True)}
    return Replacement((OnnxNode("Clip", (x, *names), node.output, {}, node.name),), bounds)


def _bounds(graph: RawGraph, value: str) -> tuple[str, float, float] | None:
    """(x, low, high) where the value is a clip of x."""
    if (relu := graph.made_by(value, "Relu")) is not None:
        return relu.inputs[0], 0.0, inf
    node = graph.made_by(value, "Clip")
    if node is None:
        return None
    call = graph.call(node)
    try:
        if graph.opset < 11:
            return node.inputs[0], node.number("min", -inf), node.number("max", inf)
        return node.inputs[0], call.scalar(1, -inf), call.scalar(2, inf)
    except ValueError:
        return None  # Bounds that are not constants: the importer refuses them.


def hard_sigmoid(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """clip(x + 3, 0, 6) / 6, or clip(x / 6 + 1/2, 0, 1)."""
    c, inner = scaled(graph, node.output)
    bounds = _bounds(graph, inner)
    if bounds is None or (shifted := sum_with_constant(graph, bounds[0])) is None:
        return None
    a, x = scaled(graph, shifted[1])
    wanted = (0.5 / c, 0.0, 1.0 / c, (1 / 6) / c) if c > 0 else None
    if wanted is None or not all(map(near, (shifted[0], bounds[1], bounds[2], a), wanted)):
        return None
    attributes: dict[str, Attribute] = {"alpha": 1 / 6, "beta": 0.5}
    return Replacement((OnnxNode("HardSigmoid", (x,), node.output, attributes, node.name),))


def hard_swish(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """x * hard_sigmoid(x), or x * clip(x + 3, 0, 6) / 6 in any grouping."""
    if (found := product(graph, node.output)) is None:
        return None
    c, *factors = found
    for x, gate in permutations(factors):
        made, bounds = graph.made_by(gate, "HardSigmoid"), _bounds(graph, gate)
        slope = (made.number("alpha", 0.2), made.number("beta", 0.5)) if made and made.inputs == (x,) else (0.0, 0.0)
        gated = near(c, 1.0) and all(map(near, slope, (1 / 6, 0.5)))
        shifted = sum_with_constant(graph, bounds[0]) if bounds else None
        clipped = bounds is not None and shifted is not None and shifted[1] == x
        if clipped and bounds and shifted:
            clipped = all(map(near, (c, shifted[0], *bounds[1:]), (1 / 6, 3.0, 0.0, 6.0)))
        if gated or clipped:
            return Replacement((OnnxNode("HardSwish", (x,), node.output, {}, node.name),))
    return None


def silu(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """x * sigmoid(x)."""
    if (found := product(graph, node.output)) is None or not near(found[0], 1.0):
        return None
    for x, gate in permutations(found[1:]):
        if (made := graph.made_by(gate, "Sigmoid")) and made.inputs == (x,):
            return Replacement((OnnxNode("Swish", (x,), node.output, {}, node.name),))
    return None


def gelu(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """0.5 * x * (1 + erf(x / sqrt(2))), and its tanh approximation."""
    if (found := product(graph, node.output)) is None or not near(found[0], 0.5):
        return None
    for x, gate in permutations(found[1:]):
        shifted = sum_with_constant(graph, gate)
        if shifted is None or not near(shifted[0], 1.0):
            continue
        approximate = None
        if (erf := graph.made_by(shifted[1], "Erf")) and _is_scaled(graph, erf.inputs[0], sqrt(1 / 2), x):
            approximate = "none"
        if (tanh := graph.made_by(shifted[1], "Tanh")) and _is_cubic(graph, tanh.inputs[0], x):
            approximate = "tanh"
        if approximate is not None:
            return Replacement((OnnxNode("Gelu", (x,), node.output, {"approximate": approximate}, node.name),))
    return None


def _is_scaled(graph: RawGraph, value: str, c: float, x: str) -> bool:
    """value = c * x."""
    got, inner = scaled(graph, value)
    return inner == x and near(got, c)


def _is_cubic(graph: RawGraph, value: str, x: str) -> bool:
    """value = sqrt(2 / pi) * (x + 0.044715 x^3)."""
    c, inner = scaled(graph, value)
    added = graph.made_by(inner, "Add")
    if added is None:
        return False
    terms = {n: c * a for found in (power(graph, i, x) for i in added.inputs) if found for a, n in [found]}
    wanted = {1: sqrt(2 / pi), 3: sqrt(2 / pi) * 0.044715}
    return terms.keys() == wanted.keys() and all(near(terms[n], wanted[n]) for n in wanted)
