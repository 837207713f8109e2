"""What every dataset is to the rest of NPAS: two splits of labelled images, read in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from npas.errors import SpecError

Split = Literal["train", "test"]
Batch = tuple[Tensor, Tensor]
"""Images, float32 [N, C, H, W], and their labels, int64 [N]."""


HELD_OUT = 0.2
MOST_HELD_OUT = 5000
"""Images held out of the training split for the search's own evaluations: a share, up to a number."""


class DataError(SpecError):
    """The data that the spec names are missing or broken. The message holds every violation, one per line."""


class Samples(torch.utils.data.Dataset[tuple[Tensor, int]], ABC):
    """One split. Items are plain, as in a test: (float32 image [C, H, W], label).

    The first n items are a fair sample of the split for any n, so a limit needs no shuffling.
    """

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> tuple[Tensor, int]: ...

    @abstractmethod
    def batches(self, batch_size: int, generator: torch.Generator | None) -> Iterator[Batch]:
        """Every item once: in order and plain without a generator, else shuffled and, where the split is, augmented."""

    @abstractmethod
    def part(self, items: slice) -> Samples:
        """Some of the items as a split of their own."""


class InMemory(Samples):
    """A split that fits in memory; batches are slices of two tensors, with no work per item."""

    def __init__(self, images: Tensor, labels: Tensor, max_shift: int = 0, fill: float = 0.0) -> None:
        """Images [N, C, H, W] and labels [N]; in training each image moves by up to ``max_shift`` pixels
        along each axis, and ``fill`` (the background, after normalisation) comes in at the borders."""
        assert images.dtype == torch.float32 and images.ndim == 4 and labels.shape == images.shape[:1]
        self.pixels = images.contiguous()
        self.labels = labels.to(torch.int64)
        self.max_shift = max_shift
        self.fill = fill

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.pixels[index], int(self.labels[index])

    def batches(self, batch_size: int, generator: torch.Generator | None) -> Iterator[Batch]:
        if generator is None:
            for start in range(0, len(self), batch_size):
                yield self.pixels[start : start + batch_size], self.labels[start : start + batch_size]
            return
        order = torch.randperm(len(self), generator=generator)
        for start in range(0, len(self), batch_size):
            index = order[start : start + batch_size]
            yield self._shifted(self.pixels[index], generator), self.labels[index]

    def part(self, items: slice) -> InMemory:
        return InMemory(self.pixels[items], self.labels[items], self.max_shift, self.fill)

    def _shifted(self, images: Tensor, generator: torch.Generator) -> Tensor:
        reach = self.max_shift
        if reach == 0:
            return images
        count, _, height, width = images.shape
        windows = F.pad(images, (reach,) * 4, value=self.fill).unfold(2, height, 1).unfold(3, width, 1)
        down, right = torch.randint(0, 2 * reach + 1, (2, count), generator=generator)
        return windows[torch.arange(count), :, down, right]


@dataclass(frozen=True)
class Dataset:
    """Labelled images of one shape (C, H, W); labels are 0 .. classes - 1."""

    shape: tuple[int, int, int]
    classes: int
    train: Samples
    test: Samples

    def held_out(self) -> Dataset:
        """The training split alone, a part of it held out as the ``test`` split: what choices are made by.

        A search that looked at the test split would make its final figure too good (as AMC does it, He et al. 2018,
        section 4.1: the reward is measured on images split off from the training set).
        """
        count = max(1, min(MOST_HELD_OUT, round(HELD_OUT * len(self.train))))
        train, test = self.train.part(slice(count, None)), self.train.part(slice(count))
        return Dataset(self.shape, self.classes, train, test)

    def split(self, split: Split) -> Samples:
        return self.train if split == "train" else self.test

    def batches(self, split: Split, batch_size: int, generator: torch.Generator | None = None) -> Iterator[Batch]:
        """Every item of the split once, ``batch_size`` at a time (the last batch may be smaller).

        Shuffled, and in the train split augmented, exactly where a generator is given.
        """
        return self.split(split).batches(batch_size, generator)

    def images(self, split: Split, count: int) -> NDArray[np.float32]:
        """The first ``count`` images of a split, unaugmented: float32 [count, C, H, W]; all where there are fewer."""
        samples = self.split(split)
        return torch.stack([samples[i][0] for i in range(min(count, len(samples)))]).numpy()
