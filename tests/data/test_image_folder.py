from __future__ import annotations

import logging
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from npas.data import DataError, Dataset, image_check, image_folder
from npas.spec.schema import ImageFolderData


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPAS_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    for split in ("train", "val"):
        for name in ("b", "a", "c"):
            (tmp_path / "d" / split / name).mkdir(parents=True)
            for i in range(4):
                pixels = random.integers(0, 255, (40 + 3 * i, 50, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / "d" / split / name / f"{i}.jpg", quality=90)
    return tmp_path


def _load(root: Path, workers: int = 0, size: int = 14) -> Dataset:
    return image_folder.load(ImageFolderData(type="image_folder", path="d", size=size, workers=workers), root)


def _lines(root: Path) -> list[str]:
    with pytest.raises(DataError) as error:
        _load(root)
    return str(error.value).replace(str(root / "d") + "/", "").splitlines()


def test_classes_go_by_name_and_alternate(root: Path) -> None:
    dataset = _load(root)
    assert dataset.classes == 3 and len(dataset.train) == len(dataset.test) == 12
    assert [dataset.test[i][1] for i in range(6)] == [0, 1, 2, 0, 1, 2]


def test_the_central_square_is_what_a_test_sees(tmp_path: Path) -> None:
    # Size 14 means a shorter side of 16: no scaling for 16 x 20, and the middle 14 x 14 of it.
    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / "d" / split / name).mkdir(parents=True)
            pixels = np.arange(16 * 20 * 3, dtype=np.uint32).reshape(16, 20, 3) % 251
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "d" / split / name / "x.png")
    image, _ = _load(tmp_path).test[0]
    expected = pixels[1:15, 3:17].transpose(2, 0, 1) / 255
    mean, deviation = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (expected - mean.reshape(3, 1, 1)) / deviation.reshape(3, 1, 1)
    np.testing.assert_allclose(image.numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (5, 5), (15, 16)])
def test_any_aspect_ratio_is_taken(shape: tuple[int, int]) -> None:
    image = Image.fromarray(np.full((*shape, 3), 128, np.uint8))
    assert image_folder._central(image, 14).size == (14, 14)
    assert image_folder._random_crop(image, 14, np.random.default_rng(0)).size == (14, 14)


def test_grey_palette_and_transparent_images_become_rgb(root: Path) -> None:
    folder = root / "d" / "val" / "a"
    for i, mode in enumerate(("L", "P", "RGBA", "CMYK")):
        (folder / f"{i}.jpg").unlink()
        suffix = "jpg" if mode == "CMYK" else "png"
        Image.new("RGB", (30, 30), (200, 10, 10)).convert(mode).save(folder / f"{i}.{suffix}")
    assert _load(root).images("test", 12).shape == (12, 3, 14, 14)


def test_workers_change_nothing(root: Path) -> None:
    def epoch(workers: int) -> torch.Tensor:
        batches = _load(root, workers).batches("train", 5, torch.Generator().manual_seed(0))
        return torch.cat([images for images, _ in batches])

    assert torch.equal(epoch(0), epoch(2))


def test_training_images_are_cropped_anew_each_epoch(root: Path) -> None:
    dataset, generator = _load(root), torch.Generator().manual_seed(0)
    first, second = (torch.cat([i for i, _ in dataset.batches("train", 5, generator)]) for _ in range(2))
    sums = [sorted(images.sum((1, 2, 3)).tolist()) for images in (first, second)]
    assert sums[0] != sums[1]


def test_every_broken_file_is_listed(root: Path) -> None:
    d = root / "d"
    whole = (d / "train" / "a" / "1.jpg").read_bytes()
    (d / "train" / "a" / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (d / "train" / "b" / "0.jpg").write_bytes(b"")
    (d / "val" / "c" / "2.jpg").write_text("hello")
    (d / "val" / "c" / "3.jpg").unlink()
    (d / "val" / "c" / "3.jpg").symlink_to(d / "nowhere.jpg")
    lines = _lines(root)
    assert [line.split(":")[0] for line in lines] == ["train/b/0.jpg", "train/a/1.jpg", "val/c/2.jpg", "val/c/3.jpg"]
    assert all("must be a readable image" in line and "replace or remove it" in line for line in lines)
    assert "truncated" in lines[1]


def test_an_image_of_too_many_pixels_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_check, "TOO_MANY_PIXELS", 2400)
    assert _lines(root)[0] == "train/a/3.jpg: must be a readable image, got 50 x 49 pixels, replace or remove it"


def test_classes_of_one_split_only_are_listed(root: Path) -> None:
    d = root / "d"
    (d / "train" / "x").mkdir()
    (d / "val" / "y").mkdir()
    lines = _lines(root)
    assert [line.split(":")[0] for line in lines] == ["val/x", "train/y", "train/x", "val/y"]
    assert "must exist as train has this class" in lines[0] and "needs images, got none" in lines[2]


def test_missing_folders_are_listed(tmp_path: Path) -> None:
    assert [line.split(":")[0] for line in _lines(tmp_path)] == ["train", "val"]


def test_one_class_is_an_error(root: Path) -> None:
    for path in [*(root / "d").glob("*/b/*"), *(root / "d").glob("*/c/*")]:
        path.unlink()
    for path in [*(root / "d").glob("*/b"), *(root / "d").glob("*/c")]:
        path.rmdir()
    assert "at least two classes, got 1" in _lines(root)[0]


def test_other_files_are_left_out_with_a_warning(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    (root / "d" / "train" / "a" / "notes.txt").write_text("x")
    (root / "d" / "train" / "a" / ".hidden.jpg").write_text("x")
    with caplog.at_level(logging.WARNING, "npas.data"):
        assert len(_load(root).train) == 12
    assert "1 files that are no images" in caplog.text


def test_a_checked_folder_is_read_again_only_after_a_change(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _load(root)
    read: list[Path] = []
    monkeypatch.setattr(image_check, "_broken", lambda path: read.append(path))
    _load(root)
    assert read == []
    os.utime(root / "d" / "val" / "a" / "0.jpg", (1, 1))
    _load(root)
    assert len(read) == 24


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (root / "file").write_text("")
    monkeypatch.setenv("NPAS_CACHE", str(root / "file"))
    assert len(_load(root).train) == 12
    assert "will be checked again" in caplog.text
