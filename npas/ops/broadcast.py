"""Shapes under ONNX's (numpy's) multidirectional broadcasting."""

from __future__ import annotations

Shape = tuple[int, ...]


def broadcast_shape(a: Shape, b: Shape) -> Shape:
    """Raises ValueError where two dimensions differ and neither is 1."""
    rank = max(len(a), len(b))
    left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    for i, j in zip(left, right, strict=True):
        if i != j and 1 not in (i, j):
            raise ValueError(f"shapes {a} and {b} do not broadcast")
    return tuple(max(i, j) for i, j in zip(left, right, strict=True))
