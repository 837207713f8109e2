"""One case of each operator through the whole compiler; all of them up to the plan. ``benchmarks/conformance.py``
compiles and runs every one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx_cases import OPERATORS, Case, compared, computed, imported, node_cases, outcome
from programs import machine

from npas.compiler.emit import emit
from npas.errors import UnsupportedError
from npas.frontend.onnx_in import SUPPORTED
from npas.graph.graph import Graph, Network, Node
from npas.stages.program import lower_for
from npas.targets.isa import ISAS, IsaName
from npas.verify.reference import values

DOCUMENT = Path(__file__).parents[2] / "docs" / "operators.md"

REFUSED = {
    "BatchNormalization": 2,  # training
    "ConvTranspose": 1,  # of volumes
    "Dropout": 3,  # training
    "Mod": 2,  # of floats, without fmod
    "ReduceL1": 1,  # of nothing: arrays have no empty axes here
    "ReduceL2": 1,
    "ReduceLogSum": 1,
    "ReduceLogSumExp": 1,
    "ReduceMax": 1,
    "ReduceMin": 1,
    "ReduceProd": 1,
    "ReduceSum": 2,
    "ReduceSumSquare": 1,
    "Reshape": 1,
    "Slice": 1,
    "Split": 2,
}
"""By operator, the cases that are refused by name."""
OTHER_TYPES = {"ReduceLogSumExp"}
"""Operators whose cases are none of them float32."""
SEVERAL_IMAGES = {"test_convtranspose_group_2_image_3"}
"""Convolutions of a batch, which have a network but no plan."""


@cache
def cases() -> tuple[Case, ...]:
    return tuple(node_cases())


@cache
def first_of_each() -> dict[str, Case]:
    """The first case of each operator that is not refused."""
    found: dict[str, Case] = {}
    for case in cases():
        if case.operator not in found and not _refused(case):
            found[case.operator] = case
    return found


def _refused(case: Case) -> bool:
    try:
        imported(case)
    except UnsupportedError:
        return True
    return False


def test_the_references_compute_every_case_that_is_not_refused() -> None:
    refused: Counter[str] = Counter()
    for case in cases():
        try:
            network = imported(case)
        except UnsupportedError:
            refused[case.operator] += 1
            continue
        given = dict(zip(network.graph.inputs, (x.astype(np.float64) for x in case.inputs), strict=True))
        known = values(network, given)
        for name, wanted in zip(network.graph.outputs, case.outputs, strict=True):
            assert known[name].shape == wanted.shape, case.name
            np.testing.assert_allclose(known[name], wanted, rtol=1e-3, atol=1e-5, err_msg=case.name)
    assert refused == REFUSED


def test_every_case_that_is_not_refused_has_a_plan() -> None:
    for case in cases():
        if not _refused(case) and case.name not in SEVERAL_IMAGES:
            _, lowered = lower_for(imported(case), "net", machine())
            assert emit(lowered.plan, layer_files=1), case.name


def test_what_is_said_to_be_supported_is() -> None:
    """Every operator with a case that passes is named where an unknown one is refused, and no other is."""
    passing = {case.operator for case in cases() if not _refused(case)}
    named = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().partition("| --- |")[2].partition("\n\n")[0]))
    assert {kind for kind in SUPPORTED if not kind.startswith("npas.")} <= named
    assert passing <= SUPPORTED
    assert {kind for kind in SUPPORTED if not kind.startswith("npas.")} - passing == OTHER_TYPES


REFUSED_IN_HALF = {"LpNormalization"}
"""The least float below its norm would be zero in half precision, and divided by."""
PROGRAMS = 6
"""For all operators on OpenCL."""


@pytest.mark.parametrize(
    "operator", [name for names in OPERATORS.values() for name in names if name not in OTHER_TYPES]
)
def test_one_case_of_each_operator(operator: str) -> None:
    found = outcome(first_of_each()[operator], machine())
    assert found.kind == "passed", found.reason


@pytest.mark.parametrize("part", range(PROGRAMS))
@pytest.mark.parametrize("isa", ["opencl8", "opencl8_store16"])
def test_one_case_of_each_operator_on_opencl(isa: IsaName, part: int) -> None:
    """Many in a program: a device's compiler takes more than a second before its first kernel."""
    half = ISAS[isa].values == "fp16"
    taken = list(first_of_each().values())[part::PROGRAMS]
    networks = {case.operator: imported(case) for case in taken}
    if half:
        for operator in REFUSED_IN_HALF & set(networks):
            with pytest.raises(UnsupportedError):
                lower_for(networks.pop(operator), "net", machine(isa))
        taken = [case for case in taken if case.operator in networks]
    got = computed(joined(networks), [x for case in taken for x in case.inputs], machine(isa))
    sizes = [sum(x.size for x in case.outputs) for case in taken]
    assert got.size == sum(sizes)
    near = (5e-3, 5e-3) if half else (1e-3, 1e-5)
    parts = np.split(got, np.cumsum(sizes)[:-1])
    found = {case.operator: compared(case, own, *near) for case, own in zip(taken, parts, strict=True)}
    assert {operator: x.reason for operator, x in found.items() if x.kind != "passed"} == {}


def joined(networks: Mapping[str, Network]) -> Network:
    """All of them side by side, names of each behind its own."""
    nodes: list[Node] = []
    outputs: list[str] = []
    weights: dict[str, np.ndarray[Any, Any]] = {}
    for operator, network in networks.items():
        of = operator.lower()
        for node in network.graph.nodes:
            inputs = tuple(f"{of}_{name}" for name in node.inputs)
            nodes.append(replace(node, name=f"{of}_{node.name}", inputs=inputs))
        outputs += [f"{of}_{name}" for name in network.graph.outputs]
        weights |= {f"{of}_{key}": array for key, array in network.weights.items()}
    return Network(Graph("net", tuple(nodes), tuple(outputs)), weights)
