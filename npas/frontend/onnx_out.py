"""A network as an ONNX model: opset 17, IR 8, the batch as ``N``, and the same bytes for the same network."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from npas.graph.graph import Network, Node
from npas.ops import Input
from npas.ops.base import Shape
from npas.ops.onnx_io import OnnxNode, OnnxPart

OPSET = 17
IR_VERSION = 8


def to_onnx(network: Network) -> onnx.ModelProto:
    """The model that ONNX Runtime runs. Nodes keep their names; weights are initialisers called ``node.role``."""
    graph = network.graph
    parts = [_part(network, node) for node in graph.nodes]
    constants = {name: value for part in parts for name, value in part.constants.items()}
    weights = {name: network.weights[name] for name in graph.parameters}
    proto = helper.make_graph(
        [_node(node) for part in parts for node in part.nodes],
        graph.name,
        [_value(name, graph.shapes[name]) for name in graph.inputs],
        [_value(name, graph.shapes[name]) for name in graph.outputs],
        [numpy_helper.from_array(np.asarray(v, order="C"), name) for name, v in (weights | constants).items()],
    )
    model = helper.make_model(proto, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="npas")
    model.ir_version = IR_VERSION
    return model


def _part(network: Network, node: Node) -> OnnxPart:
    if isinstance(node.op, Input):
        return OnnxPart(())
    return node.op.to_onnx(node.name, node.inputs, network.graph.input_shapes(node))


def _node(node: OnnxNode) -> onnx.NodeProto:
    proto = helper.make_node(node.type, list(node.inputs), [node.output], name=node.name)
    for key, value in sorted(node.attributes.items()):
        proto.attribute.append(helper.make_attribute(key, value))
    return proto


def _value(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape[1:]])
