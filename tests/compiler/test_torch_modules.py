"""Modules as people write them today, from torch through the whole compiler: decoders, ConvNeXt's block, channel
shuffles, attention on patches."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from programs import LOCAL_ISAS, parity
from torch import Tensor, nn

from npas.compiler.indexed import Options
from npas.frontend.torch_in import export
from npas.graph.batch import check_batch

SHAPE = (3, 12, 12)


class Decoder(nn.Module):
    """Group and instance norm, a transposed convolution, both kinds of upsampling."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.norm = nn.Conv2d(3, 8, 3, 2, 1), nn.GroupNorm(2, 8)
        self.up, self.each, self.slope = (
            nn.ConvTranspose2d(8, 6, 4, 2, 1),
            nn.InstanceNorm2d(6, affine=True),
            nn.PReLU(6),
        )

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.down(x))
        smooth = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False)
        coarse = F.interpolate(y, scale_factor=2, mode="nearest")
        return torch.cat([self.slope(self.each(self.up(y))), smooth, coarse], 1).mean((2, 3))


class ConvNext(nn.Module):
    """A norm over channels that lie last, and fully connected layers on every pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise, self.norm = nn.Conv2d(3, 12, 7, padding=3), nn.LayerNorm(12, eps=1e-6)
        self.wide, self.narrow = nn.Linear(12, 24), nn.Linear(24, 12)
        self.gamma = nn.Parameter(torch.full((12,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        y = self.depthwise(x)
        z = self.gamma * self.narrow(F.gelu(self.wide(self.norm(y.permute(0, 2, 3, 1)))))
        return F.log_softmax((y + z.permute(0, 3, 1, 2)).mean((2, 3)), 1)


class Shuffle(nn.Module):
    """Chunks, a channel shuffle, a pixel shuffle and reflections at the edge."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(8, 8, 1), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = self.first(x).chunk(2, 1)
        y = torch.cat([kept, self.second(changed)], 1)
        n, c, h, w = y.shape
        y = y.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        y = F.pad(F.pixel_shuffle(y, 2), (1, 2, 1, 0), mode="reflect")
        return self.last(F.leaky_relu(F.adaptive_avg_pool2d(y, 1).flatten(1)))


class Attention(nn.Module):
    """Patches that look at each other with two heads."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.qkv, self.out = nn.Conv2d(3, 16, 4, 4), nn.Linear(16, 48), nn.Linear(16, 16)
        self.places = nn.Parameter(torch.randn(1, 9, 16) * 0.1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.patches(x).flatten(2).transpose(1, 2) + self.places
        q, k, v = (t.reshape(t.shape[0], 9, 2, 8).transpose(1, 2) for t in self.qkv(y).chunk(3, -1))
        z = (q @ k.transpose(-2, -1) * 8**-0.5).softmax(-1) @ v
        return self.out(z.transpose(1, 2).reshape(x.shape[0], 9, 16)).mean(1)


class Functions(nn.Module):
    """What exporters spell out: softplus, clamps, ELU with its defaults, norms."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        z = F.hardtanh(F.softplus(y)) * torch.sigmoid(y) + F.elu(y) - torch.clamp(y, min=0.1)
        z = F.max_pool2d(z, 3, 2, 1)
        return torch.amax(z, (2, 3)) / torch.norm(z, dim=(2, 3))


@pytest.mark.parametrize("module", [Decoder, ConvNext, Shuffle, Attention, Functions])
def test_parity(module: type[nn.Module], tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = export(module().eval(), SHAPE, module.__name__)
    check_batch(network.graph)
    report = parity(tmp_path, network, Options(), LOCAL_ISAS[-1], 2)
    assert report.passed, (report.first_difference, report.relative_l2)
