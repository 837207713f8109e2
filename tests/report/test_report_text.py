from __future__ import annotations

import build_folders as builds
import pytest

from npas.report import units
from npas.report.text import front_table, summary
from npas.report.trials import pareto_front
from npas.search.candidate import Candidate
from npas.search.trial import Evaluation, Trial


def trial(number: int, accuracy: float | None, latency_ms: float = 1.0) -> Trial:
    candidate = Candidate.from_json(builds.candidate())
    if accuracy is None:
        return Trial(number, candidate, "agent", None, None, "failed")
    return Trial(number, candidate, "agent", Evaluation(accuracy, latency_ms), accuracy)


def test_summary_of_a_whole_build():
    assert summary(builds.manifest(), builds.bench(), builds.verify()).splitlines() == [
        "digits",
        "  latency     0.412 ms [0.404, 0.420] on AMD EPYC 9B14, avx512, 2 threads",
        "  speed-up    3.96× [3.81, 4.07] over dense, dense 1.63 ms",
        "  accuracy    pretrained 98.22 % → friendly 98.00 % → final 97.33 % (−0.89 points), admm",
        "  weights     89.1 KiB, dense 393 KiB",
        "  constraint  met: at most 0.500 ms",
        "  numerics    as ONNX Runtime: relative L2 3.10e-07, 5 of 6 layers exact on integers",
    ]


def test_summary_says_what_is_missing_and_what_is_wrong():
    lines = summary({}, {}, {}).splitlines()
    assert lines[1:4] == ["  latency     not measured", "  speed-up    not measured", "  accuracy    " + lines[3][14:]]
    assert "final not measured" in lines[3] and lines[6].endswith("not verified")
    bad = builds.verify() | {"passed": False, "first_difference": "conv3\x1b[2J"}
    text = summary(builds.manifest() | {"constraint_met": False}, builds.bench() | {"stable": False}, bad)
    assert "NOT met" in text and "DIFFER, first at conv3" in text and "(unstable)" in text and "\x1b" not in text


def test_front_holds_what_nothing_beats():
    trials = [trial(0, 0.90, 2.0), trial(1, 0.80, 1.0), trial(2, None), trial(3, 0.79, 1.5), trial(4, 0.95, 2.5)]
    trials += [trial(5, 0.80, 1.0), trial(6, 0.90, 2.2), trial(7, 0.85, 1.0)]
    assert [t.number for t in pareto_front(trials)] == [7, 0, 4]
    assert pareto_front([]) == pareto_front([trial(0, None)]) == ()
    assert [t.number for t in pareto_front([trial(0, 0.0, 0.0)])] == [0]


def test_front_table_is_aligned():
    trials = [trial(0, 0.975, 12.5), trial(11, 0.8, 0.75), trial(2, None)]
    assert front_table(trials, 0.5).splitlines() == [
        "trial   latency  accuracy  against budget",
        "   11  0.750 ms   80.00 %         +50.0 %",
        "    0   12.5 ms   97.50 %       +2400.0 %",
    ]
    assert "budget" not in front_table(trials)
    assert front_table([trial(0, None)]) == "no trial was measured (1 failed)"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (units.milliseconds(0.0123), "0.0123 ms"),
        (units.milliseconds(41234.5), "41,234 ms"),
        (units.milliseconds(0.0), "0 ms"),
        (units.milliseconds(9.999), "10.00 ms"),
        (units.size(1023), "1,023 B"),
        (units.size(1 << 20), "1.00 MiB"),
        (units.size(None), "not measured"),
        (units.points(-0.00001), "±0.00 points"),
        (units.points(0.012), "+1.20 points"),
        (units.relative(0.0, 1.0), "from zero"),
        (units.operations(41_200_000), "41.2 M"),
        (units.operations(12), "12"),
        (units.seconds(125.0 * 60), "2 h 5 min"),
        (units.error(0.0), "0"),
    ],
)
def test_quantities(shown, expected):
    assert shown == expected
