"""Loops over lists keep their sums in registers, whatever a layer's activation needs beside them.

Of GCC's assembly: it had moved an activation's constants before the loops, and a sum to the stack.
"""

from __future__ import annotations

import platform
import re
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from programs import lowered

from npas.compiler.emit import emit
from npas.graph.builder import Builder
from npas.targets.compilers import find_compiler
from npas.targets.isa import ISAS
from npas.targets.toolchain import compile_flags
from npas.targets.tree_writer import write_tree


def loops(assembly: str) -> list[list[str]]:
    """The instructions of every loop without another one inside."""
    lines = assembly.splitlines()
    labels = {line[:-1]: i for i, line in enumerate(lines) if re.fullmatch(r"\.L\w+:", line)}
    jumps = [(i, found[1]) for i, line in enumerate(lines) if (found := re.match(r"\tj\w+\s+(\.L\w+)", line))]
    back = sorted((labels[to], i) for i, to in jumps if labels.get(to, len(lines)) <= i)
    # Of loops that begin in turn, the next one's beginning tells whether it lies inside.
    inner = [one for one, following in pairwise([*back, (len(lines), 0)]) if following[0] > one[1]]
    return [lines[begin : end + 1] for begin, end in inner]


@pytest.mark.parametrize("activation", ["relu", "relu6", "hard_swish", "swish"])
def test_sums_stay_in_registers(tmp_path: Path, activation: str) -> None:
    compiler = find_compiler()
    if compiler.name != "gcc" or platform.machine() != "x86_64":
        pytest.skip("reads the assembly of GCC for x86-64")
    builder = Builder("net")
    x = builder.act(builder.conv(builder.input((3, 56, 56)), 32, 3, stride=2, bias=True), activation)
    for narrow, wide, stride in ((64, 384, 2), (160, 960, 2), (320, 1280, 1)):
        x = builder.conv(x, narrow, 1, stride=stride, bias=True)
        x = builder.act(builder.conv(x, wide, 1, bias=True), activation)
        x = builder.conv(x, 16, 3, bias=True)  # which has margins, so that rows lie apart
    plan = lowered(builder.graph(x)).plan
    write_tree(tmp_path / "tree", emit(plan))
    kernels = sorted((tmp_path / "tree" / "kernels").glob("conv_lanes_*.cpp"))
    sums = {kernel.vectors * kernel.pixels for kernel in plan.kernels if kernel.template == "conv_lanes"}
    looked_at = 0
    for kernel in kernels:
        flags = (*compile_flags(compiler, ISAS["avx2"]), "-Iinclude", "-Isrc", "-Ikernels", "-S", "-o", "-")
        made = subprocess.run(
            [*compiler.command, *flags, str(kernel)], cwd=tmp_path / "tree", capture_output=True, text=True, check=True
        )
        for loop in loops(made.stdout):
            if sum("vfmadd" in line for line in loop) in sums:
                looked_at += 1
                assert not [line for line in loop if "ymm" in line and re.search(r"\(%r[sb]p", line)], kernel.name
    assert looked_at >= len(kernels) >= 3
