from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npas.data import DataError, npz
from npas.spec.schema import NpzData

DATA = NpzData(type="npz", path="a.npz")


def _arrays() -> dict[str, Any]:
    x = np.random.default_rng(0).standard_normal((6, 1, 4, 4)).astype(np.float32)
    y = np.array([0, 0, 1, 1, 2, 2])
    return {"x_train": x, "y_train": y, "x_test": x[:3], "y_test": y[:3]}


def test_pairs_stay_together(tmp_path: Path) -> None:
    arrays = _arrays()
    np.savez_compressed(tmp_path / "a.npz", **arrays)
    dataset = npz.load(DATA, tmp_path)
    assert dataset.shape == (1, 4, 4) and dataset.classes == 3
    for i in range(6):
        image, label = dataset.train[i]
        at = [j for j in range(6) if np.array_equal(arrays["x_train"][j], image.numpy())]
        assert [arrays["y_train"][j] for j in at] == [label]


@pytest.mark.parametrize(
    ("key", "value", "rules"),
    [
        ("x_train", np.zeros((6, 4, 4), np.float32), ["x_train: must be [N, C, H, W]"]),
        ("x_train", np.zeros((6, 1, 4, 4), np.uint8), ["x_train: must be floats, got uint8"]),
        ("x_train", np.full((6, 1, 4, 4), np.inf), ["x_train: must be finite"]),
        ("x_train", np.full((6, 1, 4, 4), 1e300), ["x_train: must be finite"]),
        ("x_test", np.zeros((3, 1, 5, 4), np.float32), ["x_test: images must have the shape"]),
        ("x_test", np.zeros((0, 1, 4, 4), np.float32), ["x_test: must be [N, C, H, W]", "y_test: must have one label"]),
        ("y_train", np.arange(5), ["y_train: must have one label per image"]),
        ("y_train", np.arange(6) / 2, ["y_train: must be integers, got float64"]),
        ("y_train", np.array([0, 0, 1, 1, 3, 3]), ["y_train: labels must be 0 .. classes - 1"]),
        ("y_train", np.array([-1, 0, 1, 1, 2, 2]), ["y_train: labels must be 0 .. classes - 1"]),
        ("y_train", np.zeros(6, int), ["at least two classes"]),
        ("y_test", np.array([0, 1, 9]), ["y_test: labels must occur in y_train, got [9]"]),
        ("x_train", np.array([{}]), ["readable as plain arrays"]),
    ],
)
def test_broken_arrays_are_named(tmp_path: Path, key: str, value: np.ndarray, rules: list[str]) -> None:
    np.savez(tmp_path / "a.npz", **(_arrays() | {key: value}))
    with pytest.raises(DataError) as error:
        npz.load(DATA, tmp_path)
    lines = str(error.value).splitlines()
    assert len(lines) == len(rules)
    for line, rule in zip(lines, rules, strict=True):
        assert rule in line and "a.npz" in line


def test_all_violations_are_listed_at_once(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz",
        **(_arrays() | {"y_train": np.zeros(4), "x_test": np.full((3, 1, 4, 4), np.nan, np.float32)}),
    )
    with pytest.raises(DataError) as error:
        npz.load(DATA, tmp_path)
    assert len(str(error.value).splitlines()) == 3


def test_missing_keys_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x_train=np.zeros(1), other=np.zeros(1))
    with pytest.raises(DataError, match=r"got no y_train, x_test, y_test \(it holds other, x_train\)"):
        npz.load(DATA, tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"not a zip", b"\x93NUMPY\x01\x00"])
def test_other_files_are_errors(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"a\.npz: must be a \.npz file"):
        npz.load(DATA, tmp_path)


def test_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", **_arrays())
    whole = bytearray((tmp_path / "a.npz").read_bytes())
    whole[150] ^= 0xFF
    (tmp_path / "a.npz").write_bytes(bytes(whole))
    with pytest.raises(DataError, match="readable as plain arrays"):
        npz.load(DATA, tmp_path)
