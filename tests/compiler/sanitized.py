"""Generated programs under AddressSanitizer and UndefinedBehaviorSanitizer, compiled in few pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from npas.targets import process
from npas.targets.compilers import Compiler, find_compiler
from npas.targets.isa import Isa
from npas.targets.local import LocalDevice
from npas.targets.process import Finished
from npas.targets.toolchain import Program, compile_program
from npas.targets.tree_writer import write_tree

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fsanitize-undefined-trap-on-error")
"""Undefined behaviour ends the program by a signal: calls that report it take as long to compile as all the rest."""
UNITS = 4
_DECLARATION = re.compile(r"^void (\w+)\([^;]*\);$", re.MULTILINE)


@dataclass(frozen=True)
class WatchedDevice(LocalDevice):
    """This machine, on which what a sanitizer finds fails the test. Programs run on ``threads`` threads."""

    threads: int = 1

    def run(self, argv: Sequence[str], timeout_s: float, stdin: bytes = b"", accept: Sequence[int] = (0,)) -> Finished:
        program, weights, mode, _, *files = argv
        done = process.run([program, weights, mode, str(self.threads), *files], timeout_s, stdin=stdin)
        assert "Sanitizer" not in done.stderr, done.stderr[:4000]
        assert done.code in accept, (done.code, done.stderr[:4000])
        return done


def sanitizing_compiler(folder: Path) -> Compiler | str:
    """The compiler with its sanitizers, or why it has none."""
    found = find_compiler()
    compiler = replace(found, command=(*found.command, *SANITIZERS))
    (folder / "probe.cpp").write_text("int main() { return 0; }\n")
    probe = process.run([*compiler.command, str(folder / "probe.cpp"), "-o", str(folder / "probe")], 120)
    if probe.code != 0 or process.run([str(folder / "probe")], 60).code != 0:
        return f"{found.version} cannot link the sanitizers: {probe.stderr.strip()[:200]}"
    return compiler


def compile_watched(folder: Path, tree: Mapping[str, bytes], name: str, isa: Isa, compiler: Compiler) -> Program:
    """The verify program of a tree. Not optimised, which the checks would make slow, and
    so that every load stays to be checked."""
    write_tree(folder / "runtime", united(tree, f"npas_{name}"))
    return compile_program(folder / "runtime", "verify", replace(isa, flags=(*isa.flags, "-O0")), compiler)


def united(tree: Mapping[str, bytes], namespace: str) -> dict[str, bytes]:
    """The same program in fewer files, whose functions are each in a namespace of their own: the headers, which are
    most of what there is to compile, are read once."""
    merged = {path: data for path, data in tree.items() if not _is_small(path)}
    for header in (path for path in tree if path == "src/layers.h" or re.fullmatch(r"kernels/.*\.h", path)):
        text = merged[header].decode()
        merged[header] = _DECLARATION.sub(r"namespace in_\1 {\n\g<0>\n}\nusing in_\1::\1;", text).encode()
    for folder in ("kernels", "src"):
        files = sorted(
            (path for path in tree if _is_small(path) and path.startswith(folder)), key=lambda p: len(tree[p])
        )
        for unit in range(UNITS):
            text = "\n".join(_nested(Path(path).stem, tree[path].decode(), namespace) for path in files[unit::UNITS])
            merged[f"{folder}/unit{unit}.cpp"] = text.encode()
    return merged


def _is_small(path: str) -> bool:
    return path.startswith(("kernels/", "src/layer_")) and path.endswith(".cpp")


def _nested(function: str, text: str, namespace: str) -> str:
    opening, closing = f"namespace {namespace} {{", f"}}  // namespace {namespace}"
    assert text.count(opening) == text.count(closing) == 1, text
    return text.replace(opening, f"{opening}\nnamespace in_{function} {{").replace(closing, f"}}\n{closing}")
