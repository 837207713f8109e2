"""Two small generated models, trees on disk and how they are built."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from npas.algorithms import one_shot
from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.passes import simplify
from npas.compiler.schedules.records import LaneSchedule, PackedSchedule, Schedule
from npas.frontend.onnx_out import to_onnx
from npas.graph.builder import Builder
from npas.graph.graph import Graph, Network
from npas.ops import Softmax
from npas.search.candidate import Pruning
from npas.spec.schema import Isa
from npas.stages.runtime import golden
from npas.targets.compilers import find_compiler
from npas.targets.isa import ISAS
from npas.verify.reference import onnx_runtime

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Model:
    """A generated model: its plan and weights, and what ONNX Runtime makes of two images."""

    name: str
    lowered: Lowered
    onnx: bytes
    images: Floats

    @property
    def weights(self) -> bytes:
        return self.lowered.weights()

    def outputs(self) -> list[Floats]:
        """Per output of the model, [images, ...]."""
        return onnx_runtime(self.onnx, self.images, threads=1)

    def write(self, folder: Path) -> Path:
        """The whole tree, as a build leaves it."""
        tree = {
            **emit(self.lowered.plan),
            "weights.bin": self.weights,
            "test/golden.bin": golden(self.onnx, self.images),
        }
        for path, data in tree.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        return folder


def alpha(isa: Isa = "portable", threads: int = 2) -> Model:
    """Every format and nearly every kind of layer, on odd shapes."""
    b = Builder("alpha")
    x = b.input((3, 11, 9))
    x = b.act(b.conv(x, 12, bias=True, name="dense"), "relu")
    y = b.act(b.conv(x, 16, kernel=3, name="block"), "relu6")
    z = b.conv(x, 8, kernel=3, name="pattern")
    x = b.concat(y, z)
    x = b.max_pool(x, 3, 2, pads=(1, 1, 1, 1))
    x = b.act(b.conv(x, 24, groups=24, name="depthwise"), "hard_swish")
    x = b.add(b.conv(x, 24, kernel=1, name="sparse"), x)
    x = b.conv(x, 10, stride=2, name="strided")
    x = b.act(b.conv(x, 13, kernel=3, bias=True, name="punched"), "relu")
    x = b.add(b.conv(x, 13, groups=13, bias=True, name="channels"), x)
    x = b.flatten(b.avg_pool(x, 2, 1))
    x = b.linear(x, 19, name="columns")
    x = b.node(Softmax(), b.linear(x, 5, name="last"))
    prunings = {
        "block": Pruning("block_punched", 3.0),
        "pattern": Pruning("pattern", 3.0),
        "sparse": Pruning("unstructured", 2.0),
        "punched": Pruning("block_punched", 2.0),
        "columns": Pruning("block", 2.0),
        "last": Pruning("unstructured", 2.0),
    }
    # Layers as small as these would be faster dense, and by other kernels.
    schedules = {
        "block": Schedule(rows=4, vectors=2, channel_block=12),
        "pattern": PackedSchedule(lines=4, channel_block=4),
        "sparse": PackedSchedule(lines=3, channel_block=8),
        "punched": LaneSchedule(vectors=2, depth=2, pixels=2, tiles_at_a_time=2, channel_block=4),
    }
    return _model(b.graph(x), Options(prunings=prunings, schedules=schedules), isa, threads)


def beta(isa: Isa = "portable", threads: int = 1) -> Model:
    """Another network, with two outputs."""
    b = Builder("beta")
    x = b.input((2, 6, 6))
    x = b.act(b.conv(x, 8, bias=True), "swish")
    x = b.add(b.conv(x, 8), x, name="map")
    x = b.linear(b.flatten(b.global_avg_pool(x)), 7, name="scores")
    return _model(b.graph("scores", "map"), Options(), isa, threads)


def _model(graph: Graph, options: Options, isa: Isa, threads: int) -> Model:
    rng = np.random.default_rng(7)
    weights = {
        name: (rng.standard_normal(shape) * (0.3 if len(shape) == 1 else np.sqrt(1.5 / np.prod(shape[1:])))).astype(
            "f4"
        )
        for name, shape in graph.parameters.items()
    }
    network = simplify(one_shot(Network(graph, weights), options.prunings).network)
    images = rng.standard_normal((2, *graph.shapes[graph.inputs[0]][1:])).astype(np.float32)
    lowered = lower(network, isa=isa, threads=threads, options=options)
    return Model(graph.name, lowered, to_onnx(network).SerializeToString(), images)


def renamed(model: Model, name: str) -> Model:
    """The same model under another name: another build."""
    plan = model.lowered.plan.model_copy(update={"name": name})
    return replace(model, name=name, lowered=replace(model.lowered, plan=plan))


def cmake(source: Path, build: Path, *options: str, target: str = "all") -> None:
    """Configures and builds."""
    generator = ["-G", "Ninja", f"-DCMAKE_CXX_COMPILER={find_compiler().command[0]}"]
    call(["cmake", "-S", str(source), "-B", str(build), *generator, *options])
    call(["cmake", "--build", str(build), "--target", target])


def call(argv: Sequence[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Runs a command that must succeed, and gives its output."""
    done = subprocess.run(argv, cwd=cwd, env={**os.environ, **(env or {})}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{' '.join(argv)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


def compile_tree(tree: Path, main: Path, program: Path, *flags: str, isa: Isa = "portable") -> Path:
    """A main linked with a tree's library sources, all under ``flags``, without the object cache."""
    sources = [*sorted([*tree.glob("src/*.cpp"), *tree.glob("kernels/*.cpp")]), main]
    includes = [f"-I{tree / folder}" for folder in ("include", "src", "kernels")]
    common = ["g++", "-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", *ISAS[isa].flags, *flags, *includes]
    program.parent.mkdir(parents=True, exist_ok=True)

    def compile_one(source: Path) -> str:
        target = program.parent / f"{program.name}.{source.stem}.o"
        call([*common, "-c", str(source), "-o", str(target)])
        return str(target)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        objects = list(pool.map(compile_one, sources))
    call(["g++", *flags, *objects, "-pthread", "-o", str(program)])
    return program
