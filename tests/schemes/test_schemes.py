"""The contract of every scheme, on every kind of layer it takes and on odd shapes."""

from __future__ import annotations

from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, Input, Linear, Relu
from npas.schemes import SCHEMES, LayerKind, Scheme, Weight, kind_of
from npas.schemes.pattern import PATTERNS
from npas.spec.schema import SchemeName

SIZES = [(1, 1), (1, 7), (2, 3), (3, 33), (5, 4), (7, 8), (8, 4), (9, 5), (16, 16), (17, 1), (31, 13), (33, 33)]
RATES = [1.0, 2.0, 2.25, 2.5, 3.0, 5.0, 7.0, 10.0]
KERNELS: dict[LayerKind, tuple[int, ...]] = {
    "conv3x3": (3, 3),
    "conv1x1": (1, 1),
    "conv": (5, 2),
    "depthwise": (3, 3),
    "depthwise_other": (5, 5),
    "fc": (),
}
CASES = [
    pytest.param(scheme, kind, size, id=f"{scheme.name}-{kind}-{size[0]}x{size[1]}")
    for scheme in SCHEMES.values()
    for kind in KERNELS
    for size in SIZES
    if scheme.applies(kind)
]


def weight_of(kind: LayerKind, size: tuple[int, int], seed: int = 0) -> Weight:
    filters, channels = size
    depth = 1 if kind.startswith("depthwise") else channels
    return np.random.default_rng(seed).standard_normal((filters, depth, *KERNELS[kind])).astype(np.float32)


def rates_of(scheme: Scheme) -> list[float]:
    return [rate for rate in RATES if rate == 1 or rate >= scheme.min_rate]


def grain(scheme: Scheme, weight: Weight) -> float:
    """How many weights the structure lets go at once at most, and so twice how far off the count may be."""
    filters, channels = int(weight.shape[0]), int(weight.shape[1])
    match scheme.name:
        case "unstructured":
            return 1
        case "filter":
            return weight.size / filters
        case "pattern":
            return 4
        case "block":
            return min(8, filters)
        case "block_punched":
            return min(8, filters) * min(4, channels)


def least(scheme: Scheme, weight: Weight) -> int:
    """What the structure must keep whatever the rate."""
    return len(weight) if scheme.name == "block" else 1


def test_registry_has_every_scheme_of_the_spec_under_its_own_name() -> None:
    assert set(SCHEMES) == set(get_args(SchemeName))
    assert all(scheme.name == name for name, scheme in SCHEMES.items())
    assert set(KERNELS) == set(get_args(LayerKind))


@pytest.mark.parametrize(("scheme", "kind", "size"), CASES)
def test_contract(scheme: Scheme, kind: LayerKind, size: tuple[int, int]) -> None:
    weight = weight_of(kind, size)
    before = weight.copy()
    for rate in rates_of(scheme):
        mask = scheme.mask(weight, rate)
        assert mask.dtype == np.bool_ and mask.shape == weight.shape
        assert mask.any(), "a layer is never left empty"
        assert mask.flags.writeable and np.array_equal(weight, before)
        if rate == 1:
            assert mask.all()
            continue
        wanted = max(weight.size / rate, least(scheme, weight))
        off = abs(int(mask.sum()) - wanted)
        # Half a grain by rounding; a lone grain must stay even where less was asked for.
        assert off <= grain(scheme, weight) / 2 or mask.sum() <= grain(scheme, weight), (rate, mask.sum(), wanted)
        assert np.array_equal(scheme.mask(weight * mask, rate), mask), f"not idempotent at rate {rate}"
        assert np.array_equal(scheme.mask(weight * 4, rate), mask), "only relative sizes matter"
        assert np.array_equal(scheme.mask(-weight, rate), mask), "signs do not matter"


@pytest.mark.parametrize(("scheme", "kind", "size"), CASES)
def test_higher_rates_keep_subsets(scheme: Scheme, kind: LayerKind, size: tuple[int, int]) -> None:
    weight = weight_of(kind, size)
    masks = [scheme.mask(weight, rate) for rate in rates_of(scheme)]
    for looser, tighter in pairwise(masks):
        assert not (tighter & ~looser).any()


@pytest.mark.parametrize(("scheme", "kind", "size"), CASES)
def test_keeps_more_energy_than_chance(scheme: Scheme, kind: LayerKind, size: tuple[int, int]) -> None:
    weight = weight_of(kind, size)
    mask = scheme.mask(weight, 2.5)
    energy = (weight**2)[mask].sum() / (weight**2).sum()
    assert energy >= mask.mean() - 1e-6 or mask.sum() <= grain(scheme, weight)


@pytest.mark.parametrize(("scheme", "kind", "size"), CASES)
def test_all_zero_and_tied_weights(scheme: Scheme, kind: LayerKind, size: tuple[int, int]) -> None:
    for weight in (np.zeros_like(weight_of(kind, size)), np.ones_like(weight_of(kind, size))):
        mask = scheme.mask(weight, 3.0)
        assert mask.any()
        assert np.array_equal(scheme.mask(weight * mask, 3.0), mask)


def boosted(scheme: Scheme, kind: LayerKind) -> tuple[Weight, tuple[int, ...]]:
    """A weight with one entry far larger than the rest."""
    weight = weight_of(kind, (13, 11))
    entry = (9, weight.shape[1] - 1, *(k // 2 for k in KERNELS[kind]))
    weight[entry] = 1000.0
    return weight, entry


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [(s, k) for s in SCHEMES.values() for k in KERNELS if s.applies(k)],
    ids=lambda v: getattr(v, "name", v),
)
def test_an_outstanding_weight_stays(scheme: Scheme, kind: LayerKind) -> None:
    weight, entry = boosted(scheme, kind)
    assert all(scheme.mask(weight, rate)[entry] for rate in rates_of(scheme))


def test_unstructured_keeps_the_largest() -> None:
    weight = np.array([[3.0, -9.0, 1.0], [0.5, 4.0, -2.0]], dtype=np.float32)
    assert SCHEMES["unstructured"].mask(weight, 2.0).tolist() == [[True, True, False], [False, True, False]]


@pytest.mark.parametrize("size", SIZES)
def test_filters_go_whole(size: tuple[int, int]) -> None:
    weight = weight_of("conv3x3", size)
    rows = SCHEMES["filter"].mask(weight, 3.0).reshape(size[0], -1)
    assert (rows.all(axis=1) == rows.any(axis=1)).all()
    kept = rows.all(axis=1)
    norms = np.linalg.norm(weight.reshape(size[0], -1), axis=1)
    assert kept.all() or norms[kept].min() >= norms[~kept].max()


@pytest.mark.parametrize("kind", ["conv3x3", "depthwise"])
@pytest.mark.parametrize("size", SIZES)
def test_pattern_structure(kind: LayerKind, size: tuple[int, int]) -> None:
    weight = weight_of(kind, size)
    full = SCHEMES["pattern"].mask(weight, 2.25).reshape(-1, 9)
    assert (full.sum(axis=1) == 4).all() and full[:, 4].all()
    used = np.unique(full, axis=0)
    assert len(used) <= 8
    assert all(any(np.array_equal(shape, pattern) for pattern in PATTERNS) for shape in used)
    for rate in (3.0, 10.0):
        kernels = SCHEMES["pattern"].mask(weight, rate).reshape(-1, 9)
        assert set(kernels.sum(axis=1)) <= {0, 4}
        kept = kernels.any(axis=1)
        assert np.array_equal(kernels[kept], full[kept])


def test_pattern_takes_the_frequent_natural_ones() -> None:
    """Nine shapes ask for a place; the eight most frequent get one, the ninth's kernels make do."""
    shapes = PATTERNS[::6][:9]
    weight = np.concatenate([np.repeat(shape[None], 20 - i, axis=0) for i, shape in enumerate(shapes)])
    mask = SCHEMES["pattern"].mask(weight.reshape(-1, 1, 3, 3).astype(np.float32), 2.25).reshape(-1, 9)
    used = {tuple(row) for row in mask}
    assert used == {tuple(shape) for shape in shapes[:8]}
    assert np.array_equal(mask[:-12], weight[:-12])


@pytest.mark.parametrize("kind", ["conv3x3", "conv1x1", "conv", "depthwise", "depthwise_other"])
@pytest.mark.parametrize("size", SIZES)
def test_block_punched_positions_are_uniform_in_the_block(kind: LayerKind, size: tuple[int, int]) -> None:
    mask = SCHEMES["block_punched"].mask(weight_of(kind, size), 3.0)
    for row in range(0, mask.shape[0], 8):
        for column in range(0, mask.shape[1], 4):
            block = mask[row : row + 8, column : column + 4]
            assert (block == block[:1, :1]).all()


def test_block_punched_score_is_the_sum_of_the_channels_norms() -> None:
    """Two blocks: one large channel (L2 3 = norm 3) loses to four of norm 1 (their joint L2 is only 2)."""
    weight = np.zeros((1, 8, 1, 1), dtype=np.float32)
    weight[0, 0], weight[0, 4:] = 3.0, 1.0
    assert SCHEMES["block_punched"].mask(weight, 2.0).ravel().tolist() == [False] * 4 + [True] * 4


@pytest.mark.parametrize("kind", ["fc", "conv1x1"])
@pytest.mark.parametrize("size", SIZES)
def test_block_columns_go_whole_and_every_group_keeps_one(kind: LayerKind, size: tuple[int, int]) -> None:
    mask = SCHEMES["block"].mask(weight_of(kind, size), 10.0).reshape(size)
    for row in range(0, size[0], 8):
        group = mask[row : row + 8]
        assert (group == group[:1]).all() and group.any()


def test_last_small_blocks_are_not_punished() -> None:
    """33 filters of equal spread: the lone last row keeps about its share."""
    weight = weight_of("fc", (33, 400))
    for name in ("block",):
        assert 0.3 < SCHEMES[name].mask(weight, 2.0)[32].mean() < 0.7


def test_pattern_refuses_rates_it_cannot_give() -> None:
    with pytest.raises(AssertionError, match=r"start at rate 2\.25"):
        SCHEMES["pattern"].mask(weight_of("conv3x3", (4, 4)), 2.0)


@pytest.mark.parametrize(
    ("op", "channels", "kind"),
    [
        (Conv2d(filters=4, kernel=(3, 3)), 6, "conv3x3"),
        (Conv2d(filters=4, kernel=(3, 3), stride=(2, 2), dilation=(2, 2)), 6, "conv3x3"),
        (Conv2d(filters=4, kernel=(1, 1)), 6, "conv1x1"),
        (Conv2d(filters=4, kernel=(7, 7)), 6, "conv"),
        (Conv2d(filters=4, kernel=(1, 3)), 6, "conv"),
        (Conv2d(filters=6, kernel=(3, 3), groups=6), 6, "depthwise"),
        (Conv2d(filters=6, kernel=(5, 5), groups=6), 6, "depthwise_other"),
        (Conv2d(filters=1, kernel=(3, 3)), 1, "conv3x3"),
        (Conv2d(filters=6, kernel=(3, 3), groups=2), 6, None),
        (Conv2d(filters=12, kernel=(3, 3), groups=6), 6, None),
        (Linear(filters=3), 6, "fc"),
        (Relu(), 6, None),
    ],
)
def test_kind_of(op: Conv2d | Linear | Relu, channels: int, kind: LayerKind | None) -> None:
    node = Node("layer", op, ("image",))
    graph = Graph("g", (Node("image", Input(shape=(1, channels, 9, 9))), node), ("layer",))
    assert kind_of(node, graph) == kind
