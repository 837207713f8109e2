"""Convolutions and pools that are not of one image: rows of pixels, several images, and convolutions turned round."""

from __future__ import annotations

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.steps import Steps, affordable
from npas.ops.onnx_io import Attribute, OnnxNode, pair, read_pads
from npas.ops.window import window_shape

POOLS = ("MaxPool", "AveragePool", "LpPool")
BY_AXIS = {"kernel_shape": 1, "strides": 1, "dilations": 1}
"""Attributes with a number for each axis of the window, and what a height of one pixel has there."""


def rows_as_images(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """[N, C, W] is an image of height 1."""
    shape = graph.shape(node.inputs[0]) if node.type in (*POOLS, "Conv", "ConvTranspose") else None
    out = graph.shape(node.output)
    if shape is None or len(shape) != 3:
        return None
    steps = Steps(graph, node)
    attributes: dict[str, Attribute] = dict(node.attributes)
    for name, one in BY_AXIS.items():
        if name in attributes:
            attributes[name] = (one, *node.integers(name))
    for name in ("output_padding",):
        if name in attributes:
            attributes[name] = (0, *node.integers(name))
    if "output_shape" in attributes:
        attributes["output_shape"] = (1, *node.integers("output_shape")[-1:])
    if "pads" in attributes:
        before, after = node.integers("pads")
        attributes["pads"] = (0, before, 0, after)
    inputs = [steps.reshape(node.inputs[0], (shape[0], shape[1], 1, shape[2])), *node.inputs[1:]]
    if node.type in ("Conv", "ConvTranspose"):
        inputs[1] = steps.constant(graph.call(node).weight(1)[:, :, None, :])
    x = steps.add(node.type, *inputs, **attributes)
    return steps.replacement(steps.add("Squeeze", x, axes=(2,)) if out is None else steps.reshape(x, out))


def pool_of_a_batch(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Several images' channels are those of one."""
    shape = graph.shape(node.inputs[0]) if node.type in POOLS else None
    if shape is None or len(shape) != 4 or shape[0] == 1:
        return None
    steps, size = Steps(graph, node), _pooled(node, shape[2:])
    x = steps.reshape(node.inputs[0], (1, shape[0] * shape[1], *shape[2:]))
    x = steps.add(node.type, x, *node.inputs[1:], **node.attributes)
    return steps.replacement(steps.reshape(x, (*shape[:2], *size)))


def lp_pool(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """The root of the sum of powers: a mean, times what it was divided by."""
    if node.type != "LpPool":
        return None
    steps, x, order = Steps(graph, node), node.inputs[0], node.integer("p", 2)
    kernel = node.integers("kernel_shape")
    attributes = {k: v for k, v in node.attributes.items() if k != "p"} | {"count_include_pad": 1}
    powers = steps.add("Mul", x, x) if order == 2 else steps.add("Pow", steps.add("Abs", x), steps.number(order))
    sums = steps.add("Mul", steps.add("AveragePool", powers, **attributes), steps.number(float(np.prod(kernel))))
    return steps.replacement(steps.add("Sqrt", sums) if order == 2 else steps.add("Pow", sums, steps.number(1 / order)))


def volumes(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """A pool of [N, C, D, H, W]: of each image, then of the depths. Largest values, sums and the numbers of pixels that
    are summed up are all products of axes."""
    shape = graph.shape(node.inputs[0]) if node.type in ("MaxPool", "AveragePool") else None
    if shape is None or len(shape) != 5:
        return None
    own: dict[str, Attribute] = {k: v for k, v in node.attributes.items() if k not in (*BY_AXIS, "pads")}
    images, depths = dict(own), dict(own)
    for name, one in BY_AXIS.items():
        if name in node.attributes:
            values = node.integers(name)
            images[name], depths[name] = values[1:], (values[0], one)
    if "pads" in node.attributes:
        pads = node.integers("pads")
        images["pads"], depths["pads"] = (*pads[1:3], *pads[4:]), (pads[0], 0, pads[3], 0)
    steps, channels = Steps(graph, node), shape[0] * shape[1]
    x = steps.reshape(node.inputs[0], (1, channels * shape[2], *shape[3:]))
    height, width = _pooled(OnnxNode(node.type, (), "", images), shape[3:])
    x = steps.reshape(steps.add(node.type, x, **images), (1, channels, shape[2], height * width))
    depth, _ = _pooled(OnnxNode(node.type, (), "", depths), (shape[2], height * width))
    return steps.replacement(steps.reshape(steps.add(node.type, x, **depths), (*shape[:2], depth, height, width)))


def _pooled(node: OnnxNode, size: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a pool's result."""
    kernel = pair(node.integers("kernel_shape"), "kernel_shape")
    stride, gaps = (
        pair(node.integers("strides", (1, 1)), "strides"),
        pair(node.integers("dilations", (1, 1)), "dilations"),
    )
    pads = read_pads(node, (size[0], size[1]), kernel, stride, gaps)
    return window_shape((size[0], size[1]), kernel, stride, pads, gaps, bool(node.integer("ceil_mode", 0)))


def dilated_mean(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """An average pool with gaps in its window: sums by a depthwise convolution of ones, over as many as they are of."""
    shape = graph.shape(node.inputs[0]) if node.type == "AveragePool" else None
    dilation = node.integers("dilations", (1, 1)) if node.type == "AveragePool" else ()
    if shape is None or len(shape) != 4 or shape[0] != 1 or set(dilation) == {1}:
        return None
    kernel = pair(node.integers("kernel_shape"), "kernel_shape")
    stride, gaps = pair(node.integers("strides", (1, 1)), "strides"), pair(dilation, "dilations")
    size = (shape[2], shape[3])
    pads = read_pads(node, size, kernel, stride, gaps)
    out = window_shape(size, kernel, stride, pads, gaps, bool(node.integer("ceil_mode", 0)))
    counted = bool(node.integer("count_include_pad", 0))
    affordable(*out, *kernel)
    lines = [
        [
            sum(
                -pads[i] <= at < size[i] + pads[i + 2] if counted else 0 <= at < size[i]
                for at in range(q * stride[i] - pads[i], q * stride[i] - pads[i] + kernel[i] * gaps[i], gaps[i])
            )
            for q in range(out[i])
        ]
        for i in (0, 1)
    ]
    counts = np.outer(lines[0], lines[1])
    whole = [(out[i] - 1) * stride[i] + gaps[i] * (kernel[i] - 1) + 1 - size[i] - pads[i] for i in (0, 1)]
    steps, attributes = Steps(graph, node), {"kernel_shape": kernel, "strides": stride, "dilations": gaps}
    padding = (pads[0], pads[1], max(0, whole[0]), max(0, whole[1]))
    even = bool((counts == counts[0, 0]).all())
    weight = steps.number(np.full((shape[1], 1, *kernel), 1 / counts[0, 0] if even else 1.0))
    x = steps.add("Conv", node.inputs[0], weight, **attributes, pads=padding, group=shape[1])
    return steps.replacement(x if even else steps.add("Mul", x, steps.number(1 / counts)))


def conv_transpose(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Output pixel s q + r (stride s, phase r) gets only the weights w[k] with k = r + pad mod s: one convolution
    computes all phases as filters of their own, and depth-to-space puts them side by side (Shi et al., "Is the
    deconvolution layer the same as a convolutional layer?", 2016). As many multiplications as there are to make, but
    for taps that phases with fewer of them fill up with zeros.
    """
    shape = graph.shape(node.inputs[0]) if node.type == "ConvTranspose" else None
    if shape is None or len(shape) != 4:
        return None
    call = graph.call(node)
    weight, groups = call.weight(1), node.integer("group", 1)
    channels, per_group = weight.shape[:2]
    if weight.ndim != 4 or channels != shape[1] or groups < 1 or channels % groups:
        raise ValueError(f"weight {list(weight.shape)} in {groups} groups does not fit {shape[1]} channels")
    kernel = weight.shape[2:]
    stride, dilation = node.integers("strides", (1, 1)), node.integers("dilations", (1, 1))
    begin, size = _transposed_size(node, shape[2:], kernel, stride, dilation)
    filters = per_group * groups
    steps = Steps(graph, node)

    # Taps of a phase run from `first` to `last` input pixels around q; all phases share the widest window.
    spans = [_span(kernel[i], stride[i], dilation[i], begin[i], size[i]) for i in (0, 1)]
    (top, height), (left, width) = ((-low, high - low + 1) for low, high in spans)
    affordable(stride[0], stride[1], filters, channels // groups, height, width)
    phases = np.zeros((stride[0], stride[1], filters, channels // groups, height, width), np.float32)
    turned = weight.reshape(groups, channels // groups, per_group, *kernel).transpose(0, 2, 1, 3, 4)
    turned = turned.reshape(filters, channels // groups, *kernel)
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            (ry, dy), (rx, dx) = _place(i, 0, stride, dilation, begin), _place(j, 1, stride, dilation, begin)
            phases[ry, rx, :, :, dy + top, dx + left] += turned[:, :, i, j]
    # Filters of a group stay together: [group, filter of it, phase y, phase x].
    ordered = phases.transpose(2, 0, 1, 3, 4, 5).reshape(-1, channels // groups, height, width)
    rows, columns = (-(-size[i] // stride[i]) for i in (0, 1))
    pads: tuple[int, ...] = (top, left, rows - shape[2] + height - 1 - top, columns - shape[3] + width - 1 - left)
    x, pads = _cropped(steps, node.inputs[0], shape, pads)
    inputs = [x, steps.constant(np.ascontiguousarray(ordered))]
    if call.has(2):
        inputs.append(steps.constant(np.repeat(call.weight(2, (filters,)), stride[0] * stride[1])))
    x = steps.add("Conv", *inputs, group=groups, pads=pads, kernel_shape=(height, width))
    if stride != (1, 1):
        x = steps.reshape(x, (shape[0], filters, *stride, rows, columns))
        x = steps.add("Transpose", x, perm=(0, 1, 4, 2, 5, 3))
        x = steps.reshape(x, (shape[0], filters, rows * stride[0], columns * stride[1]))
    for axis, (have, want) in enumerate(zip((rows * stride[0], columns * stride[1]), size, strict=True), start=2):
        if have != want:
            x = steps.add("npas.Slice", x, axis=axis, start=0, count=want, step=1)
    return steps.replacement(x)


def _place(
    k: int, axis: int, stride: tuple[int, ...], dilation: tuple[int, ...], begin: tuple[int, int]
) -> tuple[int, int]:
    """Output s q + r reads input q + d through tap k, where s (q + d) = s q + r + begin - dilation k: (r, d)."""
    offset = dilation[axis] * k - begin[axis]
    phase = offset % stride[axis]
    return phase, (phase - offset) // stride[axis]


def _span(kernel: int, stride: int, dilation: int, begin: int, size: int) -> tuple[int, int]:
    """The least and the largest d of ``_place``; 0 is always among them."""
    shifts = [_place(k, 0, (stride,), (dilation,), (begin, 0))[1] for k in range(kernel)]
    return min(0, *shifts) if shifts else 0, max(0, *shifts) if shifts else 0


def _cropped(steps: Steps, x: str, shape: tuple[int, ...], pads: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """Negative padding at the far side takes rows or columns away."""
    for axis, pad in ((2, pads[2]), (3, pads[3])):
        if pad < 0:
            x = steps.add("npas.Slice", x, axis=axis, start=0, count=shape[axis] + pad, step=1)
    return x, tuple(max(0, pad) for pad in pads)


def _transposed_size(
    node: OnnxNode,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns that are cut off at the beginning, and the result's size (ONNX ``ConvTranspose``)."""
    extra = node.integers("output_padding", (0, 0))
    full = [stride[i] * (image[i] - 1) + extra[i] + (kernel[i] - 1) * dilation[i] + 1 for i in (0, 1)]
    auto = node.text("auto_pad", "NOTSET")
    if "output_shape" in node.attributes or auto in ("SAME_UPPER", "SAME_LOWER"):
        wanted = node.integers("output_shape", tuple(image[i] * stride[i] for i in (0, 1)))[-2:]
        total = [full[i] - wanted[i] for i in (0, 1)]
        # ONNX gives the odd one to the end for SAME_UPPER only; with less than nothing to cut, zeros go to the end.
        begin = [max(0, t) // 2 if auto == "SAME_UPPER" else max(0, t) - max(0, t) // 2 for t in total]
        return (begin[0], begin[1]), (wanted[0], wanted[1])
    pads = node.integers("pads", (0, 0, 0, 0)) if auto == "NOTSET" else (0, 0, 0, 0)
    size = [full[i] - pads[i] - pads[i + 2] for i in (0, 1)]
    if min(size) < 1 or min(pads) < 0:
        raise ValueError(f"pads {list(pads)} leave nothing")
    return (pads[0], pads[1]), (size[0], size[1])
