"""Operators that move numbers, in the words that ours have for them: one axis at a time, indices in one row."""

from __future__ import annotations

from math import prod

import numpy as np

from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.steps import Steps, affordable
from npas.ops.onnx_io import AnyArray, OnnxCall, OnnxNode
from npas.ops.pad import pad_call
from npas.ops.slice import sliced_axes

RENAMING = ("Flatten", "Squeeze", "Unsqueeze")


def reshaped(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """What only renames axes; a ``Flatten`` of all but the batch stays."""
    shape = graph.shape(node.output)
    if node.type not in RENAMING or shape is None or (node.type == "Flatten" and node.integer("axis", 1) == 1):
        return None
    steps = Steps(graph, node)
    return steps.replacement(steps.add("Reshape", node.inputs[0], steps.shape(shape), allowzero=1))


def sliced(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """One slice for each axis that loses something."""
    if node.type != "Slice" or graph.shape(node.inputs[0]) is None:
        return None
    call = graph.call(node)
    shape, steps, x = call.shape(0), Steps(graph, node), node.inputs[0]
    for axis, taken in sliced_axes(call).items():
        if taken != range(shape[axis]):
            x = steps.add("npas.Slice", x, axis=axis, start=taken.start, count=len(taken), step=taken.step)
    return steps.replacement(x)


def split(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """One part of a ``Split``; the reader of the file has made a node of each."""
    if node.type != "Split" or graph.shape(node.inputs[0]) is None:
        return None
    call, part, parts = graph.call(node), node.integer("npas.part", 0), node.integer("npas.parts", 1)
    shape, axis = call.shape(0), node.integer("axis", 0)
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"axis must lie within {len(shape)} dimensions, got {axis}")
    axis %= len(shape)
    if call.has(1):
        counts = [int(i) for i in call.constant(1).reshape(-1)]
    elif "split" in node.attributes:
        counts = list(node.integers("split"))
    else:
        most = -(-shape[axis] // parts)
        counts = [min(most, shape[axis] - i * most) for i in range(parts)]
    if len(counts) != parts or sum(counts) != shape[axis]:
        raise ValueError(f"split must be {parts} numbers with the sum {shape[axis]}, got {counts}")
    start = sum(counts[:part])
    steps = Steps(graph, node)
    if counts[part] == shape[axis]:
        return Replacement(alias=node.inputs[0])
    return steps.replacement(
        steps.add("npas.Slice", node.inputs[0], axis=axis, start=start, count=counts[part], step=1)
    )


def sequence_part(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """One of what ``SplitToSequence`` gives: torch's chunks come so."""
    made = graph.made_by(node.inputs[0], "SplitToSequence") if node.type == "SequenceAt" else None
    shape = graph.shape(made.inputs[0]) if made is not None else None
    if made is None or shape is None:
        return None
    call, at = graph.call(made), int(graph.call(node).constant(1).reshape(()))
    axis = made.integer("axis", 0) % len(shape)
    if not call.has(1):
        counts, keep = [1] * shape[axis], bool(made.integer("keepdims", 1))
    else:
        sizes, keep = call.constant(1), True
        every = int(sizes.reshape(-1)[0])
        starts = range(0, shape[axis], every) if sizes.ndim == 0 and every > 0 else range(0)
        counts = [min(every, shape[axis] - i) for i in starts] or [int(i) for i in sizes.reshape(-1)]
    if sum(counts) != shape[axis] or not -len(counts) <= at < len(counts):
        raise ValueError(f"part {at} of {counts[:20]} must exist, and all of them be {shape[axis]}")
    at %= len(counts)
    steps = Steps(graph, node)
    x = steps.add("npas.Slice", made.inputs[0], axis=axis, start=sum(counts[:at]), count=counts[at], step=1)
    return steps.replacement(x if keep else steps.reshape(x, (*shape[:axis], *shape[axis + 1 :])))


def padded(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """One pad for each axis that gains, one slice for each that loses something."""
    if node.type != "Pad" or graph.shape(node.inputs[0]) is None:
        return None
    call = graph.call(node)
    amounts, mode, value = pad_call(call)
    shape, steps, x = call.shape(0), Steps(graph, node), node.inputs[0]
    for axis, size in enumerate(shape):
        before, after = amounts[axis], amounts[axis + len(shape)]
        lost = (max(0, -before), max(0, -after))
        if any(lost):
            x = steps.add("npas.Slice", x, axis=axis, start=lost[0], count=size - sum(lost), step=1)
        if max(before, after) > 0:
            gained = (max(0, before), max(0, after))
            x = steps.add("npas.Pad", x, axis=axis, before=gained[0], after=gained[1], mode=mode, value=value)
    return steps.replacement(x)


def center_crop_or_pad(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    if node.type != "CenterCropPad" or graph.shape(node.inputs[0]) is None:
        return None
    call = graph.call(node)
    shape, wanted = call.shape(0), [int(i) for i in call.constant(1).reshape(-1)]
    axes = [a % len(shape) for a in node.integers("axes", tuple(range(len(shape))))]
    if len(axes) != len(wanted) or min(wanted, default=1) < 1:
        raise ValueError(f"shape must be {len(axes)} numbers from 1 up, got {wanted}")
    steps, x = Steps(graph, node), node.inputs[0]
    for axis, count in zip(axes, wanted, strict=True):
        more = count - shape[axis]
        if more < 0:
            x = steps.add("npas.Slice", x, axis=axis, start=-more // 2, count=count, step=1)
        elif more > 0:
            x = steps.add(
                "npas.Pad", x, axis=axis, before=more // 2, after=more - more // 2, mode="constant", value=0.0
            )
    return steps.replacement(x)


def gathered(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Indices that are no row: a row, and the axes that they stand for."""
    indices = graph.constants.get(node.inputs[1]) if node.type == "Gather" and len(node.inputs) == 2 else None
    shape = graph.shape(node.inputs[0])
    if indices is None or shape is None or indices.ndim == 1:
        return None
    axis = node.integer("axis", 0) % len(shape)
    steps = Steps(graph, node)
    row = steps.add("Gather", node.inputs[0], steps.shape(indices.reshape(-1)), axis=axis)
    return steps.replacement(steps.reshape(row, (*shape[:axis], *indices.shape, *shape[axis + 1 :])))


def gathered_anyhow(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Operators that choose elements by constants: what they make of the elements' numbers says which they choose."""
    shape = graph.shape(node.inputs[0]) if node.inputs else None
    if node.type not in _CHOICES or shape is None or node.inputs[0] in graph.constants:
        return None
    affordable(*shape)
    chosen = _CHOICES[node.type](graph.call(node), np.arange(prod(shape)).reshape(shape))
    steps = Steps(graph, node)
    row = steps.add("Gather", steps.reshape(node.inputs[0], (prod(shape),)), steps.shape(chosen.reshape(-1)), axis=0)
    return steps.replacement(steps.reshape(row, chosen.shape))


def _gather_elements(call: OnnxCall, numbers: AnyArray) -> AnyArray:
    axis, indices = call.node.integer("axis", 0), call.constant(1)
    return np.take_along_axis(numbers, indices % numbers.shape[axis], axis)


def _gather_nd(call: OnnxCall, numbers: AnyArray) -> AnyArray:
    indices = call.constant(1)
    if call.node.integer("batch_dims", 0):
        raise ValueError("batch_dims must be 0")
    return np.asarray(numbers[tuple(np.moveaxis(indices, -1, 0))])


def _compress(call: OnnxCall, numbers: AnyArray) -> AnyArray:
    condition = call.constant(1).astype(bool)
    if "axis" not in call.node.attributes:
        return np.compress(condition, numbers.reshape(-1))
    return np.compress(condition, numbers, call.node.integer("axis", 0))


def _reverse_sequence(call: OnnxCall, numbers: AnyArray) -> AnyArray:
    time, batch = call.node.integer("time_axis", 0), call.node.integer("batch_axis", 1)
    if {time, batch} != {0, 1}:
        raise ValueError(f"axes must be 0 and 1, got {time} and {batch}")
    lines = np.moveaxis(numbers, (batch, time), (0, 1)).copy()
    for line, length in zip(lines, call.constant(1).reshape(-1), strict=True):
        line[: int(length)] = line[: int(length)][::-1].copy()
    return np.moveaxis(lines, (0, 1), (batch, time))


def _tile(call: OnnxCall, numbers: AnyArray) -> AnyArray:
    return np.tile(numbers, tuple(int(i) for i in call.constant(1).reshape(-1)))


_CHOICES = {
    "GatherElements": _gather_elements,
    "GatherND": _gather_nd,
    "Compress": _compress,
    "ReverseSequence": _reverse_sequence,
}


def tiled(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """Each axis gathered as often as it is repeated."""
    shape = graph.shape(node.inputs[0]) if node.type == "Tile" else None
    repeats = graph.constants.get(node.inputs[1]) if shape is not None and len(node.inputs) == 2 else None
    if shape is None or repeats is None or len(repeats.reshape(-1)) != len(shape):
        return None
    steps, x = Steps(graph, node), node.inputs[0]
    for axis, times in enumerate(int(i) for i in repeats.reshape(-1)):
        if times != 1:
            affordable(shape[axis], times)
            x = steps.add("Gather", x, steps.shape(np.tile(np.arange(shape[axis]), times)), axis=axis)
    return steps.replacement(x)


def depth_to_space(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    shape = graph.shape(node.inputs[0]) if node.type == "DepthToSpace" else None
    if shape is None or len(shape) != 4:
        return None
    size, mode = node.integer("blocksize", 1), node.text("mode", "DCR")
    n, c, h, w = shape
    if size < 1 or c % size**2 or mode not in ("DCR", "CRD"):
        raise ValueError(f"{c} channels do not divide into blocks of {size}, or mode {mode[:20]!r} is unknown")
    depth = c // size**2
    dcr = mode == "DCR"
    steps = Steps(graph, node)
    x = steps.reshape(node.inputs[0], (n, size, size, depth, h, w) if dcr else (n, depth, size, size, h, w))
    x = steps.add("Transpose", x, perm=(0, 3, 4, 1, 5, 2) if dcr else (0, 1, 4, 2, 5, 3))
    return steps.replacement(steps.reshape(x, (n, depth, h * size, w * size)))


def space_to_depth(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    shape = graph.shape(node.inputs[0]) if node.type == "SpaceToDepth" else None
    if shape is None or len(shape) != 4:
        return None
    size, mode = node.integer("blocksize", 1), node.text("mode", "DCR")
    n, c, h, w = shape
    if size < 1 or h % size or w % size or mode not in ("DCR", "CRD"):
        raise ValueError(f"{h}x{w} does not divide into blocks of {size}, or mode {mode[:20]!r} is unknown")
    steps = Steps(graph, node)
    x = steps.reshape(node.inputs[0], (n, c, h // size, size, w // size, size))
    x = steps.add("Transpose", x, perm=(0, 3, 5, 1, 2, 4) if mode == "DCR" else (0, 1, 3, 5, 2, 4))
    return steps.replacement(steps.reshape(x, (n, c * size**2, h // size, w // size)))
