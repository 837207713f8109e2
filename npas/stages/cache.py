"""Finished pieces of work on disk, named by everything that they depend on: what was trained once is not again.

This is what makes a killed build resume: each stage looks here first, and puts its result here before it goes on. Where
nothing can be written, a build says so and goes on: what it trained is not lost for that.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npas.data import Dataset
from npas.graph.graph import Graph, Network
from npas.graph.text import dump
from npas.spec.schema import Data
from npas.targets import atomic
from npas.targets.objects import default_cache
from npas.training import TrainingError, state

log = logging.getLogger("npas.cache")

FORMAT = 1
"""Raised when a stage's work changes its meaning, so that older results are not taken up."""


def network_digest(network: Network) -> str:
    """Of the graph and every weight's bits."""
    digest = hashlib.sha256(dump(network.graph).encode())
    for name in sorted(network.graph.parameters):
        digest.update(name.encode() + np.ascontiguousarray(network.weights[name]).tobytes())
    return digest.hexdigest()


def data_digest(data: Data, dataset: Dataset) -> str:
    """Of what the spec says of the data, the splits' sizes and the first images."""
    digest = hashlib.sha256(data.model_dump_json().encode())
    digest.update(f"{len(dataset.train)} {len(dataset.test)}".encode())
    digest.update(dataset.images("test", min(8, len(dataset.test))).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Cache:
    """A folder of results; ``fresh`` recomputes (and replaces) what it is asked for."""

    root: Path
    fresh: bool = False

    @staticmethod
    def default(fresh: bool = False) -> Cache:
        return Cache(default_cache() / "results", fresh)

    def network(self, stage: str, needs: Mapping[str, Any], graph: Graph, make: Callable[[], Network]) -> Network:
        """The trained network of a stage. ``needs`` is all that it depends on besides the stage's own code."""
        path = self._path(stage, needs, ".npz")
        if not self.fresh and path.exists():
            try:
                return state.load(path, graph)
            except TrainingError:
                path.unlink(missing_ok=True)  # damaged from outside: made again below
        made = make()
        _keep(path, lambda: state.save(path, made))
        return made

    def values(self, stage: str, needs: Mapping[str, Any]) -> Values:
        """Small results of a stage, kept one by one."""
        path = self._path(stage, needs, ".json")
        if self.fresh:
            path.unlink(missing_ok=True)
        return Values(path)

    def _path(self, stage: str, needs: Mapping[str, Any], suffix: str) -> Path:
        text = json.dumps({"format": FORMAT, "stage": stage, **needs}, sort_keys=True)
        return self.root / f"{stage}-{hashlib.sha256(text.encode()).hexdigest()[:24]}{suffix}"


@dataclass(frozen=True)
class Values:
    """Numbers by name in a JSON file that is whole at any moment."""

    path: Path

    def read(self) -> dict[str, float]:
        if not self.path.exists():
            return {}
        try:
            found = json.loads(self.path.read_text())
        except ValueError:
            return {}
        return {str(k): float(v) for k, v in found.items()} if isinstance(found, dict) else {}

    def put(self, name: str, value: float) -> None:
        text = json.dumps(self.read() | {name: value})
        _keep(self.path, lambda: atomic.write_text(self.path, text))


def _keep(path: Path, write: Callable[[], None]) -> None:
    try:
        write()
    except OSError as error:
        log.warning("%s: cannot be written (%s), the next build will do this work again", path, error)
