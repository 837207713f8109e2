"""The ONNX package's own backend cases, and what our compiler makes of one: shared with ``benchmarks/conformance.py``.

A node case is one operator with inputs and the outputs that ONNX's reference gives for them. Inputs that are weights,
shapes or other constants in all but name are frozen into the model, as they are in a trained network.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from npas.compiler.emit import emit
from npas.errors import CompileError, UnsupportedError
from npas.frontend.onnx_in import from_proto
from npas.graph.graph import Network
from npas.stages.program import Machine, lower_for
from npas.targets.toolchain import compile_program
from npas.targets.tree_writer import write_tree

TIMEOUT_S = 120.0

OPERATORS: Mapping[str, tuple[str, ...]] = {
    "convolution": ("Conv", "ConvTranspose", "Gemm", "MatMul"),
    "pooling": ("AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "MaxPool"),
    "norms": (
        *("BatchNormalization", "Dropout", "GroupNormalization", "InstanceNormalization", "LRN"),
        *("LayerNormalization", "LpNormalization", "MeanVarianceNormalization", "RMSNormalization"),
    ),
    "activations": (
        *("Celu", "Clip", "Elu", "Gelu", "HardSigmoid", "HardSwish", "Hardmax", "LeakyRelu", "LogSoftmax", "Mish"),
        *("PRelu", "Relu", "Selu", "Shrink", "Sigmoid", "Softmax", "Softplus", "Softsign", "Swish", "Tanh"),
        "ThresholdedRelu",
    ),
    "functions": (
        *("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "Cos", "Cosh", "Erf", "Exp", "Floor"),
        *("Log", "Neg", "Reciprocal", "Round", "Sign", "Sin", "Sinh", "Sqrt", "Tan"),
    ),
    "arithmetic": ("Add", "Div", "Max", "Mean", "Min", "Mod", "Mul", "Pow", "Sub", "Sum"),
    "reductions": (
        *("ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin"),
        *("ReduceProd", "ReduceSum", "ReduceSumSquare"),
    ),
    "layout": (
        *("CenterCropPad", "Concat", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements", "GatherND"),
        *("Identity", "Pad", "Reshape", "Resize", "Slice", "SpaceToDepth", "Split", "Squeeze", "Tile", "Transpose"),
        *("Unsqueeze", "Upsample", "Compress", "ReverseSequence"),
    ),
}
"""What a compiler of convolutional networks may meet, for inference, in float32."""

COMPUTED: Mapping[str, int] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "MatMul", "Mod"), 2),
    **dict.fromkeys(("Min", "Max", "Sum", "Mean", "Concat"), 99),
    "Gemm": 3,
}
"""How many of an operator's inputs the network computes; of others it is the first alone."""

Arrays = list[np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Case:
    """A model with what goes in and what must come out."""

    name: str
    operator: str
    model: onnx.ModelProto
    inputs: Arrays
    outputs: Arrays


@dataclass(frozen=True)
class Outcome:
    """``refused`` names what is not supported; ``wrong`` and ``crashed`` are defects."""

    kind: Literal["passed", "refused", "wrong", "crashed"]
    reason: str = ""


def node_cases() -> Iterator[Case]:
    """The node cases of ``OPERATORS`` whose first input and all outputs are float32, frozen."""
    wanted = {operator for operators in OPERATORS.values() for operator in operators}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = collect_testcases(None)
    for case in found:
        graph = case.model.graph
        if "_expanded" in case.name or len(graph.node) != 1 or graph.node[0].domain:
            continue
        if graph.node[0].op_type in wanted and _floats(graph.output) and _floats(graph.input[:1]):
            (data,) = case.data_sets
            yield _frozen(case.name, case.model, data[0], data[1])


def _floats(values: Sequence[onnx.ValueInfoProto]) -> bool:
    kinds = [v.type.tensor_type.elem_type if v.type.HasField("tensor_type") else None for v in values]
    return bool(kinds) and set(kinds) == {TensorProto.FLOAT}


def _frozen(name: str, model: onnx.ModelProto, inputs: Sequence[Any], outputs: Sequence[Any]) -> Case:
    frozen = onnx.ModelProto()
    frozen.CopyFrom(model)
    operator = frozen.graph.node[0].op_type
    live, arrays = [], []
    for i, (value, given) in enumerate(zip(model.graph.input, inputs, strict=True)):
        array = np.asarray(given)
        if i < COMPUTED.get(operator, 1) and array.dtype == np.float32:
            live.append(value)
            arrays.append(array)
        else:
            frozen.graph.initializer.append(numpy_helper.from_array(array, value.name))
    del frozen.graph.input[:]
    frozen.graph.input.extend(live)
    return Case(name, operator, frozen, arrays, [np.asarray(a) for a in outputs])


def imported(case: Case) -> Network:
    """Raises UnsupportedError."""
    return from_proto(case.model, case.name, batched=False)


def outcome(case: Case, machine: Machine, tolerance: float = 1e-3, least: float = 1e-5) -> Outcome:
    """Compiles the case, runs it and compares; nothing is raised."""
    try:
        network = imported(case)
        got = computed(network, case.inputs, machine)
    except UnsupportedError as error:
        return Outcome("refused", " ".join(str(error).split())[:300])
    except (CompileError, subprocess.SubprocessError, OSError) as error:
        return Outcome("crashed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    except Exception as error:  # noqa: BLE001 - whatever else comes out is a defect of ours, to be counted as one
        return Outcome("crashed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
    return compared(case, got, tolerance, least)


def compared(case: Case, got: np.ndarray[Any, Any], tolerance: float, least: float) -> Outcome:
    """All outputs of a case, one after the other, beside those that must come out."""
    wanted = np.concatenate([np.ravel(a) for a in case.outputs])
    if got.shape != wanted.shape:
        return Outcome("wrong", f"{got.size} floats instead of {wanted.size}")
    near = np.isclose(got, wanted, rtol=tolerance, atol=least, equal_nan=True)
    if near.all():
        return Outcome("passed")
    worst = float(np.nanmax(np.abs(got - wanted)))
    return Outcome("wrong", f"{int((~near).sum())} of {got.size} elements differ, by up to {worst:.2g}")


def computed(network: Network, inputs: Sequence[np.ndarray[Any, Any]], machine: Machine) -> np.ndarray[Any, Any]:
    """All outputs of the compiled network, one after the other. Raises UnsupportedError, CompileError and
    SubprocessError."""
    simple, lowered = lower_for(network, "net", machine)
    order = [network.graph.inputs.index(name) for name in simple.graph.inputs]
    with tempfile.TemporaryDirectory(prefix="npas-case-") as folder:
        root = Path(folder)
        write_tree(root / "runtime", {**emit(lowered.plan, layer_files=1), "weights.bin": lowered.weights()})
        program = compile_program(root / "runtime", "verify", machine.isa)
        (root / "in").write_bytes(b"".join(np.ascontiguousarray(inputs[i], np.float32).tobytes() for i in order))
        weights, threads = root / "runtime" / "weights.bin", str(machine.threads)
        command = [program.binary, weights, "run", threads, root / "in", root / "out"]
        environment = {**os.environ, **dict(machine.device.environment)}
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S, env=environment)
        return np.fromfile(root / "out", np.float32)
