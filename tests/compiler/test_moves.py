"""Chains of operators that move numbers, as one pass over the result: what a table of offsets may hold."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from programs import LOCAL_TARGETS, network_of, parity

from npas.compiler.array_layers import MOST_AXES
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.moves import OUTSIDE, reshaped
from npas.errors import UnsupportedError
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import AnyOp, Gather, Pad, Reshape, Slice, Transpose

CHAINS: dict[str, tuple[tuple[int, ...], tuple[AnyOp, ...]]] = {
    "pairs swapped": ((4,), (Gather(axis=1, indices=(1, 0, 3, 2)), Reshape(shape=(1, 2, 2)))),
    "backwards": ((6,), (Gather(axis=1, indices=(5, 4, 3, 2, 1, 0)), Reshape(shape=(1, 3, 2)))),
    "padded rows, backwards": (
        (2, 4),
        (Gather(axis=2, indices=(3, 2, 1, 0)), Pad(axis=1, before=1, after=0, value=2.0), Reshape(shape=(1, 3, 2, 2))),
    ),
    "nothing but the fill": (
        (4,),
        (Pad(axis=1, before=4, after=0, value=3.0), Slice(axis=1, start=0, count=4), Reshape(shape=(1, 2, 2))),
    ),
    "one element of the fill": ((4,), (Pad(axis=1, before=1, after=0, value=3.0), Slice(axis=1, start=0, count=1))),
    "one element of the source": ((4,), (Pad(axis=1, before=1, after=0, value=3.0), Slice(axis=1, start=2, count=1))),
}


def chain(shape: tuple[int, ...], ops: tuple[AnyOp, ...]) -> Graph:
    builder = Builder("net")
    x = builder.input(shape)
    for op in ops:
        x = builder.node(op, x)
    return builder.graph(x)


@pytest.mark.parametrize("target", LOCAL_TARGETS)
@pytest.mark.parametrize("name", CHAINS)
def test_chains_are_as_the_reference(name: str, target: str, tmp_path: Path) -> None:
    report = parity(tmp_path, network_of(chain(*CHAINS[name])), Options(), target)
    assert report.passed and report.relative_l2 == 0, report


def test_no_offset_is_taken_for_outside() -> None:
    table = np.array([5, 4, OUTSIDE, OUTSIDE, 3, 2])
    found = reshaped((np.zeros(1, np.int64), table), (1, 3, 2))
    assert found is not None
    _, rows, columns = found
    assert min(columns) >= 0
    sums = np.where(rows[:, None] == OUTSIDE, OUTSIDE, rows[:, None] + columns)
    np.testing.assert_array_equal(sums.reshape(-1), table)


def test_more_axes_than_the_runtime_walks_are_refused() -> None:
    turned = chain((2**15,), (Reshape(shape=(1, *(2,) * 15)), Transpose(order=(0, *range(15, 0, -1)))))
    with pytest.raises(UnsupportedError, match=f"at most {MOST_AXES} axes .* got 15, transpose in steps"):
        lower(network_of(turned), isa="avx2", threads=1)


def test_the_runtime_walks_as_many_axes() -> None:
    header = Path(__file__).parents[2] / "runtime" / "cpu" / "include" / "npas" / "arrays.h"
    found = re.search(r"kMostAxes = (\d+);", header.read_text())
    assert found is not None and int(found[1]) == MOST_AXES
