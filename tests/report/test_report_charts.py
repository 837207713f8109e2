from __future__ import annotations

import numpy as np
import pytest

from npas.report.charts import Axis, span, staircase, ticks, whole_ticks


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_ticks_say_where_they_stand(scale):
    generator = np.random.default_rng(3)
    for _ in range(300):
        low = float(generator.uniform(0, 100) * 10.0 ** generator.integers(-4, 4))
        high = low + float(generator.uniform(0.01, 10) * 10.0 ** generator.integers(-4, 4))
        axis = Axis(low, high, 0.0, 1e7)  # so fine that rounding to 0.1 does not matter
        marks = ticks(axis, 6, scale=scale)
        assert 2 <= len(marks) <= 8
        assert len({mark.label for mark in marks}) == len(marks)
        for mark in marks:
            value = float(mark.label.replace(",", "")) / scale
            assert mark.at == pytest.approx(
                (value - low) / (high - low) * 1e7, abs=1.0 + 1e-9 * value / (high - low) * 1e7
            )


def test_steps_are_round():
    assert [t.label for t in ticks(Axis(0.0, 1.0, 0, 100), 4)] == ["0.00", "0.25", "0.50", "0.75", "1.00"]
    assert [t.label for t in ticks(Axis(0.0, 10.0, 0, 100), 5)] == ["0", "2", "4", "6", "8", "10"]
    assert [t.label for t in ticks(Axis(0.0, 0.1, 0, 100), 4)] == ["0.000", "0.025", "0.050", "0.075", "0.100"]
    assert [t.label for t in ticks(Axis(0.9, 1.0, 0, 100), 5, scale=100.0)] == ["90", "92", "94", "96", "98", "100"]


def test_counts_get_whole_ticks():
    assert [t.label for t in whole_ticks(Axis(-0.6, 39.6, 0, 100), 10)] == [
        "0",
        "5",
        "10",
        "15",
        "20",
        "25",
        "30",
        "35",
    ]
    assert [t.label for t in whole_ticks(Axis(-0.6, 0.6, 0, 100), 10)] == ["0"]


@pytest.mark.parametrize("values", [[], [0.0], [5.0], [-3.0], [1.0, 1.0], [0.0, 1e-12], [1e9, 1e9]])
def test_spans_are_never_empty_and_hold_their_values(values):
    low, high = span(values)
    assert low < high and all(low <= value <= high for value in values)


def test_spans_respect_their_floor():
    assert span([0.1, 5.0], floor=0.0)[0] == 0.0
    assert span([0.5, 1.0], 0.0, 1.0)[1] < 1.02


def test_a_staircase_holds_each_value_until_the_next():
    assert staircase([(1, 9), (4, 7), (6, 3.5)]) == "M1 9H4V7H6V3.5"
