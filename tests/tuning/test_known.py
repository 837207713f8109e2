"""What was tuned is kept per device and compiler, whole at any moment, and never trusted blindly."""

from __future__ import annotations

import json
import logging

import pytest

from npas.compiler.schedules.records import DepthwiseSchedule
from npas.targets.local import LocalDevice
from npas.tuning.known import Found, Known

FOUND = Found(schedule=DepthwiseSchedule(pixels=4), time_ms=0.5, default_ms=0.6, generations=2)


def test_findings_are_read_back_and_merged(tmp_path):
    known = Known(LocalDevice(), tmp_path)
    assert known.read() == {}
    known.add({"a": FOUND, "b": FOUND})
    newer = FOUND.model_copy(update={"time_ms": 0.4})
    known.add({"b": newer})
    assert Known(LocalDevice(), tmp_path).read() == {"a": FOUND, "b": newer}
    assert [path.name for path in tmp_path.iterdir()] == [known.path.name]


def test_a_folder_that_cannot_be_written_is_said(tmp_path, caplog):
    (tmp_path / "tuning").write_text("a file")
    with caplog.at_level(logging.WARNING):
        Known(LocalDevice(), tmp_path / "tuning").add({"a": FOUND})
    assert "cannot be written" in caplog.text


def test_devices_have_files_of_their_own(tmp_path):
    class Other(LocalDevice):
        def describe(self) -> str:
            return "another machine"

    Known(LocalDevice(), tmp_path).add({"a": FOUND})
    assert Known(Other(), tmp_path).read() == {}


@pytest.mark.parametrize(
    "text", ["", "not json", '{"npas_tuning": 2}', '{"npas_tuning": 1, "device": "", "compiler": "", "layers": 3}']
)
def test_a_damaged_file_counts_for_nothing_and_is_said(tmp_path, caplog, text):
    known = Known(LocalDevice(), tmp_path)
    known.path.parent.mkdir(parents=True, exist_ok=True)
    known.path.write_text(text)
    with caplog.at_level(logging.WARNING, logger="npas.tuning"):
        assert known.read() == {}
    assert str(known.path) in caplog.text
    known.add({"a": FOUND})
    assert known.read() == {"a": FOUND}


def test_a_schedule_of_another_version_costs_no_other_layer(tmp_path, caplog):
    known = Known(LocalDevice(), tmp_path)
    known.add({"a": FOUND, "b": FOUND})
    stored = json.loads(known.path.read_text())
    stored["layers"]["b"]["schedule"]["no_longer_there"] = 3
    known.path.write_text(json.dumps(stored))
    with caplog.at_level(logging.WARNING, logger="npas.tuning"):
        assert known.read() == {"a": FOUND}
    assert "1 of 2 layers" in caplog.text
    assert str(known.path) in caplog.text
    known.add({"c": FOUND})
    assert known.read() == {"a": FOUND, "c": FOUND}


@pytest.mark.parametrize("time", [0.0, -1.0, float("nan"), float("inf")])
def test_times_are_positive(time):
    with pytest.raises(ValueError):
        Found(schedule=DepthwiseSchedule(pixels=4), time_ms=time, default_ms=1.0, generations=1)
