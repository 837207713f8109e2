"""Pruned layers that are clearly faster dense are built so, with the reason; the others keep their lists."""

from __future__ import annotations

import pytest
from programs import network_of

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.plan import Plan
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.search.candidate import Pruning
from npas.spec.schema import SchemeName
from npas.targets.isa import IsaName


def square(kernel: int) -> Graph:
    builder = Builder("net")
    return builder.graph(builder.conv(builder.conv(builder.input((64, 56, 56)), 64, 1), 64, kernel))


ALL = ("avx2", "avx512", "opencl8", "opencl16")


def built(kernel: int, scheme: SchemeName, rate: float, direct: bool = False, isa: IsaName = "avx2") -> Plan:
    graph = square(kernel)
    node = graph.nodes[-1].name
    prunings = {node: Pruning(scheme, rate)}
    network = one_shot(network_of(graph), prunings).network
    return lower(network, isa=isa, threads=1, options=Options(prunings=prunings, direct=direct)).plan


@pytest.mark.parametrize("isa", ALL)
@pytest.mark.parametrize("scheme", ["unstructured", "block_punched"])
def test_low_rates_are_built_dense_where_winograd_is_faster(scheme, isa):
    stored = built(3, scheme, 1.5, isa=isa).weights_layers[-1].stored
    assert stored.format == "dense"
    assert stored.schedule.kind == "winograd"
    assert stored.pruned is not None
    assert "times as fast" in str(stored.pruned.built_dense_because)


@pytest.mark.parametrize("isa", ALL)
@pytest.mark.parametrize(("scheme", "format_"), [("unstructured", "csr"), ("block_punched", "bcs"), ("pattern", "fkw")])
def test_high_rates_keep_their_lists(scheme, format_, isa):
    stored = built(3, scheme, 14.0, isa=isa).weights_layers[-1].stored
    assert stored.format == format_
    assert stored.pruned is not None
    assert stored.pruned.built_dense_because is None


@pytest.mark.parametrize(("scheme", "dense"), [("unstructured", True), ("pattern", True), ("block_punched", False)])
def test_where_work_items_are_lanes_only_shared_lists_pay(scheme, dense):
    pruned = built(3, scheme, 5.0, isa="opencl_gpu").weights_layers[-1].stored.pruned
    assert pruned is not None
    assert (pruned.built_dense_because is not None) == dense


@pytest.mark.parametrize("isa", (*ALL, "opencl_gpu"))
@pytest.mark.parametrize(("kernel", "direct"), [(1, False), (3, True)])
def test_a_block_punched_layer_is_not_slower_than_a_direct_one(kernel, direct, isa):
    assert built(kernel, "block_punched", 2.0, direct, isa).weights_layers[-1].stored.format == "bcs"


@pytest.mark.parametrize(("isa", "format_"), [("avx512", "csr"), ("opencl16", "dense")])
def test_lists_of_their_own_cost_more_where_no_copies_are_packed(isa, format_):
    """What a processor's packed kernel may gain takes an OpenCL device longer than direct convolution."""
    assert built(3, "unstructured", 1.8, direct=True, isa=isa).weights_layers[-1].stored.format == format_
