"""Shapes of all values, and constants computed ahead: what exporters write as shape arithmetic disappears here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from npas.frontend.importers import IMPORTERS
from npas.frontend.onnx_constants import FOLDABLE
from npas.frontend.onnx_shapes import BINARY, LAYOUT, UNARY
from npas.frontend.raw import RawGraph
from npas.ops.base import Shape
from npas.ops.broadcast import broadcast_shape
from npas.ops.onnx_io import AnyArray, OnnxCall


def fold(graph: RawGraph) -> RawGraph:
    """Constants and shapes, in one walk. A shape that cannot be known is left out; nothing is raised."""
    constants, shapes, kept = dict(graph.constants), dict(graph.shapes), []
    for node in graph.nodes:
        call = OnnxCall(
            node,
            tuple(constants[i].shape if i in constants else shapes.get(i) for i in node.inputs),
            tuple(constants.get(i) for i in node.inputs),
            graph.opset,
        )
        value = constant(call)
        if value is not None:
            constants[node.output] = value
            continue
        kept.append(node)
        if node.output not in shapes and (shape := shape_of(call)) is not None:
            shapes[node.output] = shape
    return replace(graph, nodes=tuple(kept), constants=constants, shapes=shapes)


def constant(call: OnnxCall) -> AnyArray | None:
    """The value of a call that does not depend on the network's input."""
    node = call.node
    known = all(value is not None for value, name in zip(call.constants, node.inputs, strict=True) if name)
    rule = FOLDABLE.get(node.type)
    if node.type in ("Shape", "Size"):
        rule, known = FOLDABLE[node.type], bool(call.shapes) and call.shapes[0] is not None
    if node.type == "CastLike":
        known = bool(call.constants) and call.constants[0] is not None  # Of the second only the type counts.
    if rule is None or not known:
        return None
    try:
        return rule(call)
    except (ValueError, TypeError, IndexError, KeyError, OverflowError, np.exceptions.AxisError):
        return None  # The node stays, and is named with the unsupported ones.


def shape_of(call: OnnxCall) -> Shape | None:
    """The shape of a call's result, where it can be told."""
    kind = call.node.type
    try:
        if kind in UNARY:
            return call.shape(0)
        if kind in BINARY:
            shape = call.shape(0)
            for i in range(1, len(call.node.inputs)):
                shape = broadcast_shape(shape, call.shape(i))
            return shape
        if kind in LAYOUT:
            return LAYOUT[kind](call)
        if kind in IMPORTERS:
            imported = IMPORTERS[kind].from_onnx(call)
            names = call.node.inputs
            return imported.op.infer(tuple(call.shape(names.index(i)) for i in imported.inputs))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # The importer will say why, naming the node.
    return None
