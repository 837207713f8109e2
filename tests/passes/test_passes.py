"""Every pass keeps the function; dead_channels finds what can go and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from drafts import Draft, assert_same

from npas.compiler.passes import PASSES, dead_channels, simplify
from npas.graph.graph import Network
from npas.ops import (
    Add,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAvgPool,
    HardSigmoid,
    HardSwish,
    Linear,
    MaxPool,
    Mul,
    Relu,
)


def random_network(seed: int) -> Network:
    """A chain of random blocks with residuals, concats, squeeze-and-excite; random filters and columns are zero."""
    rng = np.random.default_rng(seed)
    d = Draft()
    at = d.conv("x", 6)
    for _ in range(5):
        at = _BLOCKS[rng.integers(len(_BLOCKS))](d, at, rng)
    flat = d.add(Flatten(), at if rng.random() < 0.5 else d.add(GlobalAvgPool(), at))
    hidden = d.add(HardSwish(), d.add(Linear(filters=7), flat))
    d.add(Linear(filters=4), hidden)
    network = d.network(*([d.nodes[-1].name, at] if rng.random() < 0.3 else []), seed=seed)
    weights = dict(network.weights)
    for name, array in weights.items():
        if name.endswith((".weight", ".scale")):
            array[rng.random(len(array)) < 0.35] = 0
        if name.endswith(".bias"):
            array[rng.random(len(array)) < 0.5] = 0
        if name.endswith(".weight") and rng.random() < 0.5:
            array[:, rng.random(array.shape[1]) < 0.3] = 0
    return network.with_weights(weights)


def _activation(d: Draft, at: str, rng: np.random.Generator) -> str:
    return d.add([Relu(), HardSwish(), HardSigmoid(), Clip(low=0.25, high=6.0)][rng.integers(4)], at)


def _plain(d: Draft, at: str, rng: np.random.Generator) -> str:
    at = d.conv(at, int(rng.integers(3, 9)), int(rng.choice([1, 3])), bias=bool(rng.integers(2)))
    return _activation(d, d.add(BatchNorm(), at) if rng.integers(2) else at, rng)


def _unpadded(d: Draft, at: str, rng: np.random.Generator) -> str:
    return _activation(d, d.conv(at, 5, 2, pads=0, bias=True), rng)


def _residual(d: Draft, at: str, rng: np.random.Generator) -> str:
    c = d.nodes[-1].op.filters if isinstance(d.nodes[-1].op, Conv2d) else None
    entry = at if c else d.conv(at, 6, 1)
    inner = d.add(BatchNorm(), d.conv(_activation(d, entry, rng), c or 6))
    return _activation(d, d.add(Add(), entry, inner), rng)


def _concat(d: Draft, at: str, rng: np.random.Generator) -> str:
    return d.add(Concat(), d.conv(at, 4, 1, bias=True), at, _activation(d, d.conv(at, 3), rng))


def _depthwise(d: Draft, at: str, rng: np.random.Generator) -> str:
    at = _activation(d, d.add(BatchNorm(), d.conv(at, 6, 1)), rng)
    return _activation(d, d.conv(at, 6 * int(rng.integers(1, 3)), groups=6, bias=bool(rng.integers(2))), rng)


def _grouped(d: Draft, at: str, rng: np.random.Generator) -> str:
    return d.conv(_activation(d, d.conv(at, 6, 1), rng), 4, groups=2)


def _squeeze(d: Draft, at: str, rng: np.random.Generator) -> str:
    at = d.conv(at, 8, 1)
    gate = d.add(Relu(), d.conv(d.add(GlobalAvgPool(), at), 3, 1, bias=True))
    return d.add(Mul(), at, d.add(HardSigmoid(), d.conv(gate, 8, 1, bias=True)))


def _pool(d: Draft, at: str, rng: np.random.Generator) -> str:
    kernel = {"kernel": (3, 3), "pads": (1, 1, 1, 1)}
    pools = [MaxPool(**kernel), AvgPool(**kernel), AvgPool(count_pads=True, **kernel)]
    return d.add(Dropout(), d.add(pools[rng.integers(3)], at))


_BLOCKS = [_plain, _unpadded, _residual, _concat, _depthwise, _grouped, _squeeze, _pool]


@pytest.mark.parametrize("run", [*PASSES, simplify], ids=lambda run: f"{run.__module__}.{run.__name__}")
@pytest.mark.parametrize("seed", range(25))
def test_every_pass_keeps_the_function_and_is_idempotent(run, seed) -> None:
    before = random_network(seed)
    after = run(before)
    assert_same(before, after)
    again = run(after)
    assert again.graph == after.graph
    assert all(np.array_equal(again.weights[name], after.weights[name]) for name in after.weights)
    names = [node.name for node in before.graph.nodes]
    surviving = [node.name for node in after.graph.nodes]
    assert surviving == [name for name in names if name in set(surviving)]
    assert min(shape[1] for shape in after.graph.shapes.values()) >= 1


def test_random_networks_do_lose_channels() -> None:
    """Guards the test above: if nothing were ever removed, it would pass idly."""
    lost = [n.parameter_count - dead_channels.run(n).parameter_count for n in map(random_network, range(25))]
    assert sum(loss > 0 for loss in lost) >= 20
