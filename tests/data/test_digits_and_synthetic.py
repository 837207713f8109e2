from __future__ import annotations

from collections import Counter

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from npas.data import DataError, Dataset, InMemory, digits, synthetic
from npas.spec.schema import DigitsData, SyntheticData


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return digits.load(DigitsData(type="digits", size=16))


def test_digits_are_split_stratified_and_without_overlap(dataset: Dataset) -> None:
    assert (len(dataset.train), len(dataset.test)) == (1348, 449)
    assert isinstance(dataset.train, InMemory) and isinstance(dataset.test, InMemory)
    shares = torch.bincount(dataset.test.labels) / torch.bincount(dataset.train.labels)
    assert shares.min() > 0.3 and shares.max() < 0.37
    train = {tuple(image.flatten().tolist()) for image in dataset.train.pixels}
    assert not any(tuple(image.flatten().tolist()) in train for image in dataset.test.pixels)


def test_digits_are_normalised(dataset: Dataset) -> None:
    images = torch.from_numpy(dataset.images("train", 2000))
    assert abs(images.mean()) < 1e-4 and abs(images.std() - 1) < 1e-4


def test_digits_seed_size_and_channels_are_obeyed(dataset: Dataset) -> None:
    other = digits.load(DigitsData(type="digits", size=12, channels=3, seed=1, test_fraction=0.5))
    assert other.shape == (3, 12, 12) and len(other.test) == 898
    image, _ = other.train[0]
    assert torch.equal(image[0], image[2])
    same_size = digits.load(DigitsData(type="digits", size=16, seed=1))
    assert (same_size.images("test", 5) != dataset.images("test", 5)).any()


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_a_split_without_all_digits_is_an_error(fraction: float) -> None:
    with pytest.raises(DataError, match=r"data\.test_fraction: .*use 0\.25"):
        digits.load(DigitsData(type="digits", test_fraction=fraction))


def test_shifted_images_are_moved_copies() -> None:
    images = torch.arange(1, 1 + 450 * 2 * 6 * 5, dtype=torch.float32).reshape(450, 2, 6, 5)
    samples = InMemory(images, torch.arange(450), max_shift=1, fill=-7.0)
    shifts: Counter[tuple[int, int]] = Counter()
    for moved, labels in samples.batches(16, torch.Generator().manual_seed(0)):
        for image, label in zip(moved, labels, strict=True):
            shifts[_shift(images[label], image)] += 1
    # 50 of each are expected; 25 are more than three and a half deviations away.
    assert len(shifts) == 9 and min(shifts.values()) > 25


def _shift(original: torch.Tensor, moved: torch.Tensor) -> tuple[int, int]:
    """The one (down, right) whose shift of ``original``, with -7 coming in, is ``moved``."""
    padded = torch.nn.functional.pad(original, (1, 1, 1, 1), value=-7.0)
    fits = [
        (down, right)
        for down in range(3)
        for right in range(3)
        if torch.equal(padded[:, down : down + 6, right : right + 5], moved)
    ]
    assert len(fits) == 1
    return fits[0]


def test_in_memory_batches_are_slices_not_copies() -> None:
    samples = InMemory(torch.zeros(10, 1, 2, 2), torch.zeros(10))
    images, _ = next(samples.batches(4, None))
    assert images.data_ptr() == samples.pixels.data_ptr()


def test_synthetic_images_can_be_told_apart() -> None:
    dataset = synthetic.load(SyntheticData(type="synthetic", shape=(1, 8, 8), classes=5, train=400, test=200))
    assert isinstance(dataset.train, InMemory) and isinstance(dataset.test, InMemory)
    model = LogisticRegression(max_iter=200).fit(dataset.train.pixels.flatten(1), dataset.train.labels)
    assert model.score(dataset.test.pixels.flatten(1), dataset.test.labels) > 0.95


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 5)])
def test_synthetic_takes_any_shape(shape: tuple[int, int, int]) -> None:
    dataset = synthetic.load(SyntheticData(type="synthetic", shape=shape, classes=2, train=4, test=4))
    assert dataset.images("train", 4).shape == (4, *shape)
