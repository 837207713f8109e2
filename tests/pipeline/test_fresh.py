"""``--fresh``: what an earlier run left is forgotten, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from npas import pipeline
from npas.spec import load
from npas.stages.cache import Cache

DIGITS = Path(__file__).parents[2] / "specs" / "digits.yaml"


class ReachedError(Exception):
    """The first stage begins."""


@pytest.mark.parametrize("command", [pipeline.build, pipeline.search])
@pytest.mark.parametrize("fresh", [False, True])
def test_trials_go_and_results_are_made_anew(
    command: Callable[..., Any], fresh: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches: list[Cache] = []

    def begin(loaded: object, machine: object, cache: Cache, say: object) -> None:
        caches.append(cache)
        raise ReachedError

    monkeypatch.setattr(pipeline.start, "begin", begin)
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "trials.db").write_bytes(b"trials")
    (tmp_path / "notes.txt").write_text("the user's")
    with pytest.raises(ReachedError):
        command(load(DIGITS), tmp_path, fresh=fresh)
    assert (tmp_path / "search" / "trials.db").exists() != fresh
    assert (tmp_path / "notes.txt").exists()
    assert [cache.fresh for cache in caches] == [fresh]
