"""One case of each operator through the whole compiler; all of them up to the plan. ``benchmarks/conformance.py``
compiles and runs every one."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from onnx_cases import Case, imported, node_cases, outcome
from programs import machine

from npas.compiler.emit import emit
from npas.errors import UnsupportedError
from npas.frontend.onnx_in import SUPPORTED
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
SEVERAL_IMAGES = {"test_convtranspose_group_2_image_3"}
"""Convolutions of a batch, which have a network but no plan."""


@cache
def cases() -> tuple[Case, ...]:
    return tuple(node_cases())


def first_of_each() -> list[Case]:
    """The first case of each operator that is not refused."""
    found: dict[str, Case] = {}
    for case in cases():
        if case.operator not in found and not _refused(case):
            found[case.operator] = case
    return list(found.values())


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
    other_types = {"ReduceLogSumExp"}
    named = set(re.findall(r"`(\w+)`", DOCUMENT.read_text().partition("| --- |")[2].partition("\n\n")[0]))
    assert {kind for kind in SUPPORTED if not kind.startswith("npas.")} <= named
    assert passing <= SUPPORTED
    assert {kind for kind in SUPPORTED if not kind.startswith("npas.")} - passing == other_types


REFUSED_IN_HALF = {"LpNormalization"}
"""The least float below its norm would be zero in half precision, and divided by."""


@pytest.mark.parametrize("isa", ["portable", "opencl8", "opencl8_store16"])
@pytest.mark.parametrize("case", first_of_each(), ids=lambda case: case.operator)
def test_one_case_of_each_operator(case: Case, isa: IsaName) -> None:
    found = outcome(case, machine(isa)) if ISAS[isa].values == "fp32" else outcome(case, machine(isa), 5e-3, 5e-3)
    refused = ISAS[isa].values == "fp16" and case.operator in REFUSED_IN_HALF
    assert found.kind == ("refused" if refused else "passed"), found.reason
