from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from npas.graph.graph import Network
from npas.training import TrainingError, state


def test_a_saved_network_comes_back(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "net.npz"
    state.save(path, network)
    state.save(path, network)
    back = state.load(path, network.graph)
    assert back.graph == network.graph
    assert list(path.parent.iterdir()) == [path]
    for name, weight in network.weights.items():
        np.testing.assert_array_equal(back.weights[name], weight)


def test_a_failed_save_leaves_the_old_file(network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "net.npz"
    state.save(path, network)
    old = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        state.save(path, network.with_weights({n: w + 1 for n, w in network.weights.items()}))
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 100, 1000, -30])
def test_a_cut_file_is_an_error(network: Network, tmp_path: Path, size: int) -> None:
    path = tmp_path / "net.npz"
    state.save(path, network)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(TrainingError, match=r"net\.npz: .*delete the file"):
        state.load(path, network.graph)


def test_a_missing_file_is_an_error(network: Network, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="delete the file"):
        state.load(tmp_path / "none.npz", network.graph)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("fc.bias", np.zeros(5, np.float32), r"fc\.bias must be float32 \(4,\), got float32 \(5,\)"),
        ("fc.bias", np.zeros(4, np.float64), "float64"),
        ("fc.bias", np.full(4, np.nan, np.float32), "finite"),
        ("fc.bias", np.array([{}] * 4, object), "readable"),
        ("fc.extra", np.zeros(4, np.float32), r"difference in fc\.extra"),
    ],
)
def test_other_contents_are_errors(network: Network, tmp_path: Path, name: str, value: np.ndarray, rule: str) -> None:
    path = tmp_path / "net.npz"
    np.savez(path, **(dict(network.weights) | {name: value}))
    with pytest.raises(TrainingError, match=rule):
        state.load(path, network.graph)


def test_a_missing_weight_is_an_error(network: Network, tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    np.savez(path, **{n: w for n, w in network.weights.items() if n != "bn.var"})
    with pytest.raises(TrainingError, match=r"bn\.var"):
        state.load(path, network.graph)
