"""ONNX files, kind and hostile: what comes in computes what ONNX Runtime computes; the rest is refused by name."""

from __future__ import annotations

import re

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper

from npas.errors import UnsupportedError
from npas.frontend import onnx_in
from npas.frontend.onnx_out import to_onnx

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
    "non_zero": ("y = NonZero(x)", "NonZero"),
    "transpose": ("y = Transpose<perm=[0,0,1,2]>(x)", "Transpose .*order must name each axis"),
    "pad_mode": ('y = Pad<mode="odd">(x, i_0_0_1_1_0_0_1_1)', "Pad .*mode must be constant"),
    "wrong_weight": ("a = Conv<group=2>(x, w) y = Relu(a)", "Conv .*does not fit 4 channels"),
    "missing_weight": ("y = Conv(x, x)", "Conv .*must be a constant"),
    "softmax_axis": ("y = Softmax<axis=7>(x)", "Softmax .*axis must lie within 4"),
    "too_large_kernel": ("y = MaxPool<kernel_shape=[9,9]>(x)", "does not fit"),
    "zero_stride": ("y = MaxPool<kernel_shape=[2,2], strides=[0,1]>(x)", "strides must be two numbers from 1"),
    "negative_pads": ("y = MaxPool<kernel_shape=[2,2], pads=[-1,0,0,0]>(x)", "pads must be four numbers from 0"),
    "tile_bomb": ("y = Tile(x, i_99999_99999_99999_99999)", "below 2.31 elements"),
    "resize_bomb": ("y = Resize(x, , , i_1_4_2000000000_6)", "Resize .*asks for"),
    "stride_bomb": ("y = ConvTranspose<strides=[60000,60000]>(x, w)", "ConvTranspose .*asks for"),
    "bomb": ("s = ConstantOfShape(i_99999_99999_99999) y = Add(x, s)", "ConstantOfShape"),
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


@pytest.mark.parametrize("pads", [(0, 0, 0, 0), (0, 0, 2, 0), (1, 0, 1, 1)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_windows_of_a_ceiling_are_those_of_onnx_runtime(pads: tuple[int, int, int, int], stride: int) -> None:
    """What begins in the far padding is no window, though shape inference counts it: the model that is written must
    not leave that to whoever runs it."""
    body = f"a = MaxPool<kernel_shape=[3,2], strides=[{stride},{stride}], pads={list(pads)}, ceil_mode=1>(x)"
    network = onnx_in.from_proto(model_of(f"{body} f = Flatten(a) y = Relu(f)", opset=13), "model.onnx")
    written = to_onnx(network)
    assert not any(a.i for node in written.graph.node for a in node.attribute if a.name == "ceil_mode")
    inferred = onnx.shape_inference.infer_shapes(written, strict_mode=True)
    found = {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in inferred.graph.value_info}
    for node in network.graph.nodes:
        if node.name in found:
            assert tuple(found[node.name][1:]) == network.graph.shapes[node.name][1:]
