"""Operators that are several of ours: products of any matrices, reductions, functions with constants."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.steps import Steps
from npas.ops.onnx_io import OnnxNode
from npas.ops.reduce import axes_of

SOFTPLUS_THRESHOLD = 20.0
"""From where on float32 sees no difference between softplus(x) and x: log(1 + exp(-20)) is 2e-9."""

ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "PRelu", "Mod", "Sum", "Mean")


def constants_as_floats(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Integers beside floats: exponents, most of all."""
    if node.type not in ARITHMETIC:
        return None
    odd = {i for i in node.inputs if i in graph.constants and graph.constants[i].dtype.kind in "iuf"}
    odd = {i for i in odd if graph.constants[i].dtype != np.float32}
    if not odd:
        return None
    steps = Steps(graph, node)
    inputs = [steps.number(graph.constants[i]) if i in odd else i for i in node.inputs]
    return steps.replacement(steps.add(node.type, *inputs, **node.attributes))


def neutral(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Products with 1 and sums with 0, which exporters write for parameters that are left at their defaults."""
    if node.type not in ("Mul", "Div", "Add", "Sub") or len(node.inputs) != 2:
        return None
    nothing = 1.0 if node.type in ("Mul", "Div") else 0.0
    for x, c in (node.inputs, node.inputs[::-1]) if node.type in ("Mul", "Add") else (node.inputs,):
        shape = graph.shape(x)
        if (
            graph.scalar(c) == nothing
            and x not in graph.constants
            and shape is not None
            and shape == graph.shape(node.output)
        ):
            return Replacement(alias=x)
    return None


def softplus_of_large(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Where(x > 20, x, softplus(x)) is softplus(x), which is that for large numbers by itself."""
    if node.type != "Where" or len(node.inputs) != 3 or node.inputs[0] in graph.constants:
        return None
    condition, softplus = graph.made_by(node.inputs[0], "Greater"), graph.made_by(node.inputs[2], "Softplus")
    if condition is None or softplus is None:
        return None
    if not condition.inputs[0] == node.inputs[1] == softplus.inputs[0]:
        return None
    threshold = graph.scalar(condition.inputs[1])
    return Replacement(alias=node.inputs[2]) if threshold is not None and threshold >= SOFTPLUS_THRESHOLD else None


def of_many(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Min, Max and Mean of any number of inputs."""
    if node.type not in ("Min", "Max", "Mean") or len(node.inputs) == 0:
        return None
    if len(node.inputs) == 1:
        return Replacement(alias=node.inputs[0])
    if node.type != "Mean" and len(node.inputs) == 2:
        return None
    steps, x = Steps(graph, node), node.inputs[0]
    for other in node.inputs[1:]:
        x = steps.add("Add" if node.type == "Mean" else node.type, x, other)
    if node.type == "Mean":
        x = steps.add("Mul", x, steps.number(1 / len(node.inputs)))
    return steps.replacement(x)


def reduced(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Norms and logarithms of sums as sums; a reduction of nothing as what it reads."""
    if not node.type.startswith("Reduce") or not node.inputs or (shape := graph.shape(node.inputs[0])) is None:
        return None
    call, steps, x = graph.call(node), Steps(graph, node), node.inputs[0]
    axes = axes_of(call, len(shape))
    nothing = not axes and bool(node.integer("noop_with_empty_axes", 0))
    if node.type not in _REDUCTIONS:
        return Replacement(alias=x) if nothing and node.type != "ReduceSumSquare" else None
    before, after = _REDUCTIONS[node.type]
    if before:
        x = steps.add("Mul", x, x) if before == "Square" else steps.add(before, x)
    if not nothing:
        x = steps.add("ReduceSum", x, *node.inputs[1:2], **node.attributes)
    return steps.replacement(steps.add(after, x) if after else x)


_REDUCTIONS = {
    "ReduceL1": ("Abs", ""),
    "ReduceL2": ("Square", "Sqrt"),
    "ReduceSumSquare": ("Square", ""),
    "ReduceLogSum": ("", "Log"),
}


def log_sum_exp(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """m + log(sum(exp(x - m))) with the largest m, which no exponential overflows."""
    if node.type != "ReduceLogSumExp" or (shape := graph.shape(node.inputs[0])) is None:
        return None
    axes = axes_of(graph.call(node), len(shape)) or tuple(range(len(shape)))
    steps, x = Steps(graph, node), node.inputs[0]
    most = steps.add("npas.Reduce", x, function="max", axes=axes, keep=1)
    total = steps.add("npas.Reduce", steps.add("Exp", steps.add("Sub", x, most)), function="sum", axes=axes, keep=1)
    x = steps.add("Add", most, steps.add("Log", total))
    if node.integer("keepdims", 1) == 0:
        x = steps.reshape(x, [d for i, d in enumerate(shape) if i not in axes])
    return steps.replacement(x)


def global_pools(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Of anything but one image."""
    shape = graph.shape(node.inputs[0]) if node.type in ("GlobalAveragePool", "GlobalMaxPool") else None
    if shape is None or (len(shape) == 4 and shape[0] == 1) or len(shape) < 3:
        return None
    steps = Steps(graph, node)
    function = "mean" if node.type == "GlobalAveragePool" else "max"
    axes = tuple(range(2, len(shape)))
    return steps.replacement(steps.add("npas.Reduce", node.inputs[0], function=function, axes=axes, keep=1))


def gemm(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """With a second matrix that the network computes, the first turned, several rows, or a bias that is no row."""
    if node.type != "Gemm" or (a := graph.shape(node.inputs[0])) is None or len(a) != 2:
        return None
    call, constant = graph.call(node), node.inputs[1] in graph.constants
    turned, b = bool(node.integer("transA", 0)), graph.shape(node.inputs[1])
    bias = call.constants[2] if call.has(2) else None
    filters = 0 if b is None else b[0 if node.integer("transB", 0) else 1]
    plain = not call.has(2) or (bias is not None and bias.size in (1, filters) and bias.shape[:-1] in ((), (1,)))
    if constant and not turned and plain and a[0] == 1:
        return None
    steps = Steps(graph, node)
    left, right = node.inputs[:2]
    if turned:
        left = steps.add("Transpose", left, perm=(1, 0))
    if node.integer("transB", 0):
        right = steps.add("Transpose", right, perm=(1, 0))
    x = steps.add("MatMul", left, right)
    if (alpha := node.number("alpha", 1.0)) != 1.0:
        x = steps.add("Mul", x, steps.number(alpha))
    if call.has(2) and (beta := node.number("beta", 1.0)) != 0.0:
        term = node.inputs[2]
        if beta != 1.0:
            term = steps.add("Mul", term, steps.number(beta))
        x = steps.add("Add", x, term)
    return steps.replacement(x)


def vectors_as_matrices(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Products of vectors: one row, or one column."""
    if node.type != "MatMul" or len(node.inputs) != 2:
        return None
    a, b = (graph.shape(i) for i in node.inputs)
    if a is None or b is None or min(len(a), len(b)) != 1:
        return None
    steps, (x, y), shape = Steps(graph, node), node.inputs, [*(a[:-1]), *(b[:-2] + b[-1:] if len(b) > 1 else ())]
    if len(a) == 1:
        x, shape = steps.reshape(x, (1, *a)), list(b[:-2] + b[-1:] if len(b) > 1 else ())
    if len(b) == 1:
        y = steps.reshape(y, (*b, 1))
    return steps.replacement(steps.reshape(steps.add("MatMul", x, y), shape))


def softmax_of_the_rest(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Until opset 12 everything from the axis on was one axis."""
    if node.type not in ("Softmax", "LogSoftmax", "Hardmax") or graph.opset >= 13:
        return None
    shape = graph.shape(node.inputs[0])
    axis = node.integer("axis", 1)
    if shape is None or axis in (-1, len(shape) - 1) or not -len(shape) <= axis < len(shape):
        return None
    steps, axis = Steps(graph, node), axis % len(shape)
    x = steps.reshape(node.inputs[0], (prod(shape[:axis]), prod(shape[axis:])))
    return steps.replacement(steps.reshape(steps.add(node.type, x, axis=-1), shape))


def spelled_out(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Mish, swish and hard-sigmoid with constants of their own."""
    if node.type not in ("Mish", "Swish", "HardSigmoid"):
        return None
    steps = Steps(graph, node)
    if node.type == "Mish":
        x = node.inputs[0]
        return steps.replacement(steps.add("Mul", x, steps.add("Tanh", steps.add("Softplus", x))))
    if node.type == "Swish" and (alpha := node.number("alpha", 1.0)) != 1.0:
        x = node.inputs[0]
        gate = steps.add("Sigmoid", steps.add("Mul", x, steps.number(alpha)))
        return steps.replacement(steps.add("Mul", x, gate))
    if node.type == "HardSigmoid":
        alpha, beta = node.number("alpha", 0.2), node.number("beta", 0.5)
        if (abs(alpha - 1 / 6) < 1e-6 and beta == 0.5) or not node.inputs:
            return None
        x = steps.add("Add", steps.add("Mul", node.inputs[0], steps.number(alpha)), steps.number(beta))
        limits = (steps.number(0.0), steps.number(1.0))
        if graph.opset < 11:
            return steps.replacement(steps.add("Clip", x, min=0.0, max=1.0))
        return steps.replacement(steps.add("Clip", x, *limits))
    return None
