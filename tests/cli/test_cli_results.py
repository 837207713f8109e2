"""``npas diff`` and ``npas report`` on the folders of small builds."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from npas.cli import app


def write(folder: Path, accuracy: float, rate: float) -> Path:
    candidate = {"conv1": {"filter_type": "3x3", "scheme": "filter", "rate": rate}}
    manifest = {"name": "digits", "accuracy": {"final": accuracy}, "candidate": candidate}
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def invoke(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def builds(tmp_path: Path) -> tuple[Path, Path]:
    return write(tmp_path / "a", 0.98, 2.0), write(tmp_path / "b", 0.97, 5.0)


def test_diff_shows_without_failing(builds: tuple[Path, Path]) -> None:
    result = invoke("diff", *builds)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "conv1" in result.stdout and "\x1b" not in result.stdout
    found = json.loads(invoke("diff", *builds, "--json").stdout)
    assert found["accuracy"]["change"] == -0.01


@pytest.mark.parametrize(
    ("fail_on", "words"),
    [
        (["accuracy"], ["accuracy"]),
        (["schemes,accuracy"], ["schemes", "accuracy"]),
        (["schemes", "accuracy"], ["schemes"]),
    ],
)
def test_diff_exits_9_on_what_was_named(builds: tuple[Path, Path], fail_on: list[str], words: list[str]) -> None:
    options = [part for word in fail_on for part in ("--fail-on", word)]
    result = invoke("diff", *builds, *options)
    assert result.exit_code == 9 and "conv1" in result.stdout
    assert all(f"got {word}: " in result.stderr for word in words)
    same = invoke("diff", builds[0], builds[0], *options)
    assert (same.exit_code, same.stderr) == (0, "")


def test_diff_knows_its_categories(builds: tuple[Path, Path]) -> None:
    result = invoke("diff", *builds, "--fail-on", "speed")
    assert (result.exit_code, result.stdout) == (2, "") and "'speed'" in result.stderr


def test_report_writes_the_page_and_names_it(builds: tuple[Path, Path]) -> None:
    result = invoke("report", builds[0])
    assert (result.exit_code, result.stdout) == (0, f"{builds[0] / 'report.html'}\n")
    assert "digits" in (builds[0] / "report.html").read_text(encoding="utf-8")
