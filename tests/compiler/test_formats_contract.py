"""The contract of every storage format, parametrised from the registry: a new one enters by existing."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import pytest

from npas.compiler.formats import FORMATS
from npas.compiler.formats.base import Floats, Geometry
from npas.compiler.formats.bcs import NO_FILTER
from npas.compiler.indexed import pack
from npas.schemes import SCHEMES, LayerKind

ROWS = (1, 2, 4, 8, 16)
KINDS: dict[LayerKind, tuple[int, ...]] = {
    "conv3x3": (24, 20, 3, 3),
    "conv1x1": (24, 20, 1, 1),
    "conv": (17, 9, 5, 3),
    "depthwise": (21, 1, 3, 3),
    "depthwise_other": (21, 1, 5, 5),
    "fc": (40, 33),
}


@dataclass(frozen=True)
class Case:
    """A matrix [F, K] of a layer with G groups and T taps."""

    name: str
    matrix: Floats
    groups: int = 1
    taps: int = 1

    def geometry(self, rows: int, reorder: bool, depth: int = 1, lanes: int = 0) -> Geometry:
        return Geometry(len(self.matrix), self.matrix.shape[1], self.groups, rows, self.taps, reorder, depth, lanes)

    @property
    def depths(self) -> tuple[int, ...]:
        """How many channels of each group an entry of a list may cover."""
        return tuple(depth for depth in (1, 2, 4) if self.matrix.shape[1] // self.taps % depth == 0)


def drawn(*shape: int, kept: float = 1.0, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    weight = rng.standard_normal(shape).astype(np.float32)
    return np.where(rng.random(shape) < kept, weight, np.float32(0))


def masked(scheme: str, kind: LayerKind, rate: float) -> Case:
    weight = drawn(*KINDS[kind], seed=len(kind))
    mask = SCHEMES[scheme].mask(weight, rate)
    pruned = np.where(mask, weight, np.float32(0)).reshape(len(weight), -1)
    groups = len(weight) if kind.startswith("depthwise") else 1
    return Case(f"{scheme}-{kind}-{rate:g}", pruned, groups, prod(weight.shape[2:]))


def four_entries(*shape: int) -> Floats:
    """3x3 kernels with four entries or fewer, some of them none."""
    rng = np.random.default_rng(3)
    weight = np.zeros((*shape, 9), np.float32)
    for place in np.ndindex(*shape):
        taps = rng.choice(9, int(rng.integers(0, 5)), replace=False)
        weight[(*place, taps)] = rng.standard_normal(len(taps))
    return weight.reshape(shape[0], -1)


SHAPES = [
    Case("full", drawn(12, 18), taps=9),
    Case("odd", drawn(7, 27, kept=0.3), taps=9),
    Case("one filter", drawn(1, 9, kept=0.5), taps=9),
    Case("one weight", drawn(1, 1)),
    Case("empty", np.zeros((6, 18), np.float32), taps=9),
    Case("one empty", np.zeros((1, 1), np.float32)),
    Case("some empty", drawn(9, 10, kept=0.5) * (np.arange(9) % 3 == 0)[:, None].astype(np.float32)),
    Case("groups", drawn(12, 18, kept=0.4), groups=4, taps=9),
    Case("ragged groups", drawn(15, 25, kept=0.4), groups=3, taps=25),
    Case("depthwise", drawn(11, 9, kept=0.4), groups=11, taps=9),
    Case("four entries", four_entries(10, 6), taps=9),
    Case("four entries in groups", four_entries(10, 3), groups=5, taps=9),
    Case("same lists", np.repeat(drawn(3, 40, kept=0.2), [5, 9, 2], axis=0)[np.random.default_rng(0).permutation(16)]),
    Case("wide", drawn(3, 70_000, kept=0.001)),
]
CASES = SHAPES + [
    masked(name, kind, rate)
    for name, scheme in SCHEMES.items()
    for kind in KINDS
    if scheme.applies(kind)
    for rate in (1.0, 3.0, 10.0)
    if rate == 1 or rate >= scheme.min_rate
]


def geometries(name: str, case: Case) -> list[Geometry]:
    """Those under which the format takes the case; ``test_what_a_format_takes`` says which these must be."""
    wanted = [
        case.geometry(rows, reorder, depth, lanes)
        for rows in ROWS
        for reorder in (True, False)
        for depth in case.depths
        for lanes in (0, 4, 8, 16)
        if lanes == 0 or (depth > 1 and rows * depth % lanes == 0)
    ]
    return [geometry for geometry in wanted if FORMATS[name].takes(case.matrix, geometry)]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestContract:
    def test_what_was_packed_comes_back(self, name, case):
        for geometry in geometries(name, case):
            packed = FORMATS[name].pack(case.matrix, geometry)
            assert packed.weights.dtype == np.float32
            assert packed.weights.ndim == 1
            back = FORMATS[name].unpack(packed, geometry)
            assert back.dtype == np.float32
            np.testing.assert_array_equal(back, case.matrix, err_msg=str(geometry))
            stored = packed.weights[packed.weights != 0]
            np.testing.assert_array_equal(np.sort(stored), np.sort(case.matrix[case.matrix != 0]))

    def test_indices_are_whole_and_in_bounds(self, name, case):
        for geometry in geometries(name, case):
            packed = FORMATS[name].pack(case.matrix, geometry)
            most = max(case.matrix.shape[1] * case.groups, len(case.matrix) * case.taps, packed.weights.size)
            for array in packed.indices:
                assert array.dtype == np.int64
                assert array.ndim == 1
                real = array[array != NO_FILTER]
                assert ((real >= 0) & (real <= most)).all(), geometry


@pytest.mark.parametrize("name", FORMATS)
def test_what_a_format_takes(name):
    """Whatever a matrix holds, every format stores it or says that it does not; the limits are of rows and of fkw.
    Entries of several channels are bcs's alone."""
    for case in CASES:
        kernels = (case.matrix.reshape(-1, case.taps) != 0).sum(axis=1)
        for rows in ROWS:
            limits = {"csr": rows == 1, "fkw": rows == 1 and case.taps == 9 and kernels.max() <= 4}
            assert FORMATS[name].takes(case.matrix, case.geometry(rows, True)) == limits.get(name, True), case.name
            for depth in case.depths[1:]:
                assert FORMATS[name].takes(case.matrix, case.geometry(rows, True, depth)) == (name == "bcs"), case.name


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", ROWS)
def test_pack_holds_every_matrix_under_any_wish(name, rows):
    """The sections of the weights file: weights, bias, indices of 16 bits where these suffice."""
    for case in SHAPES:
        for depth in case.depths if rows > 1 else (1,):
            geometry, bias = case.geometry(rows, True, depth), np.ones(len(case.matrix), np.float32)
            used, sections = pack(case.matrix, bias, name, geometry)
            assert used == name or not FORMATS[name].takes(case.matrix, geometry)
            assert FORMATS[used].takes(case.matrix, geometry)
            assert sections[0].dtype == np.float32
            np.testing.assert_array_equal(sections[1], bias)
            for array, exact in zip(sections[2:], FORMATS[used].pack(case.matrix, geometry).indices, strict=True):
                np.testing.assert_array_equal(array, exact)
                assert array.dtype == (np.uint32 if exact.size and exact.max() > 65535 else np.uint16)


@pytest.mark.parametrize(("name", "scheme"), [("csr", "unstructured"), ("fkw", "pattern"), ("bcs", "block_punched")])
def test_a_scheme_in_its_format_shrinks_with_the_rate(name, scheme):
    weight = drawn(64, 64, 3, 3)
    rows = 8 if name == "bcs" else 1
    geometry = Geometry(64, 64 * 9, 1, rows, 9)
    dense = FORMATS["dense"].pack(weight.reshape(64, -1), geometry).weights.size
    sizes = []
    for rate in (2.25, 3.0, 5.0, 10.0):
        pruned = np.where(SCHEMES[scheme].mask(weight, rate), weight, np.float32(0)).reshape(64, -1)
        packed = FORMATS[name].pack(pruned, geometry)
        sizes.append(packed.weights.size)
        assert packed.weights.size == pytest.approx(dense / rate, rel=0.02)
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == len(sizes)


def test_block_punched_filters_share_their_lists():
    weight = drawn(64, 64, 3, 3)
    matrix = np.where(SCHEMES["block_punched"].mask(weight, 5.0), weight, np.float32(0)).reshape(64, -1)
    for rows in (4, 8):
        indices = FORMATS["bcs"].pack(matrix, Geometry(64, 576, 1, rows, 9)).indices
        _, list_of, starts, columns = indices
        assert len(list_of) == 64 // rows
        assert len(starts) - 1 == 64 // 8  # blocks of eight filters, whatever the rows
        assert len(columns) == np.count_nonzero(matrix) // 8
        assert sum(array.size for array in indices) < np.count_nonzero(matrix) / 4


def test_free_order_brings_filters_of_one_list_together():
    rng = np.random.default_rng(0)
    lists = np.repeat(drawn(4, 30, kept=0.3), 4, axis=0) != 0
    matrix = np.where(lists, drawn(16, 30), np.float32(0))[rng.permutation(16)]
    packed = FORMATS["bcs"].pack(matrix, Geometry(16, 30, 1, 4))
    assert packed.weights.size == np.count_nonzero(matrix)  # no zero is stored
    bound = FORMATS["bcs"].pack(matrix, Geometry(16, 30, 1, 4, reorder=False))
    assert bound.weights.size > packed.weights.size
    np.testing.assert_array_equal(bound.indices[0], np.arange(16))


def test_pairs_of_channels_stand_side_by_side():
    """Two filters, four channels of two taps; a pair is stored where either channel keeps its weight."""
    matrix = np.zeros((2, 4, 2), np.float32)
    matrix[0, 0, 1], matrix[1, 1, 1], matrix[0, 3, 0] = 1, 2, 3
    packed = FORMATS["bcs"].pack(matrix.reshape(2, 8), Geometry(2, 8, 1, 2, 2, False, 2))
    rows, list_of, starts, columns = packed.indices
    np.testing.assert_array_equal(columns, [1, 4])  # channel 0 at tap 1, channel 2 at tap 0
    np.testing.assert_array_equal(packed.weights.reshape(2, 2, 2), [[[1, 0], [0, 2]], [[0, 3], [0, 0]]])
    assert (rows.tolist(), list_of.tolist(), starts.tolist()) == ([0, 1], [0], [0, 2])


@pytest.mark.parametrize(("lanes", "vectors", "depth"), list(product((4, 8, 16), (1, 2, 4), (2, 4))))
def test_swaps_of_neighbours_bring_the_sums_of_a_filter_into_its_lane(lanes, vectors, depth):
    """As kernels do after their lists: of one list's vectors, and then of those that other lists fill."""
    rows, width = vectors * lanes // depth, min(vectors, depth)
    geometry = Geometry(rows, depth, rows=rows, reorder=False, depth=depth, lanes=lanes)
    sums = np.arange(rows * depth).reshape(rows, depth) ** 2  # of each filter, by channel
    stored = sums.ravel()[geometry.entry_order()].reshape(-1, width, lanes)
    lane = np.arange(lanes)
    met = sum(stored[:, k, lane ^ k] for k in range(width))  # [planes, lanes]
    # Lanes that differ by a multiple of W, in D of them, still have the same filter and other channels.
    met = met.reshape(-1, lanes // depth, depth // width, width).sum(axis=2)
    np.testing.assert_array_equal(met.ravel(), sums.sum(axis=1))


def test_block_punched_channels_shorten_their_lists_in_pairs_and_fours():
    weight = drawn(64, 64, 3, 3)
    matrix = np.where(SCHEMES["block_punched"].mask(weight, 5.0), weight, np.float32(0)).reshape(64, -1)
    one, *others = (FORMATS["bcs"].pack(matrix, Geometry(64, 576, 1, 8, 9, False, depth)) for depth in (1, 2, 4))
    for depth, packed in zip((2, 4), others, strict=True):
        assert packed.indices[-1].size * depth == one.indices[-1].size
        assert packed.weights.size == one.weights.size


def test_one_filter_with_several_channels_side_by_side_is_a_block():
    """A row of csr has one channel an entry, whatever the layer's scheme was."""
    matrix = drawn(4, 8, kept=0.5)
    geometry = Geometry(4, 8, rows=1, taps=1, reorder=False, depth=4)
    format_, sections = pack(matrix, np.zeros(4, np.float32), "csr", geometry)
    assert format_ == "bcs"
    assert sections[0].size % 4 == 0
