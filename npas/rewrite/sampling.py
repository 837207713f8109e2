"""Samples of what a layer reads: a few thousand pixels say as much as all of them.

symbol  meaning                                                      shape
S       samples: pixels of the layer's output, over all N images
X       the input under the kernel at each sample, by channel and tap  [C, S, K]
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from npas.ops import Conv2d
from npas.ops.window import window_shape

SAMPLES = 4096
"""Eight per unknown of a 512-channel 1x1 convolution; what they leave open stays near its start."""


def pixels(count: int) -> Tensor:
    """At most ``SAMPLES`` of ``count`` pixels, in order: always the same ones, but not in step with rows."""
    chosen = torch.randperm(count, generator=torch.Generator().manual_seed(count))[:SAMPLES]
    return chosen.sort().values


def patches(value: Tensor, op: Conv2d, chosen: Tensor | None = None) -> Tensor:
    """X in float64 of the input [N, C, H, W]; by default at ``pixels`` of the output's [N, H, W]."""
    top, left, bottom, right = op.pads
    height, width = window_shape((value.shape[2], value.shape[3]), op.kernel, op.stride, op.pads, op.dilation)
    if chosen is None:
        chosen = pixels(len(value) * height * width)
    padded = F.pad(value, (left, right, top, bottom))
    image = chosen // (height * width)
    y = chosen // width % height * op.stride[0]
    x = chosen % width * op.stride[1]
    taps = [
        padded[image, :, y + i * op.dilation[0], x + j * op.dilation[1]]
        for i in range(op.kernel[0])
        for j in range(op.kernel[1])
    ]
    return torch.stack(taps).permute(2, 1, 0).double().contiguous()
