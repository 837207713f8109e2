"""How operators speak ONNX: plain values on both ways, so that no operator touches a protobuf message.

Out: ``Op.to_onnx`` gives an ``OnnxPart``. In: ``Op.from_onnx`` reads an ``OnnxCall`` and gives an ``Imported``;
it raises ValueError, with the reason, where the call is outside what the operator can say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from npas.ops.window import Pads

if TYPE_CHECKING:
    from npas.ops.base import Op, Shape

Attribute = int | float | str | tuple[int, ...] | tuple[float, ...] | NDArray[Any]
AnyArray = NDArray[Any]


@dataclass(frozen=True)
class OnnxNode:
    """One ONNX operator with one result. Operators of other domains are called ``domain.Type``."""

    type: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    name: str = ""

    def integers(self, name: str, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        value = self.attributes.get(name, default)
        if not isinstance(value, tuple) or not all(isinstance(i, int) for i in value):
            raise ValueError(f"attribute {name}: must be integers")
        return tuple(int(i) for i in value)

    def integer(self, name: str, default: int) -> int:
        value = self.attributes.get(name, default)
        if not isinstance(value, int):
            raise ValueError(f"attribute {name}: must be an integer")
        return value

    def number(self, name: str, default: float) -> float:
        """A float32 attribute, as the shortest decimal that names it: 1e-05 stays 1e-05."""
        value = self.attributes.get(name, default)
        if not isinstance(value, int | float):
            raise ValueError(f"attribute {name}: must be a number")
        return shortest(value)

    def text(self, name: str, default: str) -> str:
        value = self.attributes.get(name, default)
        if not isinstance(value, str):
            raise ValueError(f"attribute {name}: must be text")
        return value


@dataclass(frozen=True)
class OnnxPart:
    """What one of our nodes becomes; the last node's output bears its name. Weights are added by the exporter."""

    nodes: tuple[OnnxNode, ...]
    constants: Mapping[str, AnyArray] = field(default_factory=dict)


@dataclass(frozen=True)
class OnnxCall:
    """An ONNX operator where it stands: the shapes of its inputs, and the values of those that are constant."""

    node: OnnxNode
    shapes: tuple[Shape | None, ...]
    constants: tuple[AnyArray | None, ...]
    opset: int

    def has(self, position: int) -> bool:
        return position < len(self.node.inputs) and self.node.inputs[position] != ""

    def shape(self, position: int, rank: int | None = None) -> Shape:
        shape = self.shapes[position] if self.has(position) else None
        if shape is None:
            raise ValueError(f"shape of input {position} is unknown")
        if rank is not None and len(shape) != rank:
            raise ValueError(f"input {position} must have {rank} dimensions, got shape {list(shape)}")
        return shape

    def constant(self, position: int) -> AnyArray:
        value = self.constants[position] if self.has(position) else None
        if value is None:
            raise ValueError(f"input {position} must be a constant")
        return value

    def scalar(self, position: int, default: float) -> float:
        """A constant of one element, or the default where the input is absent."""
        if not self.has(position):
            return default
        value = self.constant(position)
        if value.size != 1:
            raise ValueError(f"input {position} must be a scalar, got shape {list(value.shape)}")
        return shortest(value.reshape(()))

    def weight(self, position: int, shape: Shape | None = None) -> NDArray[np.float32]:
        """A constant that becomes a weight: float32, and finite."""
        value = self.constant(position)
        if value.dtype != np.float32:
            raise ValueError(f"weights must be float32, got {value.dtype}")
        if shape is not None and value.shape != shape:
            raise ValueError(f"weight must have shape {list(shape)}, got {list(value.shape)}")
        if not np.isfinite(value).all():
            raise ValueError("weights must be finite, got NaN or infinity")
        return np.array(value, order="C")  # A copy: what protobuf holds is read-only.

    def values(self, *positions: int) -> tuple[str, ...]:
        """The names of inputs that the network computes: constants are refused."""
        for position in positions:
            if not self.has(position):
                raise ValueError(f"input {position} is missing")
            if self.constants[position] is not None:
                raise ValueError(f"input {position} must not be a constant")
        return tuple(self.node.inputs[position] for position in positions)

    def operands(self, *positions: int) -> tuple[str, ...]:
        """The names of inputs that may be constants: arrays of the network's own (``Constant``), in float32."""
        for position in positions:
            if not self.has(position):
                raise ValueError(f"input {position} is missing")
            if self.constants[position] is not None:
                self.weight(position)
        if all(self.constants[position] is not None for position in positions):
            raise ValueError("some input must not be a constant")
        return tuple(self.node.inputs[position] for position in positions)


@dataclass(frozen=True)
class Imported:
    """One of our operators, the ONNX values that it reads (constants become nodes), and its weights by role."""

    op: Op
    inputs: tuple[str, ...]
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


def single(
    kind: str, name: str, inputs: tuple[str, ...], attributes: Mapping[str, Attribute] | None = None
) -> OnnxPart:
    """The common case: one ONNX operator, named like our node."""
    return OnnxPart((OnnxNode(kind, inputs, name, attributes or {}, name),))


def shortest(value: float | AnyArray) -> float:
    """The float whose decimal is the shortest one of this float32."""
    return float(str(np.float32(value)))


def pair(values: tuple[int, ...], what: str, minimum: int = 1) -> tuple[int, int]:
    if len(values) != 2 or min(values) < minimum:
        raise ValueError(f"{what} must be two numbers from {minimum} up, got {list(values)}")
    return values[0], values[1]


def read_pads(
    node: OnnxNode, size: tuple[int, int], kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> Pads:
    """(top, left, bottom, right) from ``pads`` or ``auto_pad`` (ONNX ``Conv``, ``MaxPool``, ``AveragePool``)."""
    auto = node.text("auto_pad", "NOTSET")
    if auto == "VALID":
        return (0, 0, 0, 0)
    if auto == "NOTSET":
        pads = node.integers("pads", (0, 0, 0, 0))
        if len(pads) != 4 or min(pads) < 0:
            raise ValueError(f"pads must be four numbers from 0 up, got {list(pads)}")
        return pads[0], pads[1], pads[2], pads[3]
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        raise ValueError(f"auto_pad {auto[:20]!r} is unknown")
    begin, end = [], []
    for i in range(2):
        steps = -(-size[i] // stride[i])
        total = max(0, (steps - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 - size[i])
        less, more = total // 2, total - total // 2
        begin.append(less if auto == "SAME_UPPER" else more)
        end.append(more if auto == "SAME_UPPER" else less)
    return begin[0], begin[1], end[0], end[1]
