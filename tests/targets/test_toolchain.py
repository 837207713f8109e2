"""Compilers, the object cache and programs, on a tiny tree."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from npas.errors import CompileError
from npas.targets import compilers, objects, toolchain
from npas.targets.isa import CPU_ISAS, ISAS, require, resolve
from npas.targets.process import run
from npas.targets.tree_writer import write_tree

TREE = {
    "include/net/net.h": b"#pragma once\nint answer();\n",
    "src/net.cpp": b'#include <net/net.h>\n#include "table.h"\nint answer() { return TABLE; }\n',
    "src/table.h": b"#pragma once\n#define TABLE 42\n",
    "kernels/k.cpp": b"int kernel();\nint kernel() { return 1; }\n",
    "tools/bench.cpp": b'#include <cstdio>\n#include "net/net.h"\nint main() { std::printf("%d\\n", answer()); }\n',
}


@pytest.fixture(scope="module")
def compiler():
    return toolchain.find_compiler()


@pytest.fixture
def build(tmp_path, compiler):
    def start(tree: dict[str, bytes], where: str = "tree", **settings) -> toolchain.Program:
        write_tree(tmp_path / where, tree)
        cache = tmp_path / "cache"
        return toolchain.compile_program(tmp_path / where, "bench", ISAS["portable"], compiler, cache, **settings)

    return start


@pytest.fixture
def compiles(monkeypatch):
    """The files that were compiled or linked, in order."""
    seen: list[str] = []
    real = toolchain._produce

    def record(compiler, args, out, tree, what, timeout_s):
        seen.append(what)
        real(compiler, args, out, tree, what, timeout_s)

    monkeypatch.setattr(toolchain, "_produce", record)
    return seen


def output(program: toolchain.Program) -> str:
    return run([str(program.binary)], 10).stdout


def test_a_tree_becomes_a_program(build):
    assert output(build(TREE)) == "42\n"


def test_nothing_is_compiled_twice_wherever_the_tree_lies(build, compiles):
    first = build(TREE)
    compiles.clear()
    again = build(TREE, where="elsewhere/deep")
    assert compiles == []
    assert (again.binary, again.sha256) == (first.binary, first.sha256)


def test_an_empty_cache_gives_the_same_binary(build, tmp_path):
    first = build(TREE)
    (tmp_path / "cache").rename(tmp_path / "old_cache")
    assert build(TREE, where="b").sha256 == first.sha256


@pytest.mark.parametrize(
    ("file", "data", "expected"),
    [
        ("src/table.h", b"#pragma once\n#define TABLE 43\n", ["src/net.cpp", "tools/bench"]),
        ("kernels/k.cpp", b"int kernel();\nint kernel() { return 2; }\n", ["kernels/k.cpp", "tools/bench"]),
        ("include/net/net.h", b"#pragma once\nint answer(); \n", ["tools/bench.cpp", "src/net.cpp", "tools/bench"]),
        # What only a person reads.
        ("kernels/k.cpp", b"// One.\nint kernel();\n  // Two.\nint kernel() { return 1; }\n", []),
        # A header that now comes before the one that was found.
        ("include/table.h", b"#define TABLE 44\n", ["src/net.cpp", "tools/bench"]),
    ],
)
def test_a_change_recompiles_what_it_reaches_and_nothing_else(build, compiles, file, data, expected):
    build(TREE)
    compiles.clear()
    build(TREE | {file: data}, jobs=1)
    assert compiles == expected  # the longest file first


def test_an_isa_has_its_own_objects(compiler):
    keys = {toolchain.compile_flags(compiler, isa) for isa in CPU_ISAS.values()}
    assert len(keys) == len(CPU_ISAS)


@pytest.mark.parametrize("name", CPU_ISAS)
def test_every_isas_flags_define_its_instructions(name, compiler, tmp_path):
    """The compiler accepts the flags and then has the instructions, whether or not this machine does."""
    macro = {"portable": "__cplusplus", "avx2": "__FMA__", "avx512": "__AVX512VL__"}[name]
    (tmp_path / "a.cpp").write_text(f"#ifndef {macro}\n#error missing\n#endif\n")
    flags = toolchain.compile_flags(compiler, ISAS[name])
    done = run([*compiler.command, *flags, "-fsyntax-only", "a.cpp"], 60, cwd=tmp_path)
    assert (done.code, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "source",
    [b"int f( {", b"static int unused() { return 1; }\n", b"#include <not_there.h>\n"],
    ids=["syntax", "warning", "missing header"],
)
def test_what_does_not_compile_is_named(build, source, tmp_path):
    with pytest.raises(CompileError, match=r"kernels/k\.cpp: must compile with (.|\n)*kernels/k\.cpp:1"):
        build(TREE | {"kernels/k.cpp": source})
    assert not list((tmp_path / "cache").rglob("*.tmp"))


def test_a_link_error_is_named(build):
    with pytest.raises(CompileError, match=r"tools/bench: must compile (.|\n)*answer"):
        build({name: data for name, data in TREE.items() if name != "src/net.cpp"})


def test_a_compile_has_a_deadline(tmp_path):
    slow = compilers.Compiler((sys.executable, "-c", "import time; time.sleep(60)"), "gcc", "slow 1.0")
    write_tree(tmp_path / "tree", TREE)
    with pytest.raises(CompileError, match=r"tools/bench\.cpp: must compile within 0\.2 s"):
        toolchain.compile_program(
            tmp_path / "tree", "bench", ISAS["portable"], slow, tmp_path / "c", jobs=1, timeout_s=0.2
        )


def test_a_cache_that_cannot_be_written_is_named(tmp_path, compiler):
    (tmp_path / "file").write_text("")
    write_tree(tmp_path / "tree", TREE)
    with pytest.raises(CompileError, match=r"must start and write, got .*file"):
        toolchain.compile_program(tmp_path / "tree", "bench", ISAS["portable"], compiler, tmp_path / "file")


def test_two_builds_may_fill_the_cache_at_once(build):
    programs: list[toolchain.Program] = []
    workers = [threading.Thread(target=lambda i=i: programs.append(build(TREE, where=f"t{i}"))) for i in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(programs) == 3
    assert len({program.sha256 for program in programs}) == 1


def test_trim_removes_the_longest_unused_and_spares_the_recent(tmp_path):
    for age, name in enumerate(["young", "old", "older"]):
        path = objects.entry(tmp_path, name, ".o")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(100))
        if age:
            os.utime(path, (1e9 - age, 1e9 - age))
    assert objects.trim(tmp_path, limit_bytes=250) == 1
    assert not objects.entry(tmp_path, "older", ".o").exists()
    assert objects.trim(tmp_path, limit_bytes=0) == 1
    assert objects.entry(tmp_path, "young", ".o").exists()


def test_cxx_is_taken_first_and_must_run(monkeypatch, compiler, tmp_path):
    wrapper = tmp_path / "my compiler"
    wrapper.write_text(f'#!/bin/sh\nexec {compiler.command[0]} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("CXX", f"'{wrapper}' -DX=1")
    assert toolchain.find_compiler().command == (str(wrapper), "-DX=1")
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(CompileError, match=r"CXX: .* got 'no-such-compiler'"):
        toolchain.find_compiler()


@pytest.mark.parametrize("linker", ["gold", "none"])
def test_the_first_linker_that_links_a_program_is_taken(linker, compiler, tmp_path):
    """The command stands for a compiler that finds one linker besides its own, or no other."""
    wrapper = tmp_path / "compiler"
    others = f'for word; do case "$word" in -fuse-ld={linker});; -fuse-ld=*) exit 1;; esac; done'
    # The linker under test need not be there: the wrapper leaves the flag out.
    links = 'for word; do shift; case "$word" in -fuse-ld=*);; *) set -- "$@" "$word";; esac; done'
    wrapper.write_text(f'#!/bin/sh\n{others}\n{links}\nexec {compiler.command[0]} "$@"\n')
    wrapper.chmod(0o755)
    found = compilers.fast_linker((str(wrapper),))
    assert found == (() if linker == "none" else (f"-fuse-ld={linker}",))
    made = compilers.Compiler((str(wrapper),), compiler.name, compiler.version)
    write_tree(tmp_path / "tree", TREE)
    program = toolchain.compile_program(tmp_path / "tree", "bench", ISAS["portable"], made, tmp_path / "c")
    assert output(program) == "42\n"


def test_without_any_compiler_the_error_says_how_to_get_one(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compilers.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CompileError, match="apt-get install g"):
        toolchain.find_compiler()


def test_this_machine_runs_its_native_code(tmp_path, compiler):
    native = resolve("native")
    require(native)
    write_tree(tmp_path / "tree", TREE)
    assert output(toolchain.compile_program(tmp_path / "tree", "bench", native, compiler, tmp_path / "cache")) == "42\n"


def test_includes_may_go_in_circles(tmp_path, compiler):
    write_tree(
        tmp_path / "t", {"src/a.cpp": b'#include "b.h"', "src/b.h": b'#include "c.h"', "src/c.h": b'#include "b.h"'}
    )
    sources = objects.Sources(tmp_path / "t")
    before = sources.key(Path("src/a.cpp"), (), compiler)
    write_tree(
        tmp_path / "t", {"src/a.cpp": b'#include "b.h"', "src/b.h": b'#include "c.h"', "src/c.h": b'#include "b.h"//'}
    )
    assert objects.Sources(tmp_path / "t").key(Path("src/a.cpp"), (), compiler) != before
