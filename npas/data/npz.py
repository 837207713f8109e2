"""The user's own arrays, from one .npz file: ``x_train``, ``y_train``, ``x_test`` and ``y_test``."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from npas.data.dataset import DataError, Dataset, InMemory
from npas.spec.schema import NpzData

Arrays = Mapping[str, NDArray[Any]]

KEYS = ("x_train", "y_train", "x_test", "y_test")
ORDER_SEED = 0


def load(data: NpzData, folder: Path) -> Dataset:
    """Images [N, C, H, W] of floats as the network takes them, and integer labels [N] that are 0 .. classes - 1.

    Files are often sorted by class, so both splits are put into one fixed random order.

    Raises:
        DataError: the file cannot be read as arrays (nothing is unpickled), or the arrays break these rules.
    """
    path = folder / data.path
    arrays = _read(path)
    broken = [f"{path}: {rule}" for rule in _broken_rules(arrays)]
    if broken:
        raise DataError("\n".join(broken))
    shape = arrays["x_train"].shape[1:]
    classes = int(arrays["y_train"].max()) + 1
    return Dataset((shape[0], shape[1], shape[2]), classes, _split(arrays, "train"), _split(arrays, "test"))


def _split(arrays: Arrays, name: str) -> InMemory:
    labels = arrays[f"y_{name}"].astype(np.int64)
    order = np.random.default_rng(ORDER_SEED).permutation(len(labels))
    images = arrays[f"x_{name}"][order].astype(np.float32)
    return InMemory(torch.from_numpy(images), torch.from_numpy(labels[order]))


def _read(path: Path) -> Arrays:
    hint = f"write it with numpy.savez(path, {', '.join(f'{key}=...' for key in KEYS)})"
    if not path.is_file():
        raise DataError(f"{path}: must be a .npz file, got no such file, {hint}")
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: must be a .npz file, got something else, {hint}")
    try:
        with np.load(path, allow_pickle=False) as archive:
            missing = [key for key in KEYS if key not in archive.files]
            if missing:
                raise DataError(
                    f"{path}: must hold {', '.join(KEYS)}, got no {', '.join(missing)} "
                    f"(it holds {', '.join(sorted(archive.files)) or 'nothing'}), {hint}"
                )
            return {key: archive[key] for key in KEYS}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: must be readable as plain arrays, got {error}, {hint}") from error


def _broken_rules(arrays: Arrays) -> list[str]:
    broken = [line for name in ("train", "test") for line in _broken_split(name, arrays)]
    if broken:
        return broken
    train, test = (arrays[key].shape[1:] for key in ("x_train", "x_test"))
    if train != test:
        broken.append(f"x_test: images must have the shape of x_train's {train}, got {test}, prepare both alike")
    present = np.unique(arrays["y_train"])
    classes = len(present)
    if classes < 2 or present[0] != 0 or present[-1] != classes - 1:
        broken.append(
            f"y_train: labels must be 0 .. classes - 1 with at least two classes, each with images, got {classes} "
            f"labels from {present[0]} to {present[-1]}, renumber them"
        )
    else:
        strange = np.setdiff1d(arrays["y_test"], present)
        if strange.size:
            broken.append(f"y_test: labels must occur in y_train, got {strange[:10].tolist()}, remove or renumber them")
    return broken


def _finite(x: NDArray[Any]) -> bool:
    with np.errstate(over="ignore"):
        return bool(np.isfinite(x.astype(np.float32)).all())


def _broken_split(name: str, arrays: Arrays) -> list[str]:
    x, y = arrays[f"x_{name}"], arrays[f"y_{name}"]
    broken = []
    if x.ndim != 4 or 0 in x.shape:
        broken.append(f"x_{name}: must be [N, C, H, W] and not empty, got shape {x.shape}, reshape it")
    if not np.issubdtype(x.dtype, np.floating):
        broken.append(f"x_{name}: must be floats, got {x.dtype}, normalise the images and store them as float32")
    elif not _finite(x):
        broken.append(f"x_{name}: must be finite in float32, got NaN or infinity, look for divisions by zero")
    if not np.issubdtype(y.dtype, np.integer):
        broken.append(f"y_{name}: must be integers, got {y.dtype}, store labels as int64")
    if y.shape != x.shape[:1]:
        broken.append(
            f"y_{name}: must have one label per image, got shape {y.shape} for {x.shape[:1]} images, pair them"
        )
    return broken
