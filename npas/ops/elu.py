"""Exponential linear units: scale x where x is positive, else scale alpha (exp(x / beta) - 1).

ELU (Clevert et al.) has alpha; CELU (Barron) has beta = alpha; SELU (Klambauer et al.) has scale and alpha.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from npas.ops.base import Elementwise, Shape
from npas.ops.onnx_io import Attribute, Imported, OnnxCall, OnnxPart, single

SELU_ALPHA, SELU_GAMMA = 1.67326319217681884765625, 1.05070102214813232421875
"""ONNX's defaults, which are float32."""


class Elu(Elementwise):
    type: Literal["elu"] = "elu"
    onnx_types: ClassVar[tuple[str, ...]] = ("Elu", "Celu", "Selu")
    kind: Literal["elu", "celu", "selu"] = "elu"
    alpha: float = 1.0
    gamma: float = 1.0

    def reference(self, x: Sequence[Tensor], w: Mapping[str, Tensor], training: bool = False) -> Tensor:
        low = self.alpha * torch.expm1(x[0].clamp(max=0.0) / self._beta)
        return self.gamma * torch.where(x[0] > 0, x[0], low)

    def expression(self) -> str:
        return f"elu(x, {self.alpha!r}f, {1 / self._beta!r}f, {self.gamma!r}f)"

    def to_onnx(self, name: str, inputs: tuple[str, ...], shapes: tuple[Shape, ...]) -> OnnxPart:
        attributes: dict[str, Attribute] = {"alpha": self.alpha}
        if self.kind == "selu":
            attributes["gamma"] = self.gamma
        return single(self.kind.capitalize(), name, inputs, attributes)

    @classmethod
    def from_onnx(cls, call: OnnxCall) -> Imported:
        node = call.node
        if node.type == "Selu":
            alpha, gamma = node.number("alpha", SELU_ALPHA), node.number("gamma", SELU_GAMMA)
            return Imported(cls(kind="selu", alpha=alpha, gamma=gamma), call.values(0))
        alpha = node.number("alpha", 1.0)
        if node.type == "Celu" and alpha == 0:
            raise ValueError("alpha must not be 0")
        return Imported(cls(kind="celu" if node.type == "Celu" else "elu", alpha=alpha), call.values(0))

    @property
    def _beta(self) -> float:
        return self.alpha if self.kind == "celu" else 1.0
