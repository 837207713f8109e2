"""ONNX files, kind and hostile: what comes in computes what ONNX Runtime computes; the rest is refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from npas import zoo
from npas.errors import UnsupportedError
from npas.frontend import onnx_in
from npas.frontend.initialise import initialise
from npas.frontend.onnx_out import to_onnx
from npas.graph.graph import NAME, Network

IMAGE = "float[N,4,6,6] x"
CONSTANTS = {
    "w": (4, 4, 3, 3),
    "square": (4, 4),
    "row": (4,),
    "plane": (1, 4, 1, 1),
}


def model_of(body: str, result: str = "float[] y", opset: int = 17) -> onnx.ModelProto:
    """A model in ONNX's text form; the constants above are filled in at random, ``c...`` ones by their name."""
    text = f'<ir_version: 8, opset_import: ["" : {opset}]> g ({IMAGE}) => ({result}) {{ {body} }}'
    model = onnx.parser.parse_model(text)
    rng = np.random.default_rng(0)
    used = {name for node in model.graph.node for name in node.input}
    for name, shape in CONSTANTS.items():
        if name in used:
            model.graph.initializer.append(numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name))
    for name in sorted(used):
        if match := re.fullmatch(r"c_(\d+)_(\d+)", name):  # c_1_5 is 1.5
            value = np.array(float(f"{match[1]}.{match[2]}"), np.float32)
            model.graph.initializer.append(numpy_helper.from_array(value, name))
        if match := re.fullmatch(r"i((?:_m?\d+)+)", name):  # i_0_m1 is [0, -1]
            ints = [int(part.replace("m", "-")) for part in match[1][1:].split("_")]
            model.graph.initializer.append(numpy_helper.from_array(np.array(ints, np.int64), name))
    return model


def outputs_of(model: onnx.ModelProto) -> list[np.ndarray]:
    for output in model.graph.output:
        output.type.Clear()
    session = onnxruntime.InferenceSession(model.SerializeToString())
    image = np.random.default_rng(1).normal(scale=2, size=(1, 4, 6, 6)).astype(np.float32)
    results: list[np.ndarray] = session.run(None, {session.get_inputs()[0].name: image})
    return results


GOOD = {
    "conv_same_upper": ("y = Conv<auto_pad='SAME_UPPER', strides=[2,2]>(x, w)", ["conv2d"], 17),
    "conv_same_lower": ("y = Conv<auto_pad='SAME_LOWER', strides=[2,2]>(x, w)", ["conv2d"], 17),
    "conv_valid": ("y = Conv<auto_pad='VALID'>(x, w)", ["conv2d"], 17),
    "pad_conv": ("p = Pad(x, i_0_0_1_0_0_0_0_2) y = Conv(p, w)", ["conv2d"], 17),
    "pad_conv_old": ("p = Pad<pads=[0,0,1,0,0,0,0,2]>(x) y = Conv(p, w)", ["conv2d"], 7),
    "pad_average": ("p = Pad(x, i_0_0_1_1_0_0_1_1) y = AveragePool<kernel_shape=[3,3]>(p)", ["avg_pool"], 17),
    "conv_bias": ("a = Conv(x, w) y = Add(a, plane)", ["conv2d"], 17),
    "conv_read_twice": ("a = Conv(x, w) b = Add(a, plane) y = Mul(a, b)", ["conv2d", "conv2d", "mul"], 17),
    "affine": ("a = Sub(x, plane) b = Div(a, c_0_5) c = Mul(plane, b) y = Add(c_1_0, c)", ["conv2d"] * 4, 17),
    "sum": ("a = Relu(x) b = Tanh(x) y = Sum(a, b, x)", ["relu", "tanh", "add", "add"], 17),
    "clip_old": ("y = Clip<min=0.0, max=6.0>(x)", ["clip"], 7),
    "clip_is_relu": ("y = Clip(x, c_0_0)", ["relu"], 13),
    "min_max": ("a = Max(x, c_0_5) y = Min(c_2_0, a)", ["clip"], 13),
    "relu_min": ("a = Relu(x) y = Min(a, c_6_0)", ["clip"], 13),
    "silu": ("s = Sigmoid(x) y = Mul(s, x)", ["silu"], 13),
    "sigmoid_of_other": ("r = Relu(x) s = Sigmoid(x) y = Mul(s, r)", ["relu", "sigmoid", "mul"], 13),
    "hard_sigmoid": ("a = Add(c_3_0, x) b = Clip(a, c_0_0, c_6_0) y = Div(b, c_6_0)", ["hard_sigmoid"], 13),
    "hard_sigmoid_not": (
        "a = Add(c_3_0, x) b = Clip(a, c_0_0, c_6_0) y = Div(b, c_5_0)",
        ["conv2d", "clip", "conv2d"],
        13,
    ),
    "hard_swish": ("a = Add(x, c_3_0) b = Clip(a, c_0_0, c_6_0) d = Mul(x, b) y = Div(d, c_6_0)", ["hard_swish"], 13),
    "hard_swish_2": ("a = Add(x, c_3_0) b = Clip(a, c_0_0, c_6_0) d = Div(b, c_6_0) y = Mul(d, x)", ["hard_swish"], 13),
    "mean": ("y = ReduceMean<axes=[3,-2], keepdims=1>(x)", ["global_avg_pool"], 13),
    "mean_flat": ("y = ReduceMean<axes=[2,3], keepdims=0>(x)", ["global_avg_pool", "flatten"], 13),
    "mean_new": ("y = ReduceMean(x, i_2_3)", ["global_avg_pool"], 18),
    "squeeze": ("a = GlobalAveragePool(x) y = Squeeze<axes=[2,3]>(a)", ["global_avg_pool", "flatten"], 11),
    "reshape_copy": ("y = Reshape(x, i_0_m1)", ["flatten"], 13),
    "reshape_computed": (
        "s = Shape(x) b = Gather(s, i_0) m = Constant<value_ints=[-1]>() t = Concat<axis=0>(b, m) y = Reshape(x, t)",
        ["flatten"],
        13,
    ),
    "reshape_nothing": ("a = Reshape(x, i_0_4_6_6) y = Relu(a)", ["relu"], 13),
    "two_flattens": ("a = Flatten(x) y = Reshape(a, i_0_m1)", ["flatten"], 13),
    "matmul": ("a = GlobalAveragePool(x) f = Flatten(a) m = MatMul(f, square) y = Add(row, m)", None, 13),
    "gemm_scaled": ("a = GlobalAveragePool(x) f = Flatten(a) y = Gemm<alpha=0.5,beta=2.0>(f, square, row)", None, 13),
    "gemm_bias": ("a = GlobalAveragePool(x) f = Flatten(a) m = Gemm<transB=1>(f, square) y = Add(m, row)", None, 13),
    "excite": (
        (
            "a = GlobalAveragePool(x) f = Flatten(a) g = Gemm(f, square, row) r = Relu(g) h = MatMul(r, square) "
            "s = Sigmoid(h) u = Unsqueeze<axes=[2,3]>(s) y = Mul(x, u)"
        ),
        ["global_avg_pool", "conv2d", "relu", "conv2d", "sigmoid", "mul"],
        11,
    ),
    "max_ceil": ("y = MaxPool<kernel_shape=[3,3], strides=[2,2], ceil_mode=1>(x)", ["max_pool"], 13),
    "average_ceil": ("y = AveragePool<kernel_shape=[3,3], strides=[2,2], ceil_mode=1>(x)", ["avg_pool"], 19),
    "global_max": ("y = GlobalMaxPool(x)", ["max_pool"], 13),
    "identity": ("a = Identity(x) b = Cast<to=1>(a) d, mask = Dropout(b) y = Relu(d)", ["dropout", "relu"], 13),
    "concat": ("a = Relu(x) y = Concat<axis=-3>(a, x)", ["relu", "concat"], 13),
    "softmax_old": ("f = Flatten(x) y = Softmax(f)", ["flatten", "softmax"], 9),
}


@pytest.mark.parametrize("case", GOOD)
def test_import_computes_what_onnx_runtime_computes(case: str) -> None:
    body, kinds, opset = GOOD[case]
    model = model_of(body.replace("'", '"'), opset=opset)
    network = onnx_in.from_proto(model, "model.onnx")
    if kinds is not None:
        assert [node.op.type for node in network.graph.nodes[1:]] == kinds
    for ours, wanted in zip(outputs_of(to_onnx(network)), outputs_of(model), strict=True):
        np.testing.assert_allclose(ours, wanted, rtol=1e-5, atol=1e-5)


BAD = {
    "types": (
        "a = Foo(x) b = LSTM(a) y = com.acme.Bar(b)",
        "Foo .node 'a'.*, LSTM .node 'b'.*, com.acme.Bar .node 'y'",
    ),
    "both_kinds": ("a = Foo(x) b = MaxPool<kernel_shape=[2]>(x) y = Add(a, b)", "Foo .*MaxPool .*kernel_shape"),
    "erf_alone": ("y = Erf(x)", "Erf"),
    "transpose": ("y = Transpose<perm=[0,2,3,1]>(x)", "Transpose"),
    "half_flatten": ("y = Flatten<axis=2>(x)", "Flatten .*axis must be 1"),
    "wrong_weight": ("a = Conv<group=2>(x, w) y = Relu(a)", "Conv .*does not fit 4 channels"),
    "missing_weight": ("y = Conv(x, x)", "Conv .*must be a constant"),
    "softmax_axis": ("y = Softmax<axis=1>(x)", "Softmax .*axis must be the last"),
    "too_large_kernel": ("y = MaxPool<kernel_shape=[9,9]>(x)", "does not fit"),
    "zero_stride": ("y = MaxPool<kernel_shape=[2,2], strides=[0,1]>(x)", "strides must be two numbers from 1"),
    "negative_pads": ("y = MaxPool<kernel_shape=[2,2], pads=[-1,0,0,0]>(x)", "pads must be four numbers from 0"),
    "reflect": ('p = Pad<mode="reflect">(x, i_0_0_1_1_0_0_1_1) y = Conv(p, w)', "Pad"),
    "bomb": ("s = ConstantOfShape(i_99999_99999_99999) y = Add(x, s)", "ConstantOfShape"),
    "alpha": ("y = HardSigmoid<alpha=0.2>(x)", "alpha and beta must be 1/6"),
    "constant_output": ("y = Constant<value_float=1.0>()", "outputs must depend on the input"),
    "opset": ("y = Relu(x)", "opset must be 7 to"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_supported_is_named(case: str) -> None:
    body, message = BAD[case]
    model = model_of(body, opset=6 if case == "opset" else 13)
    for node in model.graph.node:
        node.name = node.output[0]
    with pytest.raises(UnsupportedError, match=f"^model.onnx: .*{message}") as caught:
        onnx_in.from_proto(model, "model.onnx")
    assert "\n" not in str(caught.value) and caught.value.exit_code == 4


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
