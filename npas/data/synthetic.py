"""Made-up images that a convolutional network can tell apart: for tests and for trying a spec out."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from npas.data.dataset import Dataset, InMemory
from npas.spec.schema import SyntheticData

COARSE = 4
NOISE = 1.0


def load(data: SyntheticData) -> Dataset:
    """Each class is a smooth random template of unit deviation; an image is its template plus white noise.

    The templates are smooth because a network that ends in global average pooling cannot see where a pixel was,
    only which textures there are. Labels go round robin, so every n images in a row are balanced.
    """
    generator = np.random.default_rng(data.seed)
    channels, height, width = data.shape
    coarse = generator.standard_normal((data.classes, channels, min(COARSE, height), min(COARSE, width)))
    templates = F.interpolate(torch.from_numpy(coarse), size=(height, width), mode="bilinear", align_corners=False)
    # A 1x1 image of one channel has no deviation over its own pixels: scale all templates alike.
    templates = templates / templates.square().mean().sqrt()

    def split(count: int) -> InMemory:
        labels = torch.arange(count) % data.classes
        noise: Tensor = torch.from_numpy(generator.standard_normal((count, *data.shape), dtype=np.float32))
        return InMemory(templates[labels].float() + NOISE * noise, labels)

    return Dataset(data.shape, data.classes, train=split(data.train), test=split(data.test))
