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
    Arithmetic,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Constant,
    Conv2d,
    Dropout,
    Elu,
    Expand,
    Flatten,
    Gather,
    Gelu,
    GlobalAvgPool,
    HardSigmoid,
    HardSwish,
    Input,
    LeakyRelu,
    Linear,
    MatMul,
    MaxPool,
    Mul,
    Normalize,
    Op,
    Pad,
    Reduce,
    Relu,
    Resample,
    Reshape,
    Shape,
    Sigmoid,
    Silu,
    Slice,
    Softmax,
    Tanh,
    Threshold,
    Transpose,
    Unary,
)
from npas.ops.arithmetic import Function as Binaries
from npas.ops.reduce import Function as Reductions
from npas.ops.unary import Function as Unaries

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
    (MaxPool(kernel=(3, 2), stride=(2, 3), pads=(1, 0, 2, 1)), (ODD,)),
    (MaxPool(kernel=(2, 2), stride=(2, 2), pads=(0, 0, 1, 1)), (ODD,)),
    (AvgPool(kernel=(2, 2), stride=(2, 2)), (IMAGE,)),
    (AvgPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1)), (ODD,)),
    (AvgPool(kernel=(3, 2), stride=(1, 2), pads=(0, 1, 2, 0), count_pads=True), (ODD,)),
    (GlobalAvgPool(), (IMAGE,)),
    (Flatten(), (IMAGE,)),
    (Softmax(), (ROW,)),
    (Softmax(), (IMAGE,)),
    (Softmax(axis=1), (IMAGE,)),
    (Softmax(kind="log_softmax"), (IMAGE,)),
    (Softmax(axis=2, kind="hardmax"), (IMAGE,)),
    (Dropout(probability=0.2), (IMAGE,)),
    (Constant(shape=(5, 1, 1)), ()),
    (MaxPool(kernel=(3, 2), stride=(2, 1), pads=(1, 0, 2, 1), dilation=(2, 3)), (ODD,)),
    (LeakyRelu(alpha=0.2), (IMAGE,)),
    (Elu(alpha=0.7), (IMAGE,)),
    (Elu(kind="celu", alpha=1.5), (IMAGE,)),
    (Elu(kind="selu", alpha=1.6, gamma=1.1), (ROW,)),
    (Threshold(high=0.6), (IMAGE,)),
    (Threshold(low=-0.4, high=0.4, bias=0.3), (ROW,)),
    *((Unary(function=name), (IMAGE,)) for name in get_args(Unaries)),
    *((Arithmetic(function=name), (IMAGE, IMAGE)) for name in get_args(Binaries)),
    (Arithmetic(function="sub"), (IMAGE, (1, 5, 1, 1))),
    (Arithmetic(function="div"), ((1, 1, 7, 1), IMAGE)),
    (MatMul(), ((1, 3, 4, 5), (1, 3, 5, 2))),
    (MatMul(), ((1, 4, 5), (1, 5, 7))),
    (Normalize(axis=1), (IMAGE,)),
    (Normalize(axis=3, epsilon=1e-3), (IMAGE,)),
    *((Reduce(function=name, axes=(1, 3)), (IMAGE,)) for name in get_args(Reductions)),
    (Reduce(function="sum", axes=(1,), keep=False), (IMAGE,)),
    (Reduce(function="mean", axes=(1, 3), keep=False), (IMAGE,)),
    (Reshape(shape=(1, 35, 6)), (IMAGE,)),
    (Reshape(shape=(1, 2, 2, 3)), (ROW,)),
    (Transpose(order=(0, 2, 3, 1)), (IMAGE,)),
    (Transpose(order=(0, 3, 1, 2)), (IMAGE,)),
    (Slice(axis=1, start=1, count=3), (IMAGE,)),
    (Slice(axis=3, start=5, count=3, step=-2), (IMAGE,)),
    (Gather(axis=2, indices=(6, 0, 0, 3)), (IMAGE,)),
    (Pad(axis=2, before=1, after=2, value=1.5), (IMAGE,)),
    (Pad(axis=3, before=2, after=1, mode="reflect"), (IMAGE,)),
    (Pad(axis=1, before=2, after=1, mode="edge"), (IMAGE,)),
    (Expand(shape=(1, 5, 7, 6)), ((1, 5, 1, 6),)),
    (Expand(shape=(4, 1, 1)), ((1, 1, 7, 6),)),
    (Resample(axis=3, taps=2, indices=(0, 1, 5, 5), weights=(0.25, 0.75, 0.5, 0.5)), (IMAGE,)),
    (Resample(axis=1, taps=1, indices=(4, 0, 2), weights=(2.0, 0.5, 1.0)), (IMAGE,)),
]

POSITIVE = {"acosh", "log", "sqrt", "pow"}
"""Functions whose first operand is taken from 1 up, where every one of them is defined."""
SMALL = {"acos", "asin", "atanh"}
"""Functions of numbers between -1 and 1."""
WRITTEN_OUT = (Constant, Resample)
"""Operators that ONNX has no word for: what they are written as comes back as something else, of the same value."""

UNION: tuple[type[Op], ...] = get_args(get_args(AnyOp)[0])


def network_of(op: AnyOp, shapes: tuple[Shape, ...]) -> Network:
    """The operator alone behind its inputs, with random weights seeded by what it is."""
    if isinstance(op, Input):
        return Network(Graph("alone", (Node("x0", op), Node("out", Relu(), ("x0",))), ("out",)), {})
    if isinstance(op, Constant):
        nodes = (Node("x0", Input(shape=IMAGE)), Node("constant1", op), Node("out", Mul(), ("x0", "constant1")))
        value = np.linspace(-1, 2, int(np.prod(op.shape)), dtype=np.float32).reshape(op.shape)
        return Network(Graph("alone", nodes, ("out",)), {"constant1.value": value})
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
    found = {name: rng.normal(scale=2.0, size=shape).astype(np.float32) for name, shape in shapes.items()}
    function = getattr(network.graph.nodes[-1].op, "function", "")
    if function in POSITIVE:
        found["x0"] = 1 + np.abs(found["x0"])
    if function in SMALL:
        found["x0"] = np.tanh(found["x0"])
    if function == "tan":  # not beside its poles
        found["x0"] = np.tanh(found["x0"])
    return found


def reference(network: Network, values: dict[str, np.ndarray]) -> np.ndarray:
    known = {name: torch.from_numpy(array) for name, array in values.items()}
    for node in network.graph.nodes:
        if not isinstance(node.op, Input):
            weights = {role: torch.from_numpy(array) for role, array in network.params(node).items()}
            known[node.name] = node.op.reference([known[i] for i in node.inputs], weights)
    result: np.ndarray = known["out"].numpy()
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
        if isinstance(sample[0], WRITTEN_OUT):
            values = feeds(network, 1)
            np.testing.assert_allclose(reference(back, values), reference(network, values), rtol=1e-5, atol=1e-6)
            return
        assert back.graph == network.graph
        assert set(back.weights) == set(network.weights)
        for name, array in network.weights.items():
            np.testing.assert_array_equal(back.weights[name], array)

    def test_work_is_not_negative(self, sample: tuple[AnyOp, tuple[Shape, ...]]) -> None:
        network = network_of(*sample)
        assert (network.graph.total_macs > 0) == isinstance(sample[0], Conv2d | Linear | MatMul)


@pytest.mark.parametrize("cls", UNION, ids=lambda cls: cls.__name__)
def test_onnx_types_are_claimed_once(cls: type[Op]) -> None:
    others = {kind for other in UNION if other is not cls for kind in other.onnx_types}
    assert not others & set(cls.onnx_types)
