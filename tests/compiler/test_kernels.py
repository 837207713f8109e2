"""Generated programs against float64, ONNX Runtime and exact integers, over everything that a layer can be.

Few programs of many layers each: the compiler runs are what these tests cost.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from elementwise_operators import elementwise_operators
from programs import LOCAL_ISAS, LOCAL_TARGETS, assert_parity, network_of, parity, prunings_of
from random_graphs import Draft

from npas.compiler.indexed import Options
from npas.compiler.schedules.records import Schedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import AvgPool, Conv2d, Input, MaxPool, Softmax
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning

# Seed, input, convolutions, share of layers that are pruned.
RANDOM = [(0, (5, 17, 15), 34, 0.0), (1, (33, 3, 16), 34, 0.7), (2, (3, 12, 17), 34, 0.7)]


@pytest.fixture(params=LOCAL_TARGETS)
def isa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def random_graph(seed: int, shape: tuple[int, int, int], convs: int) -> Graph:
    return Draft(seed, shape).graph(convs)


@pytest.mark.parametrize("case", RANDOM, ids=lambda case: f"seed{case[0]}")
def test_random_networks(tmp_path: Path, case):
    """Each on one instruction set, the widest first; the kernels are compiled once for any number of threads."""
    seed, shape, convs, share = case
    isa = LOCAL_ISAS[-1 - seed % len(LOCAL_ISAS)]
    network = network_of(random_graph(seed, shape, convs), seed)
    options = Options(prunings=prunings_of(network.graph, np.random.default_rng(seed), share))
    for threads in {0: (1, 3), 1: (2, 3), 2: (2,)}[seed]:
        assert_parity(parity(tmp_path, network, options, isa, threads))


def test_random_networks_hold_every_shape_of_convolution():
    ops, channels, maps = [], set(), set()
    for seed, shape, convs, _ in RANDOM:
        graph = random_graph(seed, shape, convs)
        for node in graph.nodes:
            if isinstance(node.op, Conv2d):
                ops.append((node.op, graph.input_shapes(node)[0][1]))
                channels |= {graph.input_shapes(node)[0][1], node.op.filters}
                maps |= set(graph.shapes[node.name][2:])
    assert len(ops) >= 100
    assert min(channels) == 1
    assert max(channels) >= 33
    assert len(channels) > 20
    assert min(maps) == 1
    assert max(maps) >= 17
    assert {k for op, _ in ops for k in op.kernel} == {1, 3, 5, 7}
    assert {s for op, _ in ops for s in op.stride} == {1, 2, 3}
    assert {d for op, _ in ops for d in op.dilation} == {1, 2}
    assert any(op.stride[0] != op.stride[1] for op, _ in ops)
    assert any(op.pads[:2] != op.pads[2:] for op, _ in ops)
    assert any(op.dilation[0] != op.dilation[1] for op, _ in ops)
    assert sum(op.is_depthwise(c) for op, c in ops) > 5
    assert sum(op.groups > 1 and not op.is_depthwise(c) for op, c in ops) > 5


def test_elementwise_operators_alone_and_behind_layers(tmp_path: Path, isa):
    builder = Builder("net")
    x = builder.input((5, 7, 5))
    squeezed = builder.flatten(builder.global_avg_pool(x))
    outputs = []
    for op in elementwise_operators():
        outputs.append(builder.node(op, x))
        outputs.append(builder.node(op, builder.conv(x, 6, 3, bias=True)))
    for op in elementwise_operators()[:3]:
        outputs.append(builder.node(op, builder.linear(squeezed, 3)))
    a, b = builder.conv(x, 6, 1), builder.conv(x, 6, 3)
    joined = builder.node(elementwise_operators()[0], builder.add(a, b))
    outputs += [builder.act(builder.mul(joined, joined), "hard_swish"), builder.act(builder.add(x, x), "swish")]
    chain = builder.conv(x, 4, 1)
    for op in elementwise_operators():  # a name longer than a file's may be
        chain = builder.node(op, chain)
    network = network_of(builder.graph(*outputs, chain))
    assert_parity(parity(tmp_path, network, Options(), isa))


def test_every_scheme_on_every_kind_of_layer(tmp_path: Path):
    builder = Builder("net")
    x = builder.input((19, 6, 5))
    row = builder.flatten(builder.max_pool(x, (6, 2), (1, 1)))
    prunings, outputs = {}, []

    def layer(kind: str) -> str:
        if kind == "fc":
            return builder.linear(row, 37)
        shape = {"conv3x3": 3, "conv1x1": 1, "conv": (5, 3), "depthwise": 3, "depthwise_other": 5}[kind]
        groups = 19 if kind.startswith("depthwise") else 1
        return builder.conv(x, 19, shape, bias=True, groups=groups)

    for name, scheme in SCHEMES.items():
        for kind in ("conv3x3", "conv1x1", "conv", "depthwise", "depthwise_other", "fc"):
            for rate in (1.0, 3.0, 10.0):
                if not scheme.applies(kind) or (rate == 1 and kind != "conv1x1"):
                    continue
                made = layer(kind)
                prunings[made] = Pruning(name, rate)
                outputs.append(made if kind == "fc" else builder.conv(builder.act(made, "relu"), 3, 1))
    graph = builder.graph(*outputs)
    assert all(kind_of(graph.node(name), graph) is not None for name in prunings)
    assert {p.scheme for p in prunings.values()} == set(SCHEMES)
    assert_parity(parity(tmp_path, network_of(graph), Options(prunings=prunings), LOCAL_ISAS[-1], threads=2))


def test_pools_joins_and_heads(tmp_path: Path, isa):
    builder = Builder("net")
    x = builder.input((5, 9, 7))
    windows = [
        MaxPool(kernel=(3, 2), stride=(2, 1), pads=(1, 0, 2, 1)),
        MaxPool(kernel=(2, 3), stride=(2, 3), pads=(0, 1, 1, 2)),
        MaxPool(kernel=(9, 7)),
        AvgPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1)),
        AvgPool(kernel=(3, 3), stride=(2, 2), pads=(1, 1, 1, 1), count_pads=True),
        AvgPool(kernel=(2, 5), stride=(3, 1), pads=(1, 4, 0, 2), count_pads=True),
        AvgPool(kernel=(9, 7)),
    ]
    pools = [builder.node(op, x) for op in windows]
    mean = builder.global_avg_pool(x)
    gate = builder.node(Softmax(), builder.linear(builder.flatten(mean), 5))
    strided = builder.conv(x, 6, 3, stride=2)
    side = builder.conv(x, 4, (5, 3), stride=(2, 2), pads=(2, 1, 2, 1))
    joined = builder.concat(strided, side, strided)
    outputs = [
        *pools,
        gate,
        builder.mul(x, mean),
        builder.mul(mean, x),
        builder.add(x, mean),
        builder.conv(joined, 5, 3),
        builder.flatten(joined),
        builder.flatten(mean),
        builder.concat(builder.flatten(mean), gate),
        builder.node(Softmax(), builder.linear(builder.flatten(side), 12)),
        x,
    ]
    assert_parity(parity(tmp_path, network_of(builder.graph(*outputs)), Options(), isa, threads=3))


def test_shapes_that_once_went_wrong(tmp_path: Path):
    builder = Builder("net")
    x = builder.input((4, 3, 3))
    # The caller's array, which strided convolutions read as it is, as the residual of one of them.
    outputs = [builder.add(builder.conv(x, 4, 3, stride=2, pads=(2, 2, 2, 2)), x)]
    # Sums that almost vanish, before what makes halves of them.
    outputs.append(
        builder.node(next(op for op in elementwise_operators() if op.type == "sigmoid"), builder.conv(x, 2, 1))
    )
    network = network_of(builder.graph(*outputs))
    small = {name: w * np.float32(1e-3 if name.startswith("conv2") else 1) for name, w in network.weights.items()}
    assert_parity(parity(tmp_path, network.with_weights(small), Options()))


def test_a_network_that_only_moves_arrays(tmp_path: Path):
    builder = Builder("net")
    x = builder.input((4, 3, 2))
    report = parity(tmp_path, network_of(builder.graph(x, builder.flatten(x))), Options(), threads=2)
    assert report.passed
    assert report.max_abs_error == 0
    assert report.layers == ()


@pytest.mark.parametrize("shape", [(1, 7), (1, 3, 7)], ids=["vector", "matrix"])
def test_networks_of_vectors(tmp_path: Path, shape):
    builder = Builder("net")
    x = builder.node(Input(shape=shape), name="input")
    y = builder.act(x, "relu")
    outputs = [builder.concat(y, x, y), builder.mul(y, x)]
    if len(shape) == 2:
        outputs += [builder.add(builder.linear(x, 7), y), builder.node(Softmax(), y)]
    else:
        outputs.append(builder.linear(builder.flatten(y), 3))
    assert_parity(parity(tmp_path, network_of(builder.graph(*outputs)), Options(), threads=2))


def test_small_terms_are_not_lost_in_a_large_bias(tmp_path: Path) -> None:
    """A sum that begins with the bias rounds every term to its size: over 600 of them, beyond what the gate allows."""
    builder = Builder("net")
    made = builder.conv(builder.input((29, 12, 12)), 27, (7, 3), bias=True)
    network = network_of(builder.graph(made))
    small = {"weight": np.float32(1e-4), "bias": np.float32(1)}
    weights = {name: weight * small[name.split(".")[1]] for name, weight in network.weights.items()}
    options = Options(schedules={made: Schedule(rows=4, vectors=1, channel_block=29)})
    assert_parity(parity(tmp_path, network.with_weights(weights), options))
