"""A hundred random networks, half of them pruned by one scheme each: no gate of the parity stage may fail.

``benchmarks/random_graphs.py`` goes on from there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from programs import LOCAL_ISAS, network_of, parity, prunings_by
from random_graphs import random_graph

from npas.compiler.indexed import Options
from npas.ops import Concat, Gather, MaxPool, Mul, Normalize, Pad, Reduce, Resample, Slice, Transpose
from npas.schemes import SCHEMES

GRAPHS = 100


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_parity(seed: int, tmp_path: Path) -> None:
    network = network_of(random_graph(seed), seed)
    scheme = list(SCHEMES)[seed // 2 % len(SCHEMES)] if seed % 2 else None
    prunings = {} if scheme is None else prunings_by(network.graph, scheme, np.random.default_rng(seed))
    report = parity(tmp_path, network, Options(prunings=prunings), LOCAL_ISAS[-1], 1 + seed % 3)
    assert report.passed, (scheme, report.first_difference, report.relative_l2)


def test_they_hold_what_networks_are_made_of() -> None:
    kinds = {type(node.op) for seed in range(GRAPHS) for node in random_graph(seed).nodes}
    assert kinds >= {Concat, Gather, MaxPool, Mul, Normalize, Pad, Reduce, Resample, Slice, Transpose}
