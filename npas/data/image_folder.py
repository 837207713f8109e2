"""A folder in ImageNet's layout: ``train/<class>/<image>`` and ``val/<class>/<image>``."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader

from npas.data.dataset import Batch, DataError, Dataset, Samples
from npas.data.image_check import FORMATS, broken_images
from npas.spec.schema import ImageFolderData

log = logging.getLogger("npas.data")

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".ppm"})
MEAN = torch.tensor((0.485, 0.456, 0.406)).reshape(3, 1, 1)
DEVIATION = torch.tensor((0.229, 0.224, 0.225)).reshape(3, 1, 1)
RESIZE_TO_CROP = 256 / 224
AREA = (0.08, 1.0)
LOG_RATIO = (math.log(3 / 4), math.log(4 / 3))

Labelled = tuple[Path, int]


def load(data: ImageFolderData, folder: Path) -> Dataset:
    """ImageNet's usual transforms at ``data.size``; classes are numbered in the order of their folders' names.

    Raises:
        DataError: folders or classes are missing, or files are unreadable. All of them are listed.
    """
    root = folder / data.path
    classes = _classes(root)
    splits = {name: _listing(root / name, classes) for name in ("train", "val")}
    broken = broken_images(root, [path for listing in splits.values() for path, _ in listing], data.workers)
    if broken:
        raise DataError(
            "\n".join(f"{path}: must be a readable image, got {why}, replace or remove it" for path, why in broken)
        )
    train, test = (Folder(splits[name], data.size, data.workers) for name in ("train", "val"))
    return Dataset((3, data.size, data.size), len(classes), train, test)


def _classes(root: Path) -> Sequence[str]:
    """The classes' names in order, the same in both splits and none empty."""
    layout = "lay it out as train/<class>/<image> and val/<class>/<image>"
    absent = [root / name for name in ("train", "val") if not (root / name).is_dir()]
    if absent:
        raise DataError("\n".join(f"{path}: must be a folder, got none, {layout}" for path in absent))
    names = {split: {p.name for p in _visible(root / split) if p.is_dir()} for split in ("train", "val")}
    lines = [
        f"{root / other / name}: must exist as {there} has this class, got none, add it or remove it from {there}"
        for there, other in (("train", "val"), ("val", "train"))
        for name in sorted(names[there] - names[other])
    ]
    lines += [
        f"{root / split / name}: each class needs images, got none, add some ({', '.join(sorted(SUFFIXES))})"
        for split in ("train", "val")
        for name in sorted(names[split])
        if not _images(root / split / name)
    ]
    if len(names["train"]) < 2:
        lines.append(f"{root / 'train'}: needs at least two classes, got {len(names['train'])}, {layout}")
    if lines:
        raise DataError("\n".join(lines))
    return sorted(names["train"])


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if path.suffix.lower() in SUFFIXES]


def _listing(folder: Path, classes: Sequence[str]) -> tuple[Labelled, ...]:
    """Every image, one of each class in turn: the first n are then a fair sample of the split."""
    ranked = []
    for label, name in enumerate(classes):
        images = _images(folder / name)
        others = len(_visible(folder / name)) - len(images)
        if others:
            log.warning("%s: %d files that are no images are left out", folder / name, others)
        ranked += [(rank, label, path) for rank, path in enumerate(images)]
    return tuple((path, label) for _, label, path in sorted(ranked))


class Folder(Samples):
    """Images on disk, decoded in ``workers`` processes while the network runs."""

    def __init__(self, listing: tuple[Labelled, ...], size: int, workers: int) -> None:
        self.listing = listing
        self.size = size
        self.workers = workers

    def __len__(self) -> int:
        return len(self.listing)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.listing[index]
        return _normalised(_central(_decoded(path), self.size)), label

    def batches(self, batch_size: int, generator: torch.Generator | None) -> Iterator[Batch]:
        if generator is None:
            return self._loaded(self, range(len(self)), batch_size)
        order = torch.randperm(len(self), generator=generator)
        seed = int(torch.randint(2**31, (1,), generator=generator))
        return self._loaded(_Augmented(self, seed), order.tolist(), batch_size)

    def part(self, items: slice) -> Folder:
        return Folder(self.listing[items], self.size, self.workers)

    def _loaded(
        self, items: torch.utils.data.Dataset[tuple[Tensor, int]], order: Sequence[int], batch_size: int
    ) -> Iterator[Batch]:
        return iter(
            DataLoader(
                items,
                batch_size=batch_size,
                sampler=order,
                num_workers=self.workers,
                pin_memory=torch.cuda.is_available(),
                # The loader draws its workers' seeds from here, not from torch's global generator.
                generator=torch.Generator(),
            )
        )


class _Augmented(torch.utils.data.Dataset[tuple[Tensor, int]]):
    """One epoch of training. Each item has its own generator, so the number of workers changes nothing."""

    def __init__(self, folder: Folder, seed: int) -> None:
        self.folder = folder
        self.seed = seed

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        path, label = self.folder.listing[index]
        random = np.random.default_rng((self.seed, index))
        return _normalised(_random_crop(_decoded(path), self.folder.size, random)), label


def _decoded(path: Path) -> Image.Image:
    with Image.open(path, formats=FORMATS) as image:
        return image.convert("RGB")


def _normalised(image: Image.Image) -> Tensor:
    """RGB pixels as float32 [3, H, W], by ImageNet's mean and deviation."""
    pixels = torch.from_numpy(np.array(image, np.float32)).permute(2, 0, 1) / 255
    return ((pixels - MEAN) / DEVIATION).contiguous()


def _central(image: Image.Image, size: int) -> Image.Image:
    """The shorter side to 256/224 of ``size``, then the central square."""
    width, height = image.size
    shorter = round(size * RESIZE_TO_CROP)
    scale = shorter / min(width, height)
    resized = image.resize(
        (max(shorter, int(width * scale)), max(shorter, int(height * scale))), Image.Resampling.BILINEAR
    )
    left, top = round((resized.width - size) / 2), round((resized.height - size) / 2)
    return resized.crop((left, top, left + size, top + size))


def _random_crop(image: Image.Image, size: int, random: np.random.Generator) -> Image.Image:
    """A crop of random area and aspect ratio, resized, and flipped half of the time (Szegedy et al. 2015)."""
    width, height = image.size
    box = (0, 0, width, height)
    for _ in range(10):
        area = width * height * random.uniform(*AREA)
        ratio = math.exp(random.uniform(*LOG_RATIO))
        across, down = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if 0 < across <= width and 0 < down <= height:
            left, top = int(random.integers(width - across + 1)), int(random.integers(height - down + 1))
            box = (left, top, left + across, top + down)
            break
    crop = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else crop
