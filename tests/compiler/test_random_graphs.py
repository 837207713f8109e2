"""A hundred random networks, dense and pruned by every scheme: no gate of the parity stage may fail.

``benchmarks/random_graphs.py`` goes on from there.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import LOCAL_ISAS, UNOPTIMISED, parity, require_device
from random_graphs import by_every_scheme, random_graph

from npas.ops import Concat, Gather, MaxPool, Mul, Normalize, Pad, Reduce, Resample, Slice, Transpose
from npas.targets.isa import IsaName

GRAPHS = 100
ON_OPENCL: tuple[IsaName, ...] = ("opencl8", "opencl_gpu")


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_parity(seed: int, tmp_path: Path) -> None:
    report = parity(tmp_path, *by_every_scheme(seed), LOCAL_ISAS[-1], 1 + seed % 3)
    assert report.passed, (report.first_difference, report.relative_l2)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("numbers", ["", "_store16", "_math16"])
def test_parity_on_opencl(seed: int, numbers: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    isa = f"{ON_OPENCL[seed % 2]}{numbers}"
    require_device(isa)
    monkeypatch.setenv(*UNOPTIMISED)
    report = parity(tmp_path, *by_every_scheme(seed), isa, 2)
    assert report.passed, (report.first_difference, report.relative_l2)


def test_they_hold_what_networks_are_made_of() -> None:
    kinds = {type(node.op) for seed in range(GRAPHS) for node in random_graph(seed).nodes}
    assert kinds >= {Concat, Gather, MaxPool, Mul, Normalize, Pad, Reduce, Resample, Slice, Transpose}
