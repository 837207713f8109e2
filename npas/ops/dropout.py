"""Random zeros in training, nothing at inference (a pass removes it before lowering)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from npas.ops.base import Op, Shape
from npas.ops.onnx_io import Imported, OnnxCall, OnnxNode, OnnxPart


class Dropout(Op):
    type: Literal["dropout"] = "dropout"
    onnx_types: ClassVar[tuple[str, ...]] = ("Dropout",)
    probability: float = 0.5

    def infer(self, inputs: tuple[Shape, ...]) -> Shape:
        return inputs[0]

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        return F.dropout(x[0], self.probability, training)

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        ratio = f"{name}.ratio"
        node = OnnxNode("Dropout", (*inputs, ratio), name, {}, name)
        return OnnxPart((node,), {ratio: np.array(self.probability, np.float32)})

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        if call.scalar(2, 0.0) != 0.0:
            raise ValueError("training_mode must be false: export the model in evaluation mode")
        ratio = call.node.number("ratio", 0.5) if call.opset < 12 else call.scalar(1, 0.5)
        if not 0 <= ratio < 1:
            raise ValueError(f"ratio must lie in [0, 1), got {ratio:g}")
        return Imported(cls(probability=ratio), call.values(0))
