"""Filter types: what a layer may become, and the graphs that come of it."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import pytest

from npas import zoo
from npas.graph.builder import Builder
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, Input, Linear
from npas.rewrite import filter_types
from npas.search.candidate import Candidate, Choice, Pruning
from npas.spec.schema import FilterType, SchemeName

FILTER_TYPES: tuple[FilterType, ...] = get_args(FilterType)
ALL = ("1x1", "3x3dw_1x1", "1x1_3x3dw_1x1")
SAME = (1, 1, 1, 1)


def layer(channels: int, size: int = 9, **fields: Any) -> Graph:
    """One convolution, followed by another so that its values are not the outputs."""
    b = Builder("net")
    x = b.node(Conv2d(**fields), b.input((channels, size, size)), name="site")
    return b.graph(b.conv(x, 2, 1, name="after"))


def one(filter_type: str, scheme: SchemeName = "unstructured", rate: float = 1.0) -> Candidate:
    return Candidate({"site": Choice(filter_type, scheme, rate)})


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (layer(8, filters=8, kernel=(3, 3), pads=SAME), ("3x3", *ALL, "skip")),
        (layer(8, filters=16, kernel=(3, 3), pads=SAME), ("3x3", *ALL)),
        (layer(8, filters=8, kernel=(3, 3), pads=SAME, stride=(2, 2)), ("3x3", *ALL)),
        (layer(3, filters=64, kernel=(7, 7), pads=(3, 3, 3, 3), stride=(2, 2)), ("7x7", "1x1", "3x3", *ALL[1:])),
        (layer(8, filters=8, kernel=(1, 1)), ("1x1", "skip")),
        (layer(8, filters=16, kernel=(1, 1)), ("1x1",)),
        (layer(8, filters=8, kernel=(3, 3)), ("3x3", "3x3dw_1x1", "1x1_3x3dw_1x1")),  # no padding: 1x1 is larger
        (layer(8, filters=8, kernel=(1, 3), pads=(0, 1, 0, 1)), ("1x3", "1x1", "skip")),
        (layer(8, filters=8, kernel=(3, 3), pads=SAME, groups=8), ("3x3dw", "skip")),
        (layer(8, filters=16, kernel=(3, 3), pads=SAME, groups=8), ("3x3g8",)),
        (layer(1, filters=1, kernel=(3, 3), pads=SAME), ("3x3", "1x1", "skip")),  # separable would cost more
        (layer(8, filters=8, kernel=(3, 3), pads=(2, 2, 2, 2), dilation=(2, 2)), ("3x3", *ALL, "skip")),
    ],
)
def test_options(graph: Graph, expected: tuple[str, ...]) -> None:
    assert filter_types.options(graph.node("site"), graph) == expected


def test_fully_connected_layers_stay() -> None:
    graph = Graph("g", (Node("x", Input(shape=(1, 4))), Node("site", Linear(filters=4), ("x",))), ("site",))
    assert filter_types.options(graph.node("site"), graph) == ("fc",)


GEOMETRIES: list[dict[str, Any]] = [
    {"filters": f, "kernel": (k, k), "stride": (s, s), "pads": pads, "dilation": (d, d)}
    for f in (1, 5, 16)
    for k in (2, 3, 5)
    for s in (1, 2)
    for d in (1, 2)
    for pads in ((d * (k // 2),) * 4, (0, 0, d, d), (0, 0, 0, 0))
]


@pytest.mark.parametrize("size", [11, 12])
@pytest.mark.parametrize("channels", [1, 6])
def test_every_option_keeps_shapes_and_lowers_macs(channels: int, size: int) -> None:
    tried = set()
    for fields in GEOMETRIES:
        graph = layer(channels, size, **fields)
        own, *others = filter_types.options(graph.node("site"), graph)
        assert filter_types.apply_graph(graph, one(own)) == (graph, {})
        for other in others:
            tried.add(other)
            rewritten, prunings = filter_types.apply_graph(graph, one(other))
            assert prunings == {}
            assert rewritten.shapes[rewritten.outputs[0]] == graph.shapes[graph.outputs[0]]
            assert rewritten.total_macs < graph.total_macs
            if other != "skip":
                assert rewritten.shapes["site"] == graph.shapes["site"]
            kernels = [n.op.kernel for n in rewritten.nodes if isinstance(n.op, Conv2d)]
            assert max(kernels) <= fields["kernel"]
    assert tried >= {"1x1", "3x3", "3x3dw_1x1"}


def test_a_replacement_that_does_not_fit_is_refused() -> None:
    graph = layer(8, filters=16, kernel=(3, 3), pads=SAME)
    with pytest.raises(AssertionError, match="site: cannot become skip"):
        filter_types.apply_graph(graph, one("skip"))
    with pytest.raises(AssertionError, match="lacks"):
        filter_types.apply_graph(graph, Candidate({"other": Choice("1x1", "filter", 1.0)}))


def test_separable_replacement_is_spelled_out() -> None:
    graph, _ = filter_types.apply_graph(
        layer(8, filters=16, kernel=(3, 3), pads=SAME, stride=(2, 2)), one("1x1_3x3dw_1x1")
    )
    assert [(n.name, n.inputs) for n in graph.nodes] == [
        ("input", ()),
        ("site_pw", ("input",)),
        ("site_dw", ("site_pw",)),
        ("site", ("site_dw",)),
        ("after", ("site",)),
    ]
    assert graph.node("site_dw").op == Conv2d(filters=16, kernel=(3, 3), stride=(2, 2), pads=SAME, groups=16)


def test_new_names_are_free_and_short_enough() -> None:
    b = Builder("net")
    x = b.conv(b.input((8, 9, 9)), 8, name="a" * 63)
    y = b.conv(x, 8, name="a" * 56 + "_dw")
    graph = b.graph(b.conv(y, 2, 1))
    rewritten, _ = filter_types.apply_graph(graph, Candidate({"a" * 63: Choice("3x3dw_1x1", "filter", 1.0)}))
    assert "a" * 56 + "_dw2" in rewritten
    assert len({n.name for n in rewritten.nodes}) == len(graph.nodes) + 1


def residual() -> Graph:
    b = Builder("net")
    x = b.conv_bn_act(b.input((3, 8, 8)), 4)
    y = b.conv_bn_act(x, 4)
    z = b.bn(b.conv(y, 4))
    return b.graph(b.linear(b.flatten(b.act(b.add(x, z), "relu")), 5))


def names(graph: Graph) -> list[str]:
    return [node.name for node in graph.nodes]


def test_skip_takes_norm_and_activation_with_it() -> None:
    graph = residual()
    skipped, _ = filter_types.apply_graph(graph, Candidate({"conv2": Choice("skip", "filter", 1.0)}))
    assert names(skipped) == [n for n in names(graph) if n not in ("conv2", "bn2", "act2")]
    assert skipped.node("conv3").inputs == ("act1",)


def test_skips_in_a_row_reach_back_to_the_first_input() -> None:
    graph = residual()
    both = Candidate({name: Choice("skip", "filter", 1.0) for name in ("conv2", "conv3")})
    skipped, prunings = filter_types.apply_graph(graph, both)
    assert skipped.node("add1").inputs == ("act1", "act1")
    assert prunings == {} and skipped.shapes == {n: graph.shapes[n] for n in names(skipped)}


def test_skip_leaves_what_others_read() -> None:
    """The batch-norm feeds an add besides the activation: the activation stays."""
    b = Builder("net")
    x = b.input((4, 8, 8))
    y = b.bn(b.conv(x, 4))
    graph = b.graph(b.conv(b.add(y, b.act(y, "relu")), 2, 1))
    skipped, _ = filter_types.apply_graph(graph, Candidate({"conv1": Choice("skip", "filter", 1.0)}))
    assert names(skipped) == ["input", "act1", "add1", "conv2"]
    assert skipped.node("act1").inputs == ("input",) and skipped.node("add1").inputs == ("input", "act1")


def test_outputs_are_never_skipped() -> None:
    b = Builder("net")
    graph = b.graph(b.conv_bn_act(b.input((4, 8, 8)), 4))
    assert "skip" not in filter_types.options(graph.node("conv1"), graph)


@pytest.mark.parametrize(
    ("filter_type", "scheme", "rate", "expected"),
    [
        ("3x3", "pattern", 3.0, ["site"]),
        ("3x3", "pattern", 2.0, []),
        ("3x3", "block_punched", 2.0, ["site"]),
        ("3x3", "block_punched", 1.0, []),
        ("3x3", "block", 2.0, []),
        ("1x1", "block", 2.0, ["site"]),
        ("1x1", "pattern", 3.0, []),
        ("3x3dw_1x1", "block_punched", 2.0, ["site"]),
        ("3x3dw_1x1", "filter", 2.0, ["site"]),
        ("3x3dw_1x1", "pattern", 3.0, ["site_dw"]),
        ("1x1_3x3dw_1x1", "block", 2.0, ["site_pw", "site"]),
        ("skip", "block", 1.0, []),
    ],
)
def test_prunings(filter_type: str, scheme: SchemeName, rate: float, expected: list[str]) -> None:
    graph = layer(8, filters=8, kernel=(3, 3), pads=SAME)
    _, prunings = filter_types.apply_graph(graph, one(filter_type, scheme, rate))
    assert prunings == {name: Pruning(scheme, rate) for name in expected}


@pytest.mark.parametrize("name", ["mobilenet_v2", "resnet18"])
def test_random_candidates_of_the_zoo_make_sound_graphs(name: Literal["mobilenet_v2", "resnet18"]) -> None:
    graph = zoo.build(name, shape=(3, 32, 32), classes=10, width=0.25, activation=None)
    rng = np.random.default_rng(0)
    sites = [node for node in graph.nodes if isinstance(node.op, Conv2d | Linear)]
    for _ in range(10):
        choices = {n.name: Choice(str(rng.choice(filter_types.options(n, graph))), "unstructured", 1.0) for n in sites}
        rewritten, _ = filter_types.apply_graph(graph, Candidate(choices))
        assert rewritten.shapes[rewritten.outputs[0]] == (1, 10)
        assert rewritten.total_macs <= graph.total_macs
        assert len(set(names(rewritten))) == len(rewritten.nodes)
