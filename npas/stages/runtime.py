"""From ``model.onnx`` and decisions to ``runtime/``: the last step of a build and all of a locked one."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered
from npas.frontend import onnx_in
from npas.graph.graph import Network
from npas.stages.lock import dump_yaml, source_digests
from npas.stages.program import Machine, lower_for
from npas.targets.bench import RunnableProgram
from npas.targets.toolchain import Program, compile_program
from npas.targets.tree_writer import write_tree
from npas.verify.reference import Floats, onnx_runtime

GOLDEN_SAMPLES = 2


@dataclass(frozen=True)
class Runtime:
    """A generated runtime: its network (simplified), plan and files, all functions of the model and its options."""

    network: Network
    lowered: Lowered
    model: bytes
    files: Mapping[str, bytes]
    """``plan.yaml`` and everything under ``runtime/`` but the golden data, by path in the build folder."""

    def digests(self) -> dict[str, str]:
        return source_digests(self.files)


def generate(model: Path, name: str, machine: Machine, options: Options) -> Runtime:
    """Reads the exported model back, as a locked build will, and generates from that.

    Raises UnsupportedError.
    """
    network, lowered = lower_for(onnx_in.read(model), name, machine, options)
    files = {f"runtime/{path}": data for path, data in emit(lowered.plan).items()}
    files["runtime/weights.bin"] = lowered.weights()
    files["plan.yaml"] = dump_yaml(lowered.plan).encode()
    return Runtime(network, lowered, model.read_bytes(), files)


def golden(model: bytes, images: Floats) -> bytes:
    """Recorded inputs and ONNX Runtime's outputs; ``test/golden.c`` says how they lie."""
    images = images[:GOLDEN_SAMPLES]
    outputs = onnx_runtime(model, images, threads=1)
    data = bytearray(struct.pack("<I", len(images)))
    for i, image in enumerate(images):
        data += image.astype("<f4").tobytes()
        for output in outputs:
            data += np.ascontiguousarray(output[i], "<f4").tobytes()
    return bytes(data)


def write(folder: Path, runtime: Runtime, golden_data: bytes) -> None:
    """Writes ``runtime/`` as a whole."""
    tree = {path.removeprefix("runtime/"): data for path, data in runtime.files.items() if path.startswith("runtime/")}
    write_tree(folder / "runtime", {**tree, "test/golden.bin": golden_data})


def compile_tool(folder: Path, machine: Machine, tool: str) -> Program:
    """A tool of a written build. Raises CompileError."""
    return compile_program(folder / "runtime", "bench" if tool == "bench" else "verify", machine.isa)


def bench_program(folder: Path, machine: Machine) -> RunnableProgram:
    return RunnableProgram(compile_tool(folder, machine, "bench"), folder / "runtime" / "weights.bin")
