"""Emission: the golden sources of two networks, determinism, and what every compiler says of the generated code.

The golden files in ``tests/golden/<case>/`` are compared byte for byte. After an intended change of the generated
code run ``NPAS_UPDATE_GOLDEN=1 python -m pytest tests/compiler/test_emit.py``, read the diff, and commit both.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from programs import NAME, network_of
from test_sanitizers import OPTIONS
from test_sanitizers import graph as graph_of_all_formats

from npas.algorithms import one_shot
from npas.compiler.emit import SourceTree, emit
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.schedules.records import PackedSchedule, WinogradSchedule
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.search.candidate import Pruning
from npas.stages.lock import dump_yaml
from npas.targets import process
from npas.targets.compilers import Compiler
from npas.targets.isa import CPU_ISAS, ISAS
from npas.targets.runtime_files import runtime_files
from npas.targets.toolchain import FLAGS, compile_flags, compile_program
from npas.targets.tree_writer import write_tree

GOLDEN = Path(__file__).parent.parent / "golden"


def dense_network() -> Network:
    builder = Builder(NAME)
    x = builder.input((3, 8, 8))
    x = builder.act(builder.conv(x, 8, 3, bias=True), "relu")
    x = builder.act(builder.add(builder.conv(x, 8, 3, name="fast"), x), "relu")
    x = builder.act(builder.conv(x, 8, 3, groups=8), "relu6")
    x = builder.global_avg_pool(builder.conv(x, 12, 3, stride=2))
    return network_of(builder.graph(builder.linear(builder.flatten(x), 5)))


def planes_network() -> Network:
    """An inverted residual: from channels in lanes to planes, and on between planes."""
    builder = Builder(NAME)
    x = builder.act(builder.conv(builder.input((3, 18, 18)), 16, 3, stride=2), "relu6")
    x = builder.act(builder.conv(x, 16, 3, groups=16, name="turn"), "relu6")
    x = builder.conv(x, 8, 1, name="project")
    y = builder.act(builder.conv(x, 24, 1, name="expand"), "relu6")
    y = builder.act(builder.conv(y, 24, 3, groups=24, name="between"), "relu6")
    x = builder.add(builder.conv(y, 8, 1, name="project_again"), x)
    y = builder.act(builder.conv(x, 24, 1, name="expand_again"), "relu6")
    y = builder.conv(y, 24, 3, stride=2, groups=24, name="halve")
    x = builder.global_avg_pool(builder.conv(y, 12, 1, name="last"))
    return network_of(builder.graph(builder.linear(builder.flatten(x), 5)))


def planes_options() -> Options:
    names = ("project", "expand", "project_again", "expand_again", "last")
    lines = (11, 5, 4, 3, 2)  # a filter alone, or two side by side
    return Options(
        prunings={name: Pruning("unstructured", 3.0) for name in names},
        schedules={n: PackedSchedule(lines=k, channel_block=8) for n, k in zip(names, lines, strict=True)},
    )


def lowered(case: str, isa: str = "avx2") -> Lowered:
    if case == "planes":
        options = planes_options()
        pruned = one_shot(planes_network(), options.prunings).network
        return lower(pruned, isa=isa, threads=2, options=options)
    if case == "dense":
        fast = WinogradSchedule(tile=4, vectors=1, pixels=3, tiles_at_a_time=4, split="filters")
        return lower(dense_network(), isa=isa, threads=2, options=Options(schedules={"fast": fast}))
    pruned = one_shot(network_of(graph_of_all_formats()), OPTIONS.prunings).network
    return lower(pruned, isa=isa, threads=2, options=OPTIONS)


CASES = ("dense", "schemes", "planes")
STORED = {
    "dense": ("dense", "avx2"),
    "schemes": ("schemes", "avx2"),
    "planes": ("planes", "avx2"),
    "opencl": ("schemes", "opencl8"),
    "opencl_dense": ("dense", "opencl8"),
    "opencl_gpu": ("dense", "opencl_gpu"),
    "opencl_math16": ("schemes", "opencl8_math16"),
}
"""Case and instruction set by golden folder."""


def generated_files(case: str, isa: str = "avx2") -> dict[str, bytes]:
    """What the golden folder holds: the plan and the sources made from it, not the runtime that is copied."""
    low = lowered(case, isa)
    copied = runtime_files(ISAS[isa].backend)
    own = {
        path: data
        for path, data in emit(low.plan).items()
        if path.startswith(("include/net/", "src/", "kernels/")) and path not in copied
    }
    return {**own, "plan.yaml": dump_yaml(low.plan).encode()}


@pytest.mark.parametrize("case", STORED)
def test_golden_sources(case):
    folder, files = GOLDEN / case, generated_files(*STORED[case])
    if os.environ.get("NPAS_UPDATE_GOLDEN"):
        for old in [path for path in folder.rglob("*") if path.is_file()]:
            old.unlink()
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    stored = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert sorted(files) == sorted(stored), "NPAS_UPDATE_GOLDEN=1 writes the golden files anew"
    for path, data in files.items():
        assert data.decode() == stored[path].decode(), f"{case}/{path}: NPAS_UPDATE_GOLDEN=1 writes it anew"


@pytest.mark.parametrize("files", [1, 2, 5, 1000])
@pytest.mark.parametrize("isa", ["avx2", "opencl8"])
def test_layers_may_share_files(files: int, isa: str) -> None:
    """The same functions, in the same order, each once; no other file differs."""
    plan = lowered("schemes", isa).plan

    def split(tree: SourceTree) -> tuple[list[str], dict[str, bytes]]:
        layers = [path for path in sorted(tree) if re.fullmatch(r"src/layer_\d+\.cpp", path)]
        return layers, {path: data for path, data in tree.items() if path not in layers}

    apart, together = emit(plan), emit(plan, layer_files=files)
    (single, others), (shared, same) = split(apart), split(together)
    assert same == others
    assert len(shared) == min(files, len(plan.layers))

    def functions(tree: SourceTree, paths: list[str]) -> list[bytes]:
        return [found for path in paths for found in re.findall(rb"^void layer_.*?^}", tree[path], re.M | re.S)]

    assert functions(together, shared) == functions(apart, single)
    assert len(functions(together, shared)) == len(plan.layers)


def test_the_cases_show_every_format_and_template():
    plans = [lowered(case).plan for case in CASES]
    assert {x.stored.format for plan in plans for x in plan.weights_layers} == {"dense", "csr", "fkw", "bcs"}
    shown = {kernel.template for plan in plans for kernel in plan.kernels}
    assert shown >= {"conv", "conv_packed", "conv_lanes", "depthwise_lanes", "linear", "elementwise"}
    kernels = [kernel for kernel in lowered("planes").plan.kernels if kernel.template.startswith("depthwise")]
    assert {(k.template, k.stride, k.turned) for k in kernels} == {
        ("depthwise_lanes", (1, 1), True),
        ("depthwise_planar", (1, 1), False),
        ("depthwise_planar", (2, 2), False),
    }


DIGEST = """
import hashlib, json, sys
sys.path.insert(0, sys.argv[1])
from test_emit import CASES, generated_files, lowered
files = {f"{case}/{path}": data for case in CASES for path, data in generated_files(case).items()}
files |= {f"{case}/weights": lowered(case).weights() for case in CASES}
print(json.dumps({path: hashlib.sha256(data).hexdigest() for path, data in files.items()}))
"""


def digests(cwd: Path, **environment: str) -> dict[str, str]:
    command = [sys.executable, "-c", DIGEST, str(Path(__file__).parent)]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG", "TZ"))}
    paths = [str(Path(p).absolute()) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    done = subprocess.run(
        command,
        env=inherited | {"PYTHONPATH": os.pathsep.join(paths)} | environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_emission_depends_on_nothing_but_the_network(tmp_path: Path):
    """Not on hashes' seeds, time zones, locales or the working folder."""
    known = subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout.lower().split()
    locale = "tr_TR.UTF-8" if "tr_tr.utf8" in known else "C"
    one = digests(tmp_path, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8")
    (tmp_path / "other folder").mkdir()
    other = digests(tmp_path / "other folder", PYTHONHASHSEED="1", TZ="Asia/Kathmandu", LC_ALL=locale)
    assert one == other
    assert len(one) > 40


@pytest.mark.parametrize("case", STORED)
def test_nothing_of_this_machine_is_in_the_sources(case):
    home = {str(Path.home()), str(Path.cwd()), str(Path(__file__).parents[2]), os.environ.get("TMPDIR", "/tmp")}
    for path, data in emit(lowered(*STORED[case]).plan).items():
        text = data.decode("ascii")
        assert not re.search(r'["\s(=](/home|/root|/tmp|/usr|/work|/opt|/var|[A-Z]:\\)', text), path
        assert not any(len(place) > 1 and place in text for place in home), path
        assert not re.search(r"\b20[2-9]\d-[01]\d-[0-3]\d\b|__DATE__|__TIME__|__FILE__", text), path
        assert len(socket.gethostname()) < 4 or socket.gethostname() not in text, path
        assert "\r" not in text
        assert "\t" not in text
        assert text.endswith("\n")
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), path


COMPILED = [*(("schemes", isa) for isa in ISAS), *(("planes", isa) for isa in CPU_ISAS)]


@pytest.mark.parametrize(("case", "isa"), COMPILED)
def test_gcc_compiles_the_sources_without_a_warning(tmp_path: Path, case, isa):
    """Also for instruction sets that this machine does not have: nothing runs."""
    assert {"-Wall", "-Wextra", "-Werror"} <= set(FLAGS)
    write_tree(tmp_path / "tree", emit(lowered(case, isa).plan))
    assert compile_program(tmp_path / "tree", "verify", ISAS[isa]).flags[: len(FLAGS)] == FLAGS


def clang() -> Compiler | None:
    """Clang, or what Zig has of it; None where this machine has neither."""
    if path := shutil.which("clang++"):
        return Compiler((path,), "clang", path)
    if importlib.util.find_spec("ziglang") is None:
        return None
    return Compiler((sys.executable, "-m", "ziglang", "c++"), "zig", "zig")


@pytest.mark.parametrize(("case", "isa"), COMPILED)
def test_clang_compiles_the_sources_without_a_warning(tmp_path: Path, case, isa):
    compiler = clang()
    if compiler is None:
        pytest.skip("neither clang++ nor ziglang is installed")
    write_tree(tmp_path / "tree", emit(lowered(case, isa).plan))
    command = [*compiler.command, *compile_flags(compiler, ISAS[isa]), "-Iinclude", "-Isrc", "-Ikernels", "-c"]
    for path in generated_files(case, isa):
        if path.endswith(".cpp"):
            done = process.run([*command, path, "-o", str(tmp_path / "out.o")], 300, cwd=tmp_path / "tree")
            assert done.code == 0, done.stderr[:4000]
            assert done.stderr == ""
