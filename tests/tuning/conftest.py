"""Each test knows what it tuned itself, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, caches: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache of the test's own, but for compiled objects, which are the run's: their sources alone name them."""
    own, objects = tmp_path_factory.mktemp("cache"), caches / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    (own / "objects").symlink_to(objects, target_is_directory=True)
    monkeypatch.setenv("NPAS_CACHE", str(own))
