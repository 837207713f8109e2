"""The genetic search on a made-up cost: it finds, never repeats itself, and is decided by its seed."""

from __future__ import annotations

import numpy as np
import pytest

from npas.compiler.schedules.lanes import LaneWork, lane_schedules, lane_space
from npas.compiler.schedules.records import AnySchedule, LaneSchedule
from npas.tuning.genetic import Genetic

WORK = LaneWork(64, 64, 9, 28, 28, 30, 64, 1, 1.0)
SPACE = lane_space(WORK, "avx2", 2)
SEEDS = lane_schedules(WORK, "avx2", 2)


def cost(schedule: AnySchedule) -> float:
    """Smooth, with its least at 2 vectors x 4 pixels, 32 tiles, 32 channels; far from every seed."""
    assert isinstance(schedule, LaneSchedule)
    s = schedule
    far = abs(s.vectors - 2) + abs(s.pixels - 4) + abs(np.log2(s.tiles_at_a_time / 32)) + abs(s.channel_block - 32) / 16
    return 1.0 + float(far) + (0.5 if s.split == "pixels" else 0.0)


def run(generations: int, seed: int) -> tuple[float, list[AnySchedule]]:
    search = Genetic(SPACE, SEEDS, 8, np.random.default_rng(seed))
    tried: list[AnySchedule] = []
    for _ in range(generations):
        for schedule in search.propose():
            tried.append(schedule)
            search.tell(schedule, cost(schedule))
    return min(map(cost, tried)), tried


def random_best(count: int, seed: int) -> float:
    rng = np.random.default_rng(seed)
    return min(cost(SPACE.random(rng)) for _ in range(count))


def test_beats_random_search_with_as_many_measurements():
    ours = [run(10, seed)[0] for seed in range(10)]
    blind = [random_best(80, seed) for seed in range(10)]
    assert np.mean(ours) < np.mean(blind)
    assert np.mean(ours) < 2.0


def test_begins_with_the_estimates_and_repeats_nothing():
    _, tried = run(6, 0)
    assert tuple(tried[: len(SEEDS)]) == SEEDS[:8]
    assert len(set(tried)) == len(tried) == 48


def test_equal_seeds_propose_the_same():
    assert run(4, 3) == run(4, 3)
    assert run(4, 3)[1] != run(4, 4)[1]


def test_ends_where_nothing_is_left():
    space = lane_space(LaneWork(8, 8, 1, 1, 2, 2, 8, 1, 1.0), "avx2", 1)
    search = Genetic(space, [], 100, np.random.default_rng(0))
    first = search.propose()
    assert first
    for schedule in first:
        search.tell(schedule, 1.0)
    assert len(first) <= space.size
    assert all(schedule in space for schedule in first)
    assert search.propose() == ()


@pytest.mark.parametrize("times", [(2.0, 1.0), (1.0, 2.0)])
def test_the_least_time_of_a_schedule_counts(times):
    search = Genetic(SPACE, SEEDS, 2, np.random.default_rng(0))
    for time in times:
        search.tell(SEEDS[0], time)
    assert search.times[SEEDS[0]] == 1.0
