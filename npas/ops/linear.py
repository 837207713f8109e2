"""Fully connected layer: weight [F, C], bias [F]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import ClassVar, Literal

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.matmul import MatMul
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart, single


class Linear(Op):
    type: Literal["linear"] = "linear"
    onnx_types: ClassVar[tuple[str, ...]] = ("Gemm", "MatMul")
    filters: int
    bias: bool = True

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        if len(inputs[0]) < 2:
            raise ValueError(f"needs a batch and features, got shape {inputs[0]}")
        return (*inputs[0][:-1], self.filters)

    def parameters(self, inputs: tuple[Shape, ...]) -> dict[str, Shape]:
        weight: dict[str, Shape] = {"weight": (self.filters, inputs[0][-1])}
        return weight | ({"bias": (self.filters,)} if self.bias else {})

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.linear(x[0], w["weight"], w.get("bias"))

    def macs(self, inputs: tuple[Shape, ...]) -> int:
        return prod(inputs[0][1:]) * self.filters

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        """``Gemm`` for [N, C]. More dimensions need ``MatMul``, whose weight is transposed, and ``Add``."""
        weight, bias = f"{name}.weight", (f"{name}.bias",) if self.bias else ()
        if len(shapes[0]) == 2:
            return single("Gemm", name, (*inputs, weight, *bias), {"transB": 1})
        turned = OnnxNode("Transpose", (weight,), f"{name}.turned", {"perm": (1, 0)}, f"{name}.turned")
        product = name if not bias else f"{name}.product"
        nodes = (turned, OnnxNode("MatMul", (*inputs, turned.output), product, {}, product))
        return OnnxPart(nodes + ((OnnxNode("Add", (product, *bias), name, {}, name),) if bias else ()))

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        """``Gemm`` (alpha and beta go into the weights) or ``MatMul`` by a constant matrix; any other is our
        ``MatMul``."""
        node = call.node
        if node.type == "MatMul" and (call.constants[1] is None or call.constants[1].ndim != 2):
            return Imported(MatMul(), call.operands(0, 1))
        matrix = call.weight(1)
        if matrix.ndim != 2 or 0 in matrix.shape:
            raise ValueError(f"weight must be a matrix, got shape {list(matrix.shape)}")
        if node.type == "MatMul":
            call.shape(0)
            return Imported(cls(filters=matrix.shape[1], bias=False), call.values(0), {"weight": _copy(matrix.T)})
        if node.integer("transA", 0):
            raise ValueError("transA must be 0")
        call.shape(0)
        weight = _copy((matrix if node.integer("transB", 0) else matrix.T) * np.float32(node.number("alpha", 1.0)))
        filters = weight.shape[0]
        if not call.has(2):
            return Imported(cls(filters=filters, bias=False), call.values(0), {"weight": weight})
        bias = call.weight(2)
        if bias.size not in (1, filters) or bias.shape[-1:] not in ((), (1,), (filters,)):
            raise ValueError(f"bias must have {filters} elements, got shape {list(bias.shape)}")
        scaled = np.broadcast_to(bias.reshape(-1) * np.float32(node.number("beta", 1.0)), (filters,))
        return Imported(cls(filters=filters), call.values(0), {"weight": weight, "bias": _copy(scaled)})


def _copy(array: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.ascontiguousarray(array, dtype=np.float32)
