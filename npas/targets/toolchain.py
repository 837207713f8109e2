"""From a written source tree to a program: compile what changed, link, remember.

Every ``src/*.cpp``, ``kernels/*.cpp`` and the tool's main compile by themselves, so that a search's candidates share
all kernels they have in common. Compilers run inside the tree with relative paths: objects do not know where it lay.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from npas.errors import CompileError
from npas.targets import atomic, objects, process
from npas.targets.compilers import Compiler, fast_linker, find_compiler
from npas.targets.isa import Isa

__all__ = ["Compiler", "Program", "compile_program", "find_compiler"]

log = logging.getLogger("npas.targets")

# No -ffast-math: NaN and infinity keep their meaning and sums their order. Contraction to FMA is wanted, under
# both compilers. Errno and trapping are C's old promises that keep loops scalar; nothing here relies on them.
# -Wpsabi speaks of calls between different compilers, which a tree never mixes.
FLAGS = (
    "-std=c++17",
    "-O3",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wno-psabi",
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-pthread",
)
# Zig compiles for the machine it is on and links in a sanitizer unless told otherwise.
_ZIG_FLAGS = ("-mcpu=baseline", "-fno-sanitize=all")
# Zig's very first link builds its C++ library, once per user: minutes, on a small machine.
_ZIG_LINK_S = 1800.0
_SHOWN_LINES = 12
_POLL_S = 0.05


@dataclass(frozen=True)
class Program:
    """A linked program and what made it. ``flags`` are those of every compile."""

    binary: Path
    sha256: str
    flags: tuple[str, ...]
    compiler: Compiler
    isa: Isa


def compile_program(
    tree: Path,
    main: Literal["bench", "verify"],
    isa: Isa,
    compiler: Compiler | None = None,
    cache: Path | None = None,
    jobs: int | None = None,
    timeout_s: float = 300.0,
) -> Program:
    """Build ``tools/<main>.cpp`` of ``tree`` with all of its ``src`` and ``kernels``; the binary lies in the cache.

    ``timeout_s`` is each compile's own deadline. Raises CompileError with the file and the compiler's first words.
    """
    compiler = compiler or find_compiler()
    cache = (cache or objects.default_cache()).absolute()
    flags = compile_flags(compiler, isa)
    includes = tuple(f"-I{folder}" for folder in objects.INCLUDE_FOLDERS)
    sources = objects.Sources(tree)
    paths = _sources(tree, main)
    built = {path: objects.entry(cache, sources.key(path, flags, compiler), ".o") for path in paths}
    missing = [path for path in paths if not objects.hit(built[path])]
    missing.sort(key=lambda path: -(tree / path).stat().st_size)  # lest the longest compile be the last to begin

    def compile_one(path: Path) -> None:
        _produce(compiler, [*flags, *includes, "-c", path.as_posix()], built[path], tree, path.as_posix(), timeout_s)

    _each(compile_one, missing, jobs or cores())
    link = _link_flags(compiler)
    key = hashlib.sha256("\0".join([main, *link, *(path.name for path in built.values())]).encode()).hexdigest()
    binary = objects.entry(cache, key, "")
    if not objects.hit(binary):
        inputs = [str(path) for path in built.values()]
        link_s = max(timeout_s, _ZIG_LINK_S) if compiler.name == "zig" else timeout_s
        _produce(compiler, [*link, *inputs], binary, tree, f"tools/{main}", link_s)
        objects.trim(cache)
    log.debug("%s: %d sources, %d compiled", main, len(paths), len(missing))
    return Program(binary, hashlib.sha256(binary.read_bytes()).hexdigest(), flags, compiler, isa)


def cores() -> int:
    """How many compilers run at once: the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compile_flags(compiler: Compiler, isa: Isa) -> tuple[str, ...]:
    """The flags of every compile for ``isa``."""
    if compiler.name != "zig":
        return (*FLAGS, *isa.flags)
    features = "".join(flag.replace("-m", "+", 1) for flag in isa.flags if "=" not in flag)
    widths = tuple(flag for flag in isa.flags if "=" in flag)
    return (*FLAGS, _ZIG_FLAGS[0] + features, *_ZIG_FLAGS[1:], *widths)


def _link_flags(compiler: Compiler) -> tuple[str, ...]:
    """Without the ISA's: linking needs none, and Zig would build its C++ library anew for each."""
    return ("-O3", "-pthread", "-ldl", *(_ZIG_FLAGS if compiler.name == "zig" else fast_linker(compiler.command)))


def _sources(tree: Path, main: str) -> list[Path]:
    """Relative to the tree, sorted: the order of a link line is part of the binary."""
    found = [path.relative_to(tree) for folder in ("src", "kernels") for path in (tree / folder).glob("*.cpp")]
    tool = Path("tools") / f"{main}.cpp"
    assert (tree / tool).is_file(), f"{tree} has no {tool}"
    return [*sorted(found), tool]


def _each(work: Callable[[Path], None], items: Sequence[Path], jobs: int) -> None:
    futures: list[Future[None]] = []
    with ThreadPoolExecutor(max(1, min(jobs, len(items)))) as pool:
        try:
            for item in items:
                futures.append(pool.submit(work, item))
            for future in futures:
                future.result()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            # Leaving this block waits for the compilers that run: at an interrupt they go, and those just starting.
            while not isinstance(error, Exception) and not all(future.done() for future in futures):
                process.end_all()
                time.sleep(_POLL_S)
            raise


def _produce(compiler: Compiler, args: Sequence[str], out: Path, tree: Path, what: str, timeout_s: float) -> None:
    """Run the compiler in the tree, its output going to ``out`` by rename. Raises CompileError naming ``what``."""
    stage = atomic.staging_path(out)
    command = [*compiler.command, *args, "-o", str(stage)]
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        done = process.run(command, timeout_s, cwd=tree)
        if done.code != 0:
            lines = (done.stderr or done.stdout).strip().splitlines() or [f"exit status {done.code} and no message"]
            said = "\n".join(lines[:_SHOWN_LINES])
            raise CompileError(
                f"{what}: must compile with {compiler.version}, got\n{said}\ntry another compiler by CXX"
            )
        objects.install(stage, out)
    except process.DeadlineError:
        raise CompileError(
            f"{what}: must compile within {timeout_s:g} s, got no end, try another compiler by CXX"
        ) from None
    except OSError as error:
        raise CompileError(f"{what}: the compiler must start and write, got {error}, correct that") from error
    finally:
        with suppress(OSError):  # where nothing could be written, nothing is left
            stage.unlink()
