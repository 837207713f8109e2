"""The contract of every operator, parametrised from the union: a new one enters by existing (and needs samples)."""

from __future__ import annotations

import zlib
from typing import get_args

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import TypeAdapter

from npas.frontend.onnx_in import from_proto
from npas.frontend.onnx_out import to_onnx
from npas.graph.graph import Graph, Network, Node
from npas.ops import (
    Add,
    AnyOp,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    Gelu,
    GlobalAvgPool,
    HardSigmoid,
    HardSwish,
    Input,
    Linear,
    MaxPool,
    Mul,
    Op,
    Relu,
    Shape,
    Sigmoid,
    Silu,
    Softmax,
    Tanh,
)

IMAGE: Shape = (1, 5, 7, 6)
ODD: Shape = (1, 6, 11, 9)
ROW: Shape = (1, 12)

SAMPLES: list[tuple[AnyOp, tuple[Shape, ...]]] = [
    (Input(shape=IMAGE), ()),
    (Conv2d(filters=4, kernel=(3, 3), pads=(1, 1, 1, 1)), (IMAGE,)),
    (Conv2d(filters=4, kernel=(1, 1), bias=True), (IMAGE,)),
    (Conv2d(filters=6, kernel=(3, 3), stride=(2, 2), pads=(0, 0, 1, 1), groups=6), (ODD,)),
    (Conv2d(filters=4, kernel=(3, 2), stride=(1, 2), pads=(2, 0, 1, 1), dilation=(2, 1), groups=2, bias=True), (ODD,)),
    (Linear(filters=3), (ROW,)),
    (Linear(filters=3, bias=False), (ROW,)),
    (Linear(filters=3), ((1, 4, 12),)),
    (Linear(filters=3, bias=False), ((1, 4, 12),)),
    (BatchNorm(), (IMAGE,)),
    (BatchNorm(epsilon=1e-3), (ROW,)),
    (Relu(), (IMAGE,)),
    (Clip(), (IMAGE,)),
    (Clip(low=-0.3, high=0.7), (ROW,)),
    (Sigmoid(), (IMAGE,)),
    (HardSigmoid(), (IMAGE,)),
    (Silu(), (IMAGE,)),
    (HardSwish(), (IMAGE,)),
    (Gelu(), (IMAGE,)),
    (Gelu(approximate="tanh"), (ROW,)),
    (Tanh(), (IMAGE,)),
    (Add(), (IMAGE, IMAGE)),
    (Add(), (IMAGE, (1, 5, 1, 1))),
    (Mul(), (IMAGE, IMAGE)),
    (Mul(), ((1, 5, 1, 1), IMAGE)),
    (Concat(), (IMAGE, (1, 2, 7, 6), IMAGE)),
    (Concat(axis=3), (IMAGE, (1, 5, 7, 2))),
    (MaxPool(kernel=(2, 2), stride=(2, 2)), (IMAGE,)),
    (MaxPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1)), (ODD,)),
    (MaxPool(kernel=(3, 2), stride=(2, 3), pads=(1, 0, 1, 1), ceil=True), (ODD,)),
    (MaxPool(kernel=(2, 2), stride=(2, 2), pads=(0, 0, 1, 1), ceil=True), (ODD,)),
    (AvgPool(kernel=(2, 2), stride=(2, 2)), (IMAGE,)),
    (AvgPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1)), (ODD,)),
    (AvgPool(kernel=(3, 2), stride=(1, 2), pads=(0, 1, 2, 0), count_pads=True), (ODD,)),
    (GlobalAvgPool(), (IMAGE,)),
    (Flatten(), (IMAGE,)),
    (Softmax(), (ROW,)),
    (Softmax(), (IMAGE,)),
    (Dropout(probability=0.2), (IMAGE,)),
]

UNION: tuple[type[Op], ...] = get_args(get_args(AnyOp)[0])


def network_of(op: AnyOp, shapes: tuple[Shape, ...]) -> Network:
    """The operator alone behind its inputs, with random weights seeded by what it is."""
    if isinstance(op, Input):
        return Network(Graph("alone", (Node("x0", op), Node("out", Relu(), ("x0",))), ("out",)), {})
    inputs = tuple(Node(f"x{i}", Input(shape=shape)) for i, shape in enumerate(shapes))
    graph = Graph("alone", (*inputs, Node("out", op, tuple(n.name for n in inputs))), ("out",))
    rng = np.random.default_rng(zlib.crc32(op.model_dump_json().encode()))
    weights = {
        name: (rng.uniform(0.5, 2.0, shape) if name.endswith(".var") else rng.normal(size=shape)).astype(np.float32)
        for name, shape in graph.parameters.items()
    }
    return Network(graph, weights)


def feeds(network: Network, batch: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {name: (batch, *network.graph.shapes[name][1:]) for name in network.graph.inputs}
    return {name: rng.normal(scale=2.0, size=shape).astype(np.float32) for name, shape in shapes.items()}


def reference(network: Network, values: dict[str, np.ndarray]) -> np.ndarray:
    node = network.graph.nodes[-1]
    weights = {role: torch.from_numpy(array) for role, array in network.params(node).items()}
    result: np.ndarray = node.op.reference([torch.from_numpy(values[i]) for i in node.inputs], weights).numpy()
    return result


def name_of(sample: tuple[AnyOp, tuple[Shape, ...]]) -> str:
    return f"{sample[0].type}{SAMPLES.index(sample)}"


@pytest.mark.parametrize("cls", UNION, ids=lambda cls: cls.__name__)
def test_every_operator_has_samples(cls: type[Op]) -> None:
    assert any(isinstance(op, cls) for op, _ in SAMPLES), f"add a sample of {cls.__name__} to SAMPLES in this file"


@pytest.mark.parametrize("sample", SAMPLES, ids=name_of)
class TestContract:
    def test_fields_survive_json(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        adapter: TypeAdapter[AnyOp] = TypeAdapter(AnyOp)
        assert adapter.validate_json(adapter.dump_json(sample[0])) == sample[0]

    def test_infer_is_the_shape_of_the_reference_at_any_batch(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        network = network_of(*sample)
        for batch in (1, 3):
            got = reference(network, feeds(network, batch)).shape
            assert got == (batch, *network.graph.shapes["out"][1:])

    def test_onnx_runtime_computes_the_reference(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        network = network_of(*sample)
        session = onnxruntime.InferenceSession(to_onnx(network).SerializeToString(), providers=["CPUExecutionProvider"])
        for batch in (1, 2):
            values = feeds(network, batch)
            np.testing.assert_allclose(session.run(None, values)[0], reference(network, values), rtol=1e-4, atol=1e-5)

    def test_onnx_brings_it_back(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        network = network_of(*sample)
        back = from_proto(to_onnx(network), "alone")
        assert back.graph == network.graph
        assert set(back.weights) == set(network.weights)
        for name, array in network.weights.items():
            np.testing.assert_array_equal(back.weights[name], array)

    def test_work_is_not_negative(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        network = network_of(*sample)
        assert (network.graph.total_macs > 0) == isinstance(sample[0], Conv2d | Linear)


@pytest.mark.parametrize("cls", UNION, ids=lambda cls: cls.__name__)
def test_onnx_types_are_claimed_once(cls: type[Op]) -> None:
    others = {kind for other in UNION if other is not cls for kind in other.onnx_types}
    assert not others & set(cls.onnx_types)
