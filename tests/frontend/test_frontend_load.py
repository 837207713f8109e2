"""``load`` for zoo models and ONNX files, and checkpoints of the three kinds."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from npas import frontend
from npas.errors import UnsupportedError
from npas.frontend import has_weights, load
from npas.frontend.onnx_out import to_onnx
from npas.graph.check import check_network
from npas.graph.graph import Network
from npas.spec.schema import OnnxModel, ZooModel

SHAPE = (1, 8, 8)


def model(weights: str | None = None) -> ZooModel:
    return ZooModel(type="zoo", name="resnet18", width=0.125, weights=weights)


def fresh(folder: Path) -> Network:
    return load(model(), SHAPE, 4, folder)


def save(state: Mapping[str, np.ndarray], path: Path) -> None:
    if path.suffix == ".npz":
        np.savez(path, **state)
    elif path.suffix == ".pth":
        torch.save({name: torch.from_numpy(array) for name, array in state.items()}, path)
    else:
        header, body = {}, b""
        for name, array in state.items():
            raw = array.astype("<f4").tobytes()
            header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(body), len(body) + len(raw)]}
            body += raw
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def test_zoo_without_weights_is_random_but_always_the_same(tmp_path: Path) -> None:
    one, two = fresh(tmp_path), fresh(tmp_path)
    check_network(one)
    assert not has_weights(model())
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in one.weights)
    kernel = one.weights["stage4_block2_conv2.weight"]
    assert kernel.std() == pytest.approx(np.sqrt(2 / kernel[0].size), rel=0.05)


def test_load_stays_a_function_once_it_has_imported_what_it_needs(tmp_path: Path) -> None:
    fresh(tmp_path)
    assert callable(frontend.load) and frontend.load is load


@pytest.mark.parametrize("suffix", [".npz", ".pth", ".safetensors"])
def test_zoo_with_weights(suffix: str, tmp_path: Path) -> None:
    network = fresh(tmp_path)
    state = {name: array + np.float32(0.5) for name, array in network.weights.items()}
    save(state, tmp_path / f"w{suffix}")
    assert has_weights(model(f"w{suffix}"))
    back = load(model(f"w{suffix}"), SHAPE, 4, tmp_path)
    assert all(np.array_equal(back.weights[name], state[name]) for name in state)


def test_all_that_does_not_fit_is_listed(tmp_path: Path) -> None:
    state = dict(fresh(tmp_path).weights)
    del state["classifier.bias"]
    state["stem_conv1.weight"] = state["stem_conv1.weight"][:4]
    state["head.weird"] = state["stem_bn1.scale"]
    state["stem_bn1.mean"] = state["stem_bn1.mean"] * np.float32("nan")
    save(state, tmp_path / "w.npz")
    with pytest.raises(UnsupportedError) as caught:
        load(model("w.npz"), SHAPE, 4, tmp_path)
    assert str(caught.value) == (
        "w.npz: weights do not fit the network: missing classifier.bias; unexpected 'head.weird'; "
        "stem_conv1.weight must have shape [8, 1, 3, 3], got [4, 1, 3, 3]; stem_bn1.mean must be finite"
    )


MARK = Path("unpickled")
"""In the folder that a test runs in."""


class Evil:
    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return (Path.touch, (MARK,))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("w.bin", b"", "must be a .pth, .safetensors or .npz file"),
        ("w.npz", b"not a zip", "not a file of plain tensors"),
        ("w.pth", b"", "not a file of plain tensors"),
        ("w.pth", pickle.dumps({"a": Evil()}), "not a file of plain tensors"),
        ("w.safetensors", b"\xff" * 64, "header is cut short"),
        ("w.safetensors", (2).to_bytes(8, "little") + b"[]", "not a file of plain tensors"),
        (
            "w.safetensors",
            (61).to_bytes(8, "little") + b'{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 99]}}'[:61],
            "not a file of plain tensors",
        ),
        ("w.npz", None, "cannot be read"),
    ],
)
def test_bad_checkpoints(
    name: str, data: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(UnsupportedError, match=message):
        load(model(name), SHAPE, 4, tmp_path)
    assert not MARK.exists()


def test_onnx_must_fit_the_data(tmp_path: Path) -> None:
    network = fresh(tmp_path)
    (tmp_path / "m.onnx").write_bytes(to_onnx(network).SerializeToString())
    spec = OnnxModel(type="onnx", path="m.onnx")
    assert has_weights(spec)
    assert load(spec, SHAPE, 4, tmp_path).graph == network.graph
    with pytest.raises(UnsupportedError, match=r"must take one image .* shape \[3, 8, 8\], got \[\[1, 8, 8\]\]"):
        load(spec, (3, 8, 8), 4, tmp_path)
    with pytest.raises(UnsupportedError, match=r"one row of the data's 9 classes, got shapes \[\[4\]\]"):
        load(spec, SHAPE, 9, tmp_path)
