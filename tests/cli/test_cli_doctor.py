"""``npas doctor``: what is here, what is missing, and the command for it."""

import importlib.metadata
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from npas import doctor
from npas.cli import app
from npas.doctor import Finding
from npas.errors import CompileError
from npas.targets import toolchain
from npas.targets.compilers import Compiler

ROOT = Path(__file__).parents[2]


def test_it_knows_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in project["dependencies"]]
    assert [name[0] for name in names if name] == list(doctor.PACKAGES)


def test_json_and_text_tell_the_same() -> None:
    result = CliRunner().invoke(app, ["doctor", "--json"])
    found = json.loads(result.stdout)
    names = [finding["name"] for finding in found["findings"]]
    assert {"python", "torch", "isa", "cores", "c++ compiler", "cmake", "ninja"} <= set(names)
    assert found["ready"] == (result.exit_code == 0) == all(f["ok"] or not f["needed"] for f in found["findings"])
    text = CliRunner().invoke(app, ["doctor"]).stdout
    assert all(f"  {name}" in text for name in names)


def missing_compiler() -> Compiler:
    raise CompileError("none")


@pytest.mark.parametrize(
    ("find", "says"),
    [
        (missing_compiler, "apt-get install g++"),
        (lambda: Compiler(("false",), "gcc", "1"), "false: exit code 1"),
    ],
)
def test_without_a_working_compiler_it_exits_8(
    find: Callable[[], Compiler], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(toolchain, "find_compiler", find)
    monkeypatch.setattr(doctor, "PACKAGES", ())
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 8
    assert says in result.stdout and "install ziglang" in result.stdout


def test_a_missing_package_comes_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "onnx":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 7 and "pip install onnx\n" in result.stdout


def test_only_needed_things_keep_a_build_from_running() -> None:
    here, nice = Finding("a", "1"), Finding("cmake", "", "apt-get install cmake", needed=False)
    assert doctor.exit_code((here, nice)) == 0
    assert doctor.text((here, nice)).endswith("A build can run here.")
    gone = (here, Finding("b", "", "get b", exit_code=8), Finding("c", "", "get c"))
    assert doctor.exit_code(gone) == 8
    assert doctor.text(gone).endswith("\n  get b\n  get c")
