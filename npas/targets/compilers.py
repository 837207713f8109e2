"""Finding a C++17 compiler."""

from __future__ import annotations

import functools
import importlib.util
import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from typing import Literal

from npas.errors import CompileError
from npas.targets import process, scratch

_PROBE_S = 60.0
_FAST_LINKERS = ("mold", "lld", "gold")


@dataclass(frozen=True)
class Compiler:
    """A compiler that answered. ``version`` is the first line of its ``--version``."""

    command: tuple[str, ...]
    name: Literal["gcc", "clang", "zig"]
    version: str


def find_compiler() -> Compiler:
    """The compiler to use: the environment's CXX, else g++, clang++, ``python -m ziglang c++``.

    Raises CompileError when CXX does not run, or when there is none; the message says how to get one.
    """
    if chosen := os.environ.get("CXX"):
        found = _probe(tuple(shlex.split(chosen)))
        if found is None:
            raise CompileError(f"CXX: must be a C++17 compiler that runs, got {chosen!r}, correct or unset it")
        return found
    commands = [(path,) for name in ("g++", "clang++") if (path := shutil.which(name))]
    zig = [(sys.executable, "-m", "ziglang", "c++")] if importlib.util.find_spec("ziglang") else []
    for command in (*commands, *zig):
        if found := _probe(command):
            return found
    raise CompileError(
        "compiler: must have a C++17 compiler, got none of CXX, g++, clang++ and ziglang, "
        "run `apt-get install g++` or `pip install 'npas[compiler]'`"
    )


@functools.cache
def fast_linker(command: tuple[str, ...]) -> tuple[str, ...]:
    """The flag by which the compiler behind ``command`` links with the quickest linker there is (gold takes a fourth of
    GNU ld's time); without one, no flag. Asked once per process, by linking an empty program."""
    with scratch.folder() as root:
        source = root / "empty.cpp"
        source.write_text("int main() {}\n")
        for linker in _FAST_LINKERS:
            flag = f"-fuse-ld={linker}"
            try:
                done = process.run([*command, flag, source.name, "-o", "empty"], _PROBE_S, cwd=root)
            except (OSError, process.DeadlineError):
                continue
            if done.code == 0:
                return (flag,)
    return ()


@functools.cache
def _probe(command: tuple[str, ...]) -> Compiler | None:
    """The compiler behind ``command``, or None where it does not run. Asked once per process."""
    try:
        answer = process.run([*command, "--version"], _PROBE_S)
    except (OSError, process.DeadlineError):
        return None
    lines = answer.stdout.splitlines()
    if answer.code != 0 or not lines:
        return None
    return Compiler(command, _kind(command, answer.stdout), lines[0].strip())


def _kind(command: tuple[str, ...], version: str) -> Literal["gcc", "clang", "zig"]:
    if "ziglang" in command or command[0].endswith("zig"):
        return "zig"
    return "clang" if "clang" in version else "gcc"
