"""scikit-learn's digits: 1,797 real handwritten digits, 8x8 pixels, that come with the package."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from npas.data.dataset import DataError, Dataset, InMemory
from npas.spec.schema import DigitsData

CLASSES = 10
DARKEST = 16.0


def load(data: DigitsData) -> Dataset:
    """Scaled up bilinearly, normalised by the train split's mean and deviation, split with equal class shares.

    Raises:
        DataError: a split would hold fewer images than there are classes.
    """
    pixels, targets = load_digits(return_X_y=True)
    total = len(targets)
    held = round(total * data.test_fraction)
    if not CLASSES <= held <= total - CLASSES:
        raise DataError(
            f"data.test_fraction: each split needs at least {CLASSES} of the {total} digits, "
            f"got {data.test_fraction} ({held} for the test), use 0.25"
        )
    kept, tested = train_test_split(range(total), test_size=held, stratify=targets, random_state=data.seed)
    images = torch.from_numpy(pixels).float().reshape(total, 1, 8, 8) / DARKEST
    images = F.interpolate(images, size=(data.size, data.size), mode="bilinear", align_corners=False)
    mean, deviation = images[kept].mean(), images[kept].std()
    images = ((images - mean) / deviation).expand(-1, data.channels, -1, -1)
    labels = torch.from_numpy(targets)
    paper = float(-mean / deviation)
    return Dataset(
        (data.channels, data.size, data.size),
        CLASSES,
        train=InMemory(images[kept], labels[kept], max_shift=data.size // 8, fill=paper),
        test=InMemory(images[tested], labels[tested]),
    )
