"""Norms that are several operators of ours."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.steps import Steps, affordable
from npas.ops.onnx_io import OnnxCall, OnnxNode


def batch_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Of anything but one image or row: a product and a sum."""
    shape = graph.shape(node.inputs[0]) if node.type == "BatchNormalization" else None
    if shape is None or len(shape) < 2 or (len(shape) in (2, 4) and shape[0] == 1):
        return None
    if node.integer("training_mode", 0):
        raise ValueError("training_mode must be 0: export the model in evaluation mode")
    call, steps = graph.call(node), Steps(graph, node)
    scale, bias, mean, variance = (call.weight(i, (shape[1],)).astype(np.float64) for i in range(1, 5))
    factor = scale / np.sqrt(variance + node.number("epsilon", 1e-5))
    lines = (shape[1], *[1] * (len(shape) - 2))
    x = steps.add("Mul", node.inputs[0], steps.number(factor.reshape(lines)))
    return steps.replacement(steps.add("Add", x, steps.number((bias - mean * factor).reshape(lines))))


def layer_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Normalised, then scaled and shifted."""
    if node.type != "LayerNormalization" or (shape := graph.shape(node.inputs[0])) is None:
        return None
    call = graph.call(node)
    if not call.has(2) and (call.constant(1) == 1).all():
        return None
    steps, axis = Steps(graph, node), node.integer("axis", -1) % len(shape)
    x = _normalized(steps, node.inputs[0], shape, axis, node.number("epsilon", 1e-5))
    x = steps.add("Mul", x, node.inputs[1])
    return steps.replacement(steps.add("Add", x, node.inputs[2]) if call.has(2) else x)


def _normalized(steps: Steps, x: str, shape: tuple[int, ...], axis: int, epsilon: float) -> str:
    affordable(*shape[axis:])
    ones = steps.number(np.ones(shape[axis:]))
    return steps.add("LayerNormalization", x, ones, axis=axis, epsilon=epsilon)


def layer_statistics(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """The mean and the inverse of the deviation, which ``LayerNormalization`` gives too where it is asked."""
    which = {"LayerNormalization (result 1)": 1, "LayerNormalization (result 2)": 2}.get(node.type)
    if which is None or (shape := graph.shape(node.inputs[0])) is None:
        return None
    steps, x = Steps(graph, node), node.inputs[0]
    axes = tuple(range(node.integer("axis", -1) % len(shape), len(shape)))
    mean = steps.add("npas.Reduce", x, function="mean", axes=axes, keep=1)
    if which == 1:
        return steps.replacement(mean)
    centred = steps.add("Sub", x, mean)
    variance = steps.add("npas.Reduce", steps.add("Mul", centred, centred), function="mean", axes=axes, keep=1)
    root = steps.add("Sqrt", steps.add("Add", variance, steps.number(node.number("epsilon", 1e-5))))
    return steps.replacement(steps.add("Reciprocal", root))


def rms_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """x / sqrt(mean(x x) + epsilon), scaled."""
    if node.type != "RMSNormalization" or (shape := graph.shape(node.inputs[0])) is None:
        return None
    steps, (x, scale) = Steps(graph, node), node.inputs[:2]
    axes = tuple(range(node.integer("axis", -1) % len(shape), len(shape)))
    mean = steps.add("npas.Reduce", steps.add("Mul", x, x), function="mean", axes=axes, keep=1)
    root = steps.add("Sqrt", steps.add("Add", mean, steps.number(node.number("epsilon", 1e-5))))
    return steps.replacement(steps.add("Mul", steps.add("Div", x, root), scale))


def instance_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Each channel of each image by itself."""
    if node.type != "InstanceNormalization" or (shape := graph.shape(node.inputs[0])) is None or len(shape) < 3:
        return None
    call, steps = graph.call(node), Steps(graph, node)
    x = _normalized(steps, node.inputs[0], shape, 2, node.number("epsilon", 1e-5))
    return _affine(steps, call, x, (shape[1], *[1] * (len(shape) - 2)))


def _affine(steps: Steps, call: OnnxCall, x: str, lines: tuple[int, ...]) -> Replacement:
    """Times input 1, plus input 2, each with one element a channel."""
    scale, bias = (call.weight(i).reshape(lines) for i in (1, 2))
    return steps.replacement(steps.add("Add", steps.add("Mul", x, steps.number(scale)), steps.number(bias)))


def group_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Groups of channels together; since opset 21 scale and bias are the channels', before that the groups'."""
    if node.type != "GroupNormalization" or (shape := graph.shape(node.inputs[0])) is None or len(shape) < 3:
        return None
    call, steps, groups = graph.call(node), Steps(graph, node), node.integer("num_groups", 1)
    if groups < 1 or shape[1] % groups:
        raise ValueError(f"{shape[1]} channels do not divide into {groups} groups")
    parts = (shape[0], groups, prod(shape[1:]) // groups)
    x = steps.reshape(node.inputs[0], parts)
    x = steps.reshape(_normalized(steps, x, parts, 2, node.number("epsilon", 1e-5)), shape)
    values = [call.weight(i) for i in (1, 2)]
    repeats = shape[1] // values[0].size if values[0].size else 1
    lines = (shape[1], *[1] * (len(shape) - 2))
    scale, bias = (np.repeat(v, repeats).reshape(lines) for v in values)
    return steps.replacement(steps.add("Add", steps.add("Mul", x, steps.number(scale)), steps.number(bias)))


def mean_variance_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """(x - mean) / (sqrt(variance) + 1e-9), over batch and image unless told otherwise (ONNX's definition)."""
    if node.type != "MeanVarianceNormalization" or (shape := graph.shape(node.inputs[0])) is None:
        return None
    steps, x, axes = Steps(graph, node), node.inputs[0], node.integers("axes", (0, 2, 3))
    axes = tuple(sorted(a % len(shape) for a in axes))
    centred = steps.add("Sub", x, steps.add("npas.Reduce", x, function="mean", axes=axes, keep=1))
    variance = steps.add("npas.Reduce", steps.add("Mul", centred, centred), function="mean", axes=axes, keep=1)
    root = steps.add("Add", steps.add("Sqrt", variance), steps.number(1e-9))
    return steps.replacement(steps.add("Div", centred, root))


def lp_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """x over its norm of order 1 or 2 along an axis; 0 where that is 0."""
    if node.type != "LpNormalization" or (shape := graph.shape(node.inputs[0])) is None:
        return None
    order, axis = node.integer("p", 2), node.integer("axis", -1) % len(shape)
    if order not in (1, 2):
        raise ValueError(f"p must be 1 or 2, got {order}")
    steps, x = Steps(graph, node), node.inputs[0]
    sizes = steps.add("Abs", x) if order == 1 else steps.add("Mul", x, x)
    norm = steps.add("npas.Reduce", sizes, function="sum", axes=(axis,), keep=1)
    if order == 2:
        norm = steps.add("Sqrt", norm)
    least = steps.number(float(np.finfo(np.float32).tiny))
    return steps.replacement(steps.add("Div", x, steps.add("Max", norm, least)))


def local_response_norm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """x / (bias + alpha / size sum of neighbouring channels' squares)^beta; the sums are a pool of channels."""
    shape = graph.shape(node.inputs[0]) if node.type == "LRN" else None
    if shape is None or len(shape) < 3:
        return None
    size = node.integer("size", 1)
    alpha, beta, bias = node.number("alpha", 1e-4), node.number("beta", 0.75), node.number("bias", 1.0)
    before = (size - 1) // 2
    steps, x = Steps(graph, node), node.inputs[0]
    lines = steps.reshape(steps.add("Mul", x, x), (shape[0], 1, shape[1], prod(shape[2:])))
    padding = (before, 0, size - 1 - before, 0)
    means = steps.add("AveragePool", lines, kernel_shape=(size, 1), pads=padding, count_include_pad=1)
    scaled = steps.add("Mul", steps.reshape(means, shape), steps.number(alpha))
    base = steps.add("Add", scaled, steps.number(bias))
    return steps.replacement(steps.add("Div", x, steps.add("Pow", base, steps.number(beta))))
