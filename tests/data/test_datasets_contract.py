"""What every dataset must do. A new one enters by being in the union; it then needs a small example here."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image

from npas.data import Dataset, Split, load
from npas.spec.schema import Data, DigitsData, ImageFolderData, NpzData, Part, SyntheticData

SPLITS: tuple[Split, Split] = ("train", "test")


def _image_folder(folder: Path) -> ImageFolderData:
    random = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 3)):
        for name, level in (("dark", 40), ("light", 210)):
            (folder / "images" / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(level - 40, level + 40, (20 + i, 30 - i, 3), np.uint8)
                Image.fromarray(pixels).save(folder / "images" / split / name / f"{i}.png")
    return ImageFolderData(type="image_folder", path="images", size=16, workers=0)


def _npz(folder: Path) -> NpzData:
    random = np.random.default_rng(0)
    arrays = {}
    for split, count in (("train", 12), ("test", 9)):
        arrays[f"x_{split}"] = random.standard_normal((count, 2, 5, 7))
        arrays[f"y_{split}"] = np.sort(np.arange(count, dtype=np.uint8) % 3)
    np.savez(folder / "arrays.npz", **arrays)
    return NpzData(type="npz", path="arrays.npz")


def example(kind: type[Part], folder: Path) -> Data:
    if kind is DigitsData:
        return DigitsData(type="digits", size=16)
    if kind is SyntheticData:
        return SyntheticData(type="synthetic", shape=(2, 8, 6), classes=3, train=20, test=10)
    if kind is NpzData:
        return _npz(folder)
    if kind is ImageFolderData:
        return _image_folder(folder)
    pytest.fail(f"{kind.__name__} has no example here: add one")


@pytest.fixture(params=get_args(get_args(Data)[0]), ids=lambda kind: kind.__name__)
def loaded(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Dataset, Data, Path]:
    monkeypatch.setenv("NPAS_CACHE", str(tmp_path / "cache"))
    data = example(request.param, tmp_path)
    return load(data, tmp_path), data, tmp_path


def test_dataset_contract(loaded: tuple[Dataset, Data, Path]) -> None:
    dataset, data, folder = loaded
    for split in SPLITS:
        _items_fit(dataset, split)
        _plain_batches_are_the_items_in_order(dataset, split)
        _shuffling_follows_the_generator_alone(dataset, split)
        _images_are_the_first_plain_ones(dataset, split)
        _the_first_items_are_a_fair_sample(dataset, split)
    _loading_again_gives_the_same(dataset, load(data, folder))


def _items_fit(dataset: Dataset, split: Split) -> None:
    samples = dataset.split(split)
    labels = {samples[i][1] for i in range(len(samples))}
    assert labels == set(range(dataset.classes))
    image, label = samples[0]
    assert isinstance(label, int)
    assert image.dtype == torch.float32 and tuple(image.shape) == dataset.shape
    assert torch.isfinite(image).all()


def _plain_batches_are_the_items_in_order(dataset: Dataset, split: Split) -> None:
    samples = dataset.split(split)
    batches = list(dataset.batches(split, 4))
    assert [len(labels) for _, labels in batches[:-1]] == [4] * (len(batches) - 1)
    images, labels = torch.cat([b[0] for b in batches]), torch.cat([b[1] for b in batches])
    assert labels.dtype == torch.int64
    assert labels.tolist() == [samples[i][1] for i in range(len(samples))]
    for i in range(min(5, len(samples))):
        assert torch.equal(images[i], samples[i][0])


def _shuffling_follows_the_generator_alone(dataset: Dataset, split: Split) -> None:
    def epoch(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
        batches = list(dataset.batches(split, 4, torch.Generator().manual_seed(seed)))
        return torch.cat([b[0] for b in batches]), torch.cat([b[1] for b in batches])

    torch.manual_seed(0)
    state = torch.get_rng_state()
    first, labels = epoch(1)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    again, _ = epoch(1)
    other, _ = epoch(2)
    assert torch.equal(first, again) and not torch.equal(first, other)
    assert first.dtype == torch.float32 and tuple(first.shape[1:]) == dataset.shape
    plain = [dataset.split(split)[i][1] for i in range(len(labels))]
    assert sorted(labels.tolist()) == sorted(plain)


def _images_are_the_first_plain_ones(dataset: Dataset, split: Split) -> None:
    images = dataset.images(split, 3)
    assert images.dtype == np.float32 and images.shape == (3, *dataset.shape)
    np.testing.assert_array_equal(images[2], dataset.split(split)[2][0].numpy())
    total = len(dataset.split(split))
    assert len(dataset.images(split, total + 1)) == total


def _the_first_items_are_a_fair_sample(dataset: Dataset, split: Split) -> None:
    first = [dataset.split(split)[i][1] for i in range(2 * dataset.classes)]
    assert len(set(first)) > 1


def _loading_again_gives_the_same(dataset: Dataset, again: Dataset) -> None:
    assert (again.shape, again.classes) == (dataset.shape, dataset.classes)
    for split in SPLITS:
        np.testing.assert_array_equal(again.images(split, 9), dataset.images(split, 9))
