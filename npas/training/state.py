"""Trained networks on disk, so that a build that was killed does not train again."""

from __future__ import annotations

import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np

from npas.graph.graph import Array, Graph, Network
from npas.training.errors import TrainingError


def save(path: Path, network: Network) -> None:
    """Writes the weights as .npz. Whoever looks at ``path`` sees the old file or the whole new one, never a part.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: np.asarray(network.weights[name], np.float32) for name in network.graph.parameters}
    descriptor, staged = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            np.savez(file, allow_pickle=False, **weights)
            file.flush()
            os.fsync(file.fileno())
        Path(staged).replace(path)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    _sync(path.parent)


def load(path: Path, graph: Graph) -> Network:
    """The network that ``save`` wrote, checked against the graph that it is meant for.

    Raises:
        TrainingError: the file is missing or broken, or holds other names, shapes, types or non-finite weights.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            names = set(archive.files)
            if names != set(graph.parameters):
                odd = sorted(names ^ set(graph.parameters))
                raise _error(path, f"must hold the weights of {graph.name}, got a difference in {', '.join(odd[:5])}")
            weights = {name: archive[name] for name in graph.parameters}
    except (OSError, ValueError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise _error(path, f"must be readable as .npz, got {error}") from error
    for name, shape in graph.parameters.items():
        _check(path, name, weights[name], shape)
    return Network(graph, weights)


def _check(path: Path, name: str, weight: Array, shape: tuple[int, ...]) -> None:
    if weight.dtype != np.float32 or weight.shape != shape:
        raise _error(path, f"{name} must be float32 {shape}, got {weight.dtype} {weight.shape}")
    if not np.isfinite(weight).all():
        raise _error(path, f"{name} must be finite, got NaN or infinity")


def _error(path: Path, rule: str) -> TrainingError:
    return TrainingError(f"{path}: {rule}, delete the file to train again")


def _sync(folder: Path) -> None:
    """The rename itself lasts only once the folder is on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
