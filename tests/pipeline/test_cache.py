"""Results on disk: read back, made again where they are damaged, and no build is lost where they cannot be kept."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from npas import zoo
from npas.frontend.initialise import initialise
from npas.graph.graph import Network
from npas.stages.cache import Cache


@pytest.fixture
def network() -> Network:
    return initialise(zoo.build("mobilenet_v3_small", (1, 16, 16), 4, 0.25), np.random.default_rng(0))


def test_a_result_is_read_back(network: Network, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.network("train", {"a": 1}, network.graph, lambda: network)
    again = cache.network("train", {"a": 1}, network.graph, lambda: pytest.fail("made twice"))
    assert all(np.array_equal(again.weights[name], network.weights[name]) for name in network.graph.parameters)
    cache.values("search", {}).put("accuracy", 0.5)
    assert cache.values("search", {}).read() == {"accuracy": 0.5}


def test_where_nothing_can_be_written_the_build_goes_on(
    network: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "results").write_text("a file where the folder would be")
    cache = Cache(tmp_path / "results")
    with caplog.at_level(logging.WARNING):
        assert cache.network("train", {}, network.graph, lambda: network) is network
        cache.values("search", {}).put("accuracy", 0.5)
    assert caplog.text.count("cannot be written") == 2
    assert cache.values("search", {}).read() == {}
