"""Numerics of the portable code on another processor, emulated: parity of a pruned network, no timing.

    python benchmarks/emulated.py [--cxx aarch64-linux-gnu-g++] [--emulator qemu-aarch64-static] [--json FILE] [--check]

On Debian: apt-get install g++-aarch64-linux-gnu qemu-user-static.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from itertools import cycle
from pathlib import Path

import numpy as np
from common import finish, parser

from npas import zoo
from npas.algorithms import one_shot
from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.passes import simplify
from npas.errors import UsageError
from npas.frontend.initialise import initialise
from npas.graph.graph import Graph
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning
from npas.targets.tree_writer import write_tree
from npas.verify.reference import values

THREADS, SIZE, LIMIT = 2, 32, 1e-4


def prunings(graph: Graph) -> dict[str, Pruning]:
    """The schemes in turn, each layer taking the next one that applies, so that every format occurs."""
    turn = cycle(name for name in SCHEMES if name != "filter")
    found = {}
    for node in graph.nodes:
        kind = kind_of(node, graph)
        if kind is not None:
            found[node.name] = Pruning(next(name for name in turn if SCHEMES[name].applies(kind)), 3.0)
    return found


def error(name: zoo.NetworkName, cxx: str, emulator: str, folder: Path) -> float:
    """Relative L2 error of a zoo network, cross-compiled and run under the emulator."""
    graph = zoo.build(name, (3, SIZE, SIZE), 10, 0.5, "hard_swish")
    options = Options(prunings=prunings(graph))
    network = simplify(one_shot(initialise(graph, np.random.default_rng(0)), options.prunings).network)
    lowered = lower(network, isa="portable", threads=THREADS, options=options)
    root = folder / "runtime"
    write_tree(root, {**emit(lowered.plan), "weights.bin": lowered.weights()})
    images = np.random.default_rng(1).standard_normal((2, 3, SIZE, SIZE)).astype(np.float32)
    images.tofile(folder / "in.bin")
    sources = [*root.glob("src/*.cpp"), *root.glob("kernels/*.cpp"), root / "tools" / "verify.cpp"]
    includes = [f"-I{root / part}" for part in ("include", "src", "kernels")]
    flags = [
        "-std=c++17",
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Wno-psabi",
        "-ffp-contract=fast",
        "-static",
        "-pthread",
    ]
    program = folder / "verify"
    subprocess.run([cxx, *flags, *includes, *map(str, sources), "-o", str(program)], check=True)
    files = [str(folder / "in.bin"), str(folder / "out.bin")]
    subprocess.run([emulator, str(program), str(root / "weights.bin"), "run", str(THREADS), *files], check=True)
    got = np.fromfile(files[1], np.float32).reshape(len(images), -1)
    wanted = values(network, {network.graph.inputs[0]: images.astype(np.float64)})[network.graph.outputs[0]]
    return float(np.linalg.norm(got - wanted) / np.linalg.norm(wanted))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--cxx", default="aarch64-linux-gnu-g++")
    options.add_argument("--emulator", default="qemu-aarch64-static")
    given = options.parse_args()
    missing = [tool for tool in (given.cxx, given.emulator) if shutil.which(tool) is None]
    if missing:
        raise UsageError(f"{', '.join(missing)}: must be installed, got nothing by that name, see --help")
    errors = {}
    for name in ("mobilenet_v2", "resnet18"):
        with tempfile.TemporaryDirectory() as scratch:
            errors[name] = error(name, given.cxx, given.emulator, Path(scratch))
    shown = ", ".join(f"{name} {value:.2e}" for name, value in errors.items())
    missed = [name for name, value in errors.items() if not value <= LIMIT]
    return finish(given, {"cxx": given.cxx, "relative_l2": errors}, f"relative L2 error: {shown}", missed)


if __name__ == "__main__":
    sys.exit(main())
