"""ONNX files as they lie on a disk: round trips, odd names, broken and hostile ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from npas import zoo
from npas.errors import UnsupportedError
from npas.frontend import onnx_in
from npas.frontend.initialise import initialise
from npas.frontend.onnx_out import to_onnx
from npas.graph.graph import NAME, Network


def good_file(folder: Path) -> Path:
    graph = zoo.build("resnet18", (3, 16, 16), 5, 0.125)
    path = folder / "model.onnx"
    path.write_bytes(to_onnx(initialise(graph, np.random.default_rng(0))).SerializeToString())
    return path


def test_zoo_survives_the_round_trip_with_names_and_bytes(tmp_path: Path) -> None:
    network = initialise(zoo.build("mobilenet_v2", (3, 16, 16), 5, 0.125, "swish"), np.random.default_rng(0))
    data = to_onnx(network).SerializeToString()
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    back = onnx_in.read(path)
    assert back.graph == network.graph
    assert to_onnx(back).SerializeToString() == data
    onnx.checker.check_model(onnx.load_from_string(data), full_check=True)


def test_names_of_a_model_stay_out_unless_they_match(tmp_path: Path) -> None:
    evil = ['"', "a\nb", "*/ system(1); /*", "x" * 100_000, "émile", "a b", "conv1", "conv1"]
    previous, nodes = "x", []
    for i, name in enumerate(evil):
        nodes.append(helper.make_node("Relu", [previous], [f"{name}{i}"], name=name))
        previous = f"{name}{i}"
    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4, 6, 6])
    result = helper.make_tensor_value_info(previous, TensorProto.FLOAT, None)
    model = helper.make_model(helper.make_graph(nodes, "*/", [image], [result]))
    network = onnx_in.from_proto(model, "model.onnx")
    names = [network.graph.name, *(node.name for node in network.graph.nodes)]
    assert names == ["network", "x", *(f"relu{i}" for i in range(1, 9))]
    assert all(NAME.match(name) for name in names)
    nodes[3].op_type = "Fo\no*/"
    with pytest.raises(UnsupportedError) as caught:
        onnx_in.from_proto(helper.make_model(helper.make_graph(nodes, "g", [image], [result])), "model.onnx")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


def refused(path: Path, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message) as caught:
        onnx_in.read(path)
    assert str(caught.value).startswith("model.onnx: ") and "\n" not in str(caught.value)


def test_broken_files(tmp_path: Path) -> None:
    path = good_file(tmp_path)
    data = path.read_bytes()
    path.write_bytes(b"")
    refused(path, "not a valid ONNX model|no")
    path.write_bytes(data[: len(data) // 2])
    refused(path, "not an ONNX file|not a valid|export it again")
    path.write_bytes(b"%PDF" + bytes(range(256)))
    refused(path, "not an ONNX file|not a valid")
    path.unlink()
    refused(path, "cannot be read")


@pytest.mark.parametrize("seed", range(20))
def test_flipped_bytes_never_crash(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, without the checker: the reader must stand on its own."""
    monkeypatch.setattr(onnx_in, "checker_complaint", lambda path: None)
    path = good_file(tmp_path)
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(seed)
    structure = data.find(b"stem_conv1.weight", 2000)
    for position in rng.integers(0, max(structure, 4000), 8):
        data[position] = rng.integers(0, 256)
    path.write_bytes(bytes(data))
    try:
        network = onnx_in.read(path)
    except UnsupportedError:
        return
    assert isinstance(network, Network)


def edited(folder: Path, edit: str) -> Path:
    path = good_file(folder)
    model = onnx.load(str(path))
    graph = model.graph
    weight = next(t for t in graph.initializer if t.name == "stem_conv1.weight")
    match edit:
        case "nan":
            values = numpy_helper.to_array(weight).copy()
            values[0] = np.nan
            weight.CopyFrom(numpy_helper.from_array(values, weight.name))
        case "float16":
            weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), weight.name))
        case "short":
            weight.raw_data = weight.raw_data[:-4]
        case "negative":
            weight.dims[0] = -8
        case "cycle":
            graph.node[0].input[0] = graph.node[5].output[0]
        case "batch":
            graph.input[0].type.tensor_type.shape.dim[0].dim_value = 8
        case "open":
            graph.input[0].type.tensor_type.shape.dim[2].dim_param = "H"
        case "integers":
            graph.input[0].type.tensor_type.elem_type = TensorProto.INT64
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("nan", "weights must be finite, got NaN"),
        ("float16", "weights must be float32, got float16|not a valid"),
        ("short", "does not fit its type and shape|not a valid"),
        ("negative", "not be negative|not a valid"),
        ("cycle", "a cycle, or a broken file|not a valid"),
        ("batch", "batch must be 1 or open, got 8"),
        ("open", "only the batch may be open"),
        ("integers", "must be a float32 tensor"),
    ],
)
def test_edited_files(edit: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_in, "checker_complaint", lambda path: None)
    refused(edited(tmp_path, edit), message)


def test_open_size_is_filled_in_from_the_data(tmp_path: Path) -> None:
    network = onnx_in.read(edited(tmp_path, "open"), (3, 16, 16))
    assert network.graph.shapes[network.graph.inputs[0]] == (1, 3, 16, 16)


def test_checker_runs_in_a_child(tmp_path: Path) -> None:
    refused(edited(tmp_path, "cycle"), "not a valid ONNX model .*topologically sorted")


def test_external_data(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    path = good_file(folder)
    wanted = onnx_in.read(path)
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location="w.bin", size_threshold=64)
    back = onnx_in.read(path)
    assert back.graph == wanted.graph
    assert all(np.array_equal(back.weights[name], wanted.weights[name]) for name in wanted.weights)
    (tmp_path / "w.bin").write_bytes((folder / "w.bin").read_bytes())
    model = onnx.load(str(path), load_external_data=False)
    for location, message in [("../w.bin", "must lie in the model's folder"), ("absent.bin", "does not exist")]:
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location
        with pytest.raises(UnsupportedError, match=message):
            onnx_in.from_proto(model, "model.onnx", folder)
        path.write_bytes(model.SerializeToString())
        refused(path, "not a valid ONNX model")


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("location", "/etc/hostname", "must lie in the model's folder"),
        ("location", "link.bin", "must lie in the model's folder"),
        ("location", "", "has no location"),
        ("offset", "1000000", "is cut short"),
        ("offset", "-8", "is cut short"),
        ("length", "99999999", "is cut short"),
        ("length", "4", "does not fit its type and shape"),
    ],
)
def test_external_data_that_points_elsewhere(entry: str, value: str, message: str, tmp_path: Path) -> None:
    """Links are followed before it is asked whether the file lies inside."""
    folder = tmp_path / "inner"
    folder.mkdir()
    path = good_file(folder)
    onnx.save(onnx.load(str(path)), str(path), save_as_external_data=True, location="w.bin", size_threshold=64)
    (tmp_path / "secret.bin").write_bytes((folder / "w.bin").read_bytes())
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    model = onnx.load(str(path), load_external_data=False)
    for tensor in model.graph.initializer:
        found = [e for e in tensor.external_data if e.key == entry]
        for item in found:
            item.value = value
    with pytest.raises(UnsupportedError, match=message):
        onnx_in.from_proto(model, "model.onnx", folder)
