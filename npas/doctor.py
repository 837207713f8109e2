"""Whether this machine can run a build; and for whatever it lacks, the command that gets it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from npas.errors import CompileError, DeviceError

if TYPE_CHECKING:
    from npas.targets.opencl import OpenClDevice

PACKAGES = (
    "emcee",
    "mako",
    "numpy",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "pillow",
    "pydantic",
    "rich",
    "ruamel.yaml",
    "safetensors",
    "scikit-learn",
    "scipy",
    "torch",
    "typer",
)
"""What npas depends on, as in pyproject.toml."""

_PROGRAM = "#include <thread>\nint main() { std::thread([] {}).join(); }\n"
_COMPILE_S = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a build needs (or, where ``needed`` is false, profits from)."""

    name: str
    found: str
    """What is there; empty where it is missing."""
    fix: str = ""
    """A command line that gets it."""
    needed: bool = True
    exit_code: int = DeviceError.exit_code
    """What ``npas doctor`` returns where it is needed and missing."""

    @property
    def ok(self) -> bool:
        return bool(self.found)


def examine() -> tuple[Finding, ...]:
    """Everything, in the order a build meets it. Takes about a second: the compiler is tried out."""
    return (_python(), *(_package(name) for name in PACKAGES), *_processor(), _compiler(), *_opencl(), *_tools())


def exit_code(findings: tuple[Finding, ...]) -> int:
    """0 where a build could run, else what the first missing thing says."""
    return next((finding.exit_code for finding in findings if finding.needed and not finding.ok), 0)


def text(findings: tuple[Finding, ...]) -> str:
    """One line per finding, and the commands to run at the end."""
    width = max(len(finding.name) for finding in findings)
    lines = []
    for finding in findings:
        mark = "ok  " if finding.ok else "MISS" if finding.needed else "none"
        lines.append(f"{mark}  {finding.name.ljust(width)}  {finding.found or finding.fix}".rstrip())
    missing = [finding for finding in findings if finding.needed and not finding.ok]
    if not missing:
        return "\n".join([*lines, "A build can run here."])
    return "\n".join([*lines, "A build cannot run here yet. To get what is missing:", *(f"  {m.fix}" for m in missing)])


def _python() -> Finding:
    version = platform.python_version()
    return Finding("python", version if sys.version_info >= (3, 11) else "", "install Python 3.11 or newer")


def _package(name: str) -> Finding:
    """Looks without importing: a package that is there but broken is its own business."""
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "", f"{_pip()} install {name}")


def _processor() -> tuple[Finding, ...]:
    from npas.targets import isa
    from npas.targets.toolchain import cores

    widest = isa.widest(isa.cpu_features())
    return (
        Finding("processor", isa.cpu_name()),
        Finding("isa", f"{widest.name} ({widest.lanes} floats per vector)"),
        Finding("cores", str(cores())),
    )


def _compiler() -> Finding:
    from npas.targets.toolchain import find_compiler

    fix = f"apt-get install g++  (or: {_pip()} install ziglang)"
    if chosen := os.environ.get("CXX"):
        fix = f"unset CXX  (it is {chosen!r})"
    try:
        compiler = find_compiler()
    except CompileError:
        return Finding("c++ compiler", "", fix, exit_code=CompileError.exit_code)
    if problem := _refuses(compiler.command):
        why = f"{fix}  ({' '.join(compiler.command)}: {problem})"
        return Finding("c++ compiler", "", why, exit_code=CompileError.exit_code)
    return Finding("c++ compiler", f"{compiler.name}: {compiler.version}")


def _refuses(command: tuple[str, ...]) -> str:
    """What the compiler says against a C++17 program with threads; empty where it builds it."""
    from npas.targets import process

    with tempfile.TemporaryDirectory(prefix="npas-doctor-") as folder:
        source = Path(folder, "main.cpp")
        source.write_text(_PROGRAM, encoding="utf-8")
        line = [*command, "-std=c++17", "-pthread", str(source), "-o", str(Path(folder, "main"))]
        try:
            answer = process.run(line, _COMPILE_S)
        except process.DeadlineError:
            return f"no answer within {_COMPILE_S:g} s"
        said = (answer.stderr or answer.stdout).strip().splitlines()
        return "" if answer.code == 0 else said[0] if said else f"exit code {answer.code}"


def _opencl() -> tuple[Finding, ...]:
    """A line for each device, of use to those with an OpenCL target only."""
    from npas.targets import opencl

    fix = f"{_pip()} install 'npas[opencl]'  (for a GPU its driver, too)"
    try:
        devices = opencl.devices()
    except DeviceError:
        devices = ()
    if not devices:
        return (Finding("opencl", "", fix, needed=False),)
    return tuple(Finding("opencl", _device(device), needed=False) for device in devices)


def _device(device: OpenClDevice) -> str:
    from npas.targets.opencl import HALF

    halves = HALF if HALF in device.extensions else f"no {HALF}"
    return (
        f"{device.name} of {device.platform}: {device.version}, driver {device.driver}, {device.units} units, "
        f"{device.memory >> 20} MiB ({device.most_allocation >> 20} at once), {device.lanes} lanes, {halves}"
    )


def _tools() -> tuple[Finding, ...]:
    """For users who build a generated runtime with its own CMakeLists.txt; NPAS itself does not need them."""
    return tuple(
        Finding(name, shutil.which(name) or "", f"apt-get install {package}", needed=False)
        for name, package in (("cmake", "cmake"), ("ninja", "ninja-build"))
    )


def _pip() -> str:
    return f"{Path(sys.executable).name or 'python3'} -m pip"
