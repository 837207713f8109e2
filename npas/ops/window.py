"""Shapes of sliding windows, shared by convolution and pooling."""

from __future__ import annotations

Pads = tuple[int, int, int, int]
"""(top, left, bottom, right)."""


def window_shape(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pads: Pads,
    dilation: tuple[int, int] = (1, 1),
    ceil: bool = False,
) -> tuple[int, int]:
    """(height, width) of the result. Raises ValueError where the window does not fit even once."""
    out = []
    for i in range(2):
        room = size[i] + pads[i] + pads[i + 2] - dilation[i] * (kernel[i] - 1) - 1
        if room < 0:
            raise ValueError(f"window of {kernel} does not fit into {size} with pads {pads}")
        steps = -(-room // stride[i]) if ceil else room // stride[i]
        # As ONNX and torch have it: with ceil, a window may not start in the far padding.
        if ceil and steps * stride[i] >= size[i] + pads[i]:
            steps -= 1
        out.append(steps + 1)
    return out[0], out[1]


def without_ceil(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pads: Pads,
    dilation: tuple[int, int] = (1, 1),
) -> Pads:
    """Padding under which as many windows fit whole as begin inside the image under ``pads``."""
    steps = window_shape(size, kernel, stride, pads, dilation, ceil=True)
    reach = [(steps[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1 for i in range(2)]
    bottom, right = (max(pads[i + 2], reach[i] - size[i] - pads[i]) for i in range(2))
    return (pads[0], pads[1], bottom, right)
