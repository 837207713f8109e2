"""Builds for an OpenCL device: to a good end, and after the device failed in the middle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import tiny

TARGET = "{type: opencl, threads: 2}"


@pytest.mark.parametrize(("function", "code"), [("clEnqueueNDRangeKernel", 7), ("clBuildProgram", 8)])
def test_a_build_whose_device_fails_goes_on_where_it_was(
    model: Path, tmp_path: Path, failing_opencl: Callable[[str, Path], Mapping[str, str]], function: str, code: int
) -> None:
    (tmp_path / "tiny.onnx").symlink_to(model / "tiny.onnx")
    spec, out, mark = tiny.write_spec(tmp_path, trials=4, target=TARGET), tmp_path / "out", tmp_path / "mark"
    told = failing_opencl(function, mark)
    with tiny.running("-v", "build", spec, "--out", out, environment=told) as build:
        assert build.wait_until(lambda: tiny.evaluated(build.stderr()) != []), build.stderr()
        mark.touch()
        assert build.wait() == code, build.stderr()
        stored = tiny.evaluated(build.stderr())[:-1]  # all but that in which the device failed
        assert f"error {'-36' if code == 7 else '-11'}" in build.stderr()

    mark.unlink()
    done = tiny.npas("-v", "build", spec, "--out", out, environment=told)
    assert done.code == 0, done.stderr
    again = tiny.evaluated(done.stderr)
    assert stored + again == [0, 1, 2, 3], "no trial was lost, and none was done twice"
    assert tiny.read_json(out / "verify.json")["passed"]
    assert "isa: opencl" in (out / "plan.yaml").read_text()
