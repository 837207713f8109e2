"""The command line with the pipeline replaced: arguments in, text or JSON out, exit codes, streams."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

import npas
from npas import errors
from npas.cli import app
from npas.spec import load

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "specs/digits.yaml"
COMMANDS = [
    "init",
    "validate",
    "plan",
    "build",
    "search",
    "generate",
    "verify",
    "bench",
    "diff",
    "report",
    "doctor",
    "schema",
]
MANIFEST = {
    "name": "digits",
    "accuracy": {"pretrained": 0.985, "friendly": 0.984, "final": 0.981},
    "latency_ms": 0.4,
    "dense_latency_ms": 1.2,
    "weights_bytes": 300_000,
    "dense_weights_bytes": 2_000_000,
    "constraint_met": True,
    "budget_ms": 0.6,
    "algorithm": "admm",
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command in an empty folder; gives exit_code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NPAS_DEBUG", raising=False)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A pipeline that runs nothing: tests put functions into it."""
    module = ModuleType("npas.pipeline")
    monkeypatch.setitem(sys.modules, "npas.pipeline", module)
    monkeypatch.setattr(npas, "pipeline", module, raising=False)
    return module


def fails(error: BaseException) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


@pytest.mark.parametrize(
    "arguments", [["--help"], ["build", "--help"], ["--version"], ["validate", str(DIGITS)], ["schema"]]
)
def test_light_commands_import_no_heavy_package(arguments: list[str]) -> None:
    code = f"""
import sys
from npas.cli import app
try:
    app({arguments!r})
except SystemExit as end:
    assert not end.code, end.code
heavy = {{"torch", "onnx", "onnxruntime", "numpy", "scipy", "sklearn"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, capture_output=True)


def test_help_lists_every_command_in_order(run: Callable[..., Any]) -> None:
    text = run("--help").stdout
    places = [text.index(f" {command} ") for command in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run: Callable[..., Any], command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0 and f"npas {command}" in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["bulid"],
        ["build"],
        ["build", "--nope"],
        ["verify", "nowhere"],
        ["verify", ".", "--samples", "0"],
        ["plan", "x.yaml"],
        ["build", "nowhere.yaml"],
        ["validate"],
        ["build", str(DIGITS), "--locked", "--fresh"],
        ["diff", ".", "nowhere"],
        [],
    ],
)
def test_wrong_usage_exits_2_and_says_so_on_stderr(run: Callable[..., Any], arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert (result.stderr and not result.stdout) or not arguments


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError("x"), 2),
        (errors.SpecError("x"), 3),
        (errors.UnsupportedError("x"), 4),
        (errors.ConstraintError("x"), 5),
        (errors.NumericsError("x"), 6),
        (errors.DeviceError("x"), 7),
        (errors.CompileError("x"), 8),
        (errors.DriftError("x"), 9),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError("x"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_has_its_exit_code(
    run: Callable[..., Any], pipeline: ModuleType, error: BaseException, code: int
) -> None:
    pipeline.build = fails(error)  # type: ignore[attr-defined]
    result = run("build", DIGITS)
    assert (result.exit_code, result.stdout) == (code, "")
    assert len(result.stderr.splitlines()) == 1 and "Traceback" not in result.stderr


def test_an_internal_error_shows_its_traceback_on_demand(
    run: Callable[..., Any], pipeline: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline.build = fails(KeyError("oops"))  # type: ignore[attr-defined]
    assert "NPAS_DEBUG=1" in run("build", DIGITS).stderr
    monkeypatch.setenv("NPAS_DEBUG", "1")
    result = run("build", DIGITS)
    assert result.exit_code == 1 and "Traceback" in result.stderr and "KeyError: 'oops'" in result.stderr


def test_build_passes_its_options_on(run: Callable[..., Any], pipeline: ModuleType) -> None:
    calls = []

    def build(loaded: Any, out: Path, *, locked: bool, fresh: bool) -> dict[str, Any]:
        calls.append((loaded, out, locked, fresh))
        out.mkdir(parents=True, exist_ok=True)
        for name in ("bench.json", "verify.json"):
            (out / name).write_text("{}")
        return MANIFEST

    pipeline.build = build  # type: ignore[attr-defined]
    result = run("build", DIGITS)
    assert result.exit_code == 0, result.stderr
    assert "98.1" in result.stdout and str(Path("generated/digits/report.html")) in result.stdout
    assert json.loads(run("build", DIGITS, "--out", "here", "--locked", "--json").stdout) == MANIFEST
    assert run("build", DIGITS, "--fresh", "--json").exit_code == 0
    default = Path("generated/digits")
    assert calls == [
        (load(DIGITS), default, False, False),
        (load(DIGITS), Path("here"), True, False),
        (load(DIGITS), default, False, True),
    ]


def test_a_build_that_misses_its_constraint_exits_5(run: Callable[..., Any], pipeline: ModuleType) -> None:
    pipeline.build = lambda *_, **__: {**MANIFEST, "constraint_met": False}  # type: ignore[attr-defined]
    assert run("build", DIGITS, "--json").exit_code == 5


def test_parts_of_the_pipeline(run: Callable[..., Any], pipeline: ModuleType, tmp_path: Path) -> None:
    calls: list[Any] = []

    def note(name: str) -> Callable[..., dict[str, Any]]:
        return lambda *arguments, **options: (
            calls.append((name, *arguments, *options.items())) or {"layers": [{"name": "conv", "rate": 2.5}]}
        )

    for name in ("plan", "search", "generate", "bench"):
        setattr(pipeline, name, note(name))
    for command, place in (("plan", DIGITS), ("search", DIGITS), ("generate", tmp_path), ("bench", tmp_path)):
        result = run(command, place)
        assert result.exit_code == 0 and result.stdout == "layers:\n  name  rate\n  conv  2.5\n"
        assert json.loads(run(command, place, "--json").stdout) == {"layers": [{"name": "conv", "rate": 2.5}]}
    assert calls[::2] == [
        ("plan", DIGITS),
        ("search", load(DIGITS), Path("generated/digits"), ("fresh", False)),
        ("generate", tmp_path),
        ("bench", tmp_path),
    ]


def test_a_search_may_start_over(run: Callable[..., Any], pipeline: ModuleType) -> None:
    seen: list[bool] = []
    pipeline.search = lambda *_, fresh: seen.append(fresh) or {}  # type: ignore[attr-defined]
    assert run("search", DIGITS, "--fresh", "--json").exit_code == 0
    assert seen == [True]


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 6)])
def test_verify(run: Callable[..., Any], pipeline: ModuleType, tmp_path: Path, passed: bool, code: int) -> None:
    found = {"passed": passed, "relative_l2": 0.25, "first_difference": "conv3"}
    calls: list[Any] = []
    pipeline.verify = lambda *arguments: calls.append(arguments) or found  # type: ignore[attr-defined]
    result = run("verify", tmp_path, "--samples", "5", "--json")
    assert (result.exit_code, json.loads(result.stdout), calls) == (code, found, [(tmp_path, 5)])
    assert ("first at conv3" in result.stderr) != passed


def test_validate_speaks_json_and_takes_several(run: Callable[..., Any]) -> None:
    broken = ROOT / "tests/spec/broken/unknown_key.yaml"
    result = run("validate", DIGITS, broken, broken, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 3 and not found["valid"]
    assert [spec["valid"] for spec in found["specs"]] == [True, False, False]
    (violation,) = found["specs"][1]["violations"]
    assert (violation["line"], violation["column"], violation["field"]) == (4, 40, "model.widht")
    assert len(result.stderr.splitlines()) == 2
    result = run("validate", DIGITS)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{DIGITS}: valid\n", "")


def test_schema_goes_to_stdout_or_a_file(run: Callable[..., Any], tmp_path: Path) -> None:
    text = run("schema").stdout
    assert json.loads(text)["title"] == "NPAS spec"
    assert run("schema", "--out", "s.json").stdout == ""
    assert (tmp_path / "s.json").read_text() == text
    assert run("schema", "--out", "nowhere/s.json").exit_code == 2


def test_colour_is_for_terminals_and_not_for_no_color() -> None:
    def output(**more: str) -> bytes:
        environment = {**os.environ, **more}
        command = [sys.executable, "-m", "npas.cli", "--help"]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True).stdout

    assert b"\x1b[" not in output()
    assert b"\x1b[" in output(FORCE_COLOR="1", TERM="xterm")
    assert b"\x1b[3" not in output(FORCE_COLOR="1", NO_COLOR="1", TERM="xterm")  # bold may stay, colours may not


def test_a_closed_pipe_is_no_internal_error() -> None:
    command = f"{sys.executable} -m npas.cli schema | head -n 1"
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ("{\n", "")


def test_an_interrupt_ends_with_130_and_one_line(tmp_path: Path) -> None:
    code = f"""
import signal, sys, time, types
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin without it
import npas
def build(*_, **__):
    print("ready", flush=True)
    time.sleep(60)
npas.pipeline = sys.modules["npas.pipeline"] = types.ModuleType("npas.pipeline")
npas.pipeline.build = build
from npas.cli import app
app(["build", {str(DIGITS)!r}])
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True, **streams) as child:
        assert child.stdout is not None and child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130 and err.startswith("npas: interrupted") and err.count("\n") == 1
