"""The wheel, installed and used far from the checkout: it must carry its templates and the hand-written C++."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from npas.frontend import onnx_out
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder

CHECKOUT = Path(__file__).parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def files_of_checkout(folder: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", folder], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return set(listed.stdout.split())
    found = (p for p in (CHECKOUT / folder).rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {path.relative_to(CHECKOUT).as_posix() for path in found}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", str(CHECKOUT), "--no-deps", "--quiet", "--wheel-dir", str(folder)]
    local = ["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []
    done = subprocess.run([*pip, *local], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def run(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """``npas`` from the wheel, in an empty folder; packages besides npas are this environment's."""
    site, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    install = ["install", "--no-deps", "--no-index", "--quiet", "--target", str(site), str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True, timeout=300)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=elsewhere,
            env={**environment, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return call


def test_wheel_holds_every_file_of_the_package_and_the_runtime(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = files_of_checkout("npas") | {
        path.replace("runtime/", "npas/_runtime/", 1) for path in files_of_checkout("runtime")
    }
    assert not wanted - held
    others = {name.split("/")[0] for name in held} - {"npas"}
    assert len(others) == 1 and others.pop().endswith(".dist-info")


def test_files_come_from_the_wheel(run: Run) -> None:
    code = (
        "import npas; from npas.targets.runtime_files import runtime_dir; from npas.compiler import emit;"
        "print(npas.__file__, runtime_dir(), emit.__file__, sep='\\n')"
    )
    done = run("-c", code)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stdout.splitlines() if line.startswith(str(CHECKOUT))]
    assert done.stdout.splitlines()[1].endswith("npas/_runtime")


@pytest.mark.parametrize(("arguments", "said"), [(["--version"], "npas 0."), (["schema"], '"$schema"')])
def test_light_commands(run: Run, arguments: list[str], said: str) -> None:
    done = run("-m", "npas.cli", *arguments)
    assert done.returncode == 0 and said in done.stdout, done.stderr


def test_doctor(run: Run) -> None:
    done = run("-m", "npas.cli", "doctor", "--json")
    assert done.returncode == 0 and json.loads(done.stdout)["ready"], done.stdout


def test_plan_generates_compiles_and_times(run: Run, tmp_path: Path) -> None:
    builder = Builder("small")
    x = builder.act(builder.conv(builder.input((1, 8, 8)), 8, 3), "relu")
    network = initialise(builder.graph(x), np.random.default_rng(0))
    model = tmp_path / "small.onnx"
    model.write_bytes(onnx_out.to_onnx(network).SerializeToString())
    done = run("-m", "npas.cli", "plan", model, "--json")
    assert done.returncode == 0, done.stderr
    plan = json.loads(done.stdout)
    assert plan["name"] == "small" and plan["operators"]["conv2d"] == 1 and plan["dense_latency_ms"] > 0
