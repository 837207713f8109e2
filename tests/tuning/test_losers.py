"""Layers that only one of two programs runs together are compared as a pair in both."""

from __future__ import annotations

import numpy as np

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.search.candidate import Pruning
from npas.spec.schema import CpuTarget
from npas.stages.layers import without_losers
from npas.stages.program import Machine


def test_a_pair_that_pruning_takes_apart():
    builder = Builder("net")
    wide = builder.conv(builder.input((16, 64, 64)), 64, 1)
    deep = builder.conv(wide, 64, 3, groups=64)
    network = initialise(builder.graph(builder.conv(deep, 16, 1)), np.random.default_rng(0))
    prunings = {wide: Pruning("unstructured", 5.0), deep: Pruning("unstructured", 2.0)}
    pruned = one_shot(network, prunings).network
    machine = Machine.of(CpuTarget(type="cpu", threads=1))
    found = without_losers(pruned, Options(prunings=prunings), "net", machine)
    assert set(found.dense) <= set(prunings)
