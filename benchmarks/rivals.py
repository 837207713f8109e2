"""The engines that benchmarks compare with: their environments, their own files of a network, their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
import torch_program

from npas.compiler.indexed import Options
from npas.compiler.passes import simplify
from npas.compiler.passes.round_weights import round_weights
from npas.graph.graph import Network
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Machine
from npas.targets.bench import RunnableProgram, Settings

MOST_ERROR = 1e-3
"""Of an engine's output, relative L2; beyond it the engine computes something else."""
RUNNERS = Path(__file__).resolve().parent / "engines"
TIMEOUT_S = 300.0
CONVERSION_S = 1800.0
IMAGE = (1, 3, 224, 224)


@dataclass(frozen=True)
class Engine:
    """A peer: what its environment needs, and the commands that make its file of MODEL.onnx (in the folder).

    A word that ends in .py is one of our scripts; with the word THREADS there is a file for each number of threads.
    """

    packages: tuple[str, ...]
    convert: tuple[tuple[str, ...], ...] = ()
    runner: str = ""
    file: str = "{}"
    environment: str = ""
    """Whose runner, file and environment it takes, where not its own."""
    torch: bool = False
    """Whether it is made of MODEL.pt2, the network as a torch program, instead."""


@dataclass(frozen=True)
class Timing:
    """One fresh process: the median, the output's relative L2 error, and the engine's version."""

    ms: float
    error: float
    version: str


_MNN_CONVERT = ("mnnconvert", "-f", "ONNX", "--modelFile", "MODEL.onnx", "--bizCode", "x", "--MNNModel")
# As in our own requirements: a CPU build of this version, where one is offered, wins over a newer CUDA build.
_TORCH = "torch<=2.13.0"

ENGINES: Mapping[str, Engine] = {
    "onnxruntime": Engine(("onnxruntime",)),
    "openvino": Engine(("openvino",)),
    "mnn": Engine(("MNN",), ((*_MNN_CONVERT, "MODEL.mnn"),)),
    "mnn_sparse": Engine(
        ("MNN",),
        ((*_MNN_CONVERT, "MODEL_mnn_sparse.mnn", "--detectSparseSpeedUp"),),
        runner="mnn",
        file="{}_mnn_sparse",
        environment="mnn",
    ),
    "mnn_blocks": Engine(
        ("MNN",),
        (
            ("python", "write_mnn_blocks.py", "MODEL_mnn_blocks.compression"),
            (
                *(*_MNN_CONVERT, "MODEL_mnn_blocks.mnn", "--detectSparseSpeedUp"),
                *("--compressionParamsFile", "MODEL_mnn_blocks.compression"),
            ),
        ),
        runner="mnn",
        file="{}_mnn_blocks",
        environment="mnn",
    ),
    "deepsparse": Engine(("deepsparse==1.8.0", "numpy==1.26.4", "protobuf<4")),
    "ncnn": Engine(("ncnn", "pnnx"), (("pnnx", "MODEL.onnx", "inputshape=[1,3,224,224]", "fp16=0"),)),
    # On the first Vulkan device, which is the processor itself where Mesa's llvmpipe is the only one.
    "ncnn_vulkan": Engine(
        ("ncnn", "pnnx"), (("pnnx", "MODEL.onnx", "inputshape=[1,3,224,224]", "fp16=0"),), environment="ncnn"
    ),
    # Its wheel has no OpenCL: $MNN_OPENCL is a folder of MNN's sources with a build in b/, see run_mnn_opencl.py.
    "mnn_opencl": Engine(("MNN",), ((*_MNN_CONVERT, "MODEL.mnn"),), environment="mnn"),
    "litert": Engine(
        (_TORCH, "litert-torch", "ai-edge-litert"), (("python", "convert_litert.py", "MODEL"),), torch=True
    ),
    # Other versions of its foreign function interface crash it.
    "tvm": Engine(
        ("apache-tvm==0.27.0.post1", "apache-tvm-ffi==0.1.14.post0", "onnx"), (("python", "convert_tvm.py", "MODEL"),)
    ),
    "executorch": Engine((_TORCH, "executorch"), (("python", "convert_executorch.py", "MODEL"),), torch=True),
    "inductor": Engine((_TORCH,), (("python", "convert_inductor.py", "MODEL", "THREADS"),), torch=True),
}


class MissingError(Exception):
    """An engine that cannot be had, or cannot run a network."""


@dataclass(frozen=True)
class Subject:
    """A network as everybody gets it."""

    name: str
    network: Network
    folder: Path
    image: Path
    reference: Path

    @property
    def model(self) -> Path:
        return self.folder / self.name


def export(network: Network, name: str, folder: Path) -> Subject:
    """The network's ONNX file, one image and ONNX Runtime's output."""
    stages.export(network, name, folder).rename(folder / f"{name}.onnx")
    image = np.random.default_rng(1).standard_normal(IMAGE).astype(np.float32)
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    subject = Subject(name, network, folder, folder / "image.npy", folder / f"{name}.npy")
    np.save(subject.image, image)
    np.save(subject.reference, session.run(None, {session.get_inputs()[0].name: image})[0])
    return subject


def halved(subject: Subject) -> Subject:
    """The same network with its fully connected weights rounded to 16 bits, exported beside it."""
    rounded = round_weights(simplify(subject.network))
    return export(rounded, f"{subject.name}_fp16", subject.folder)


def environment(name: str, engine: Engine, work: Path) -> Path:
    """The folder of its environment's programs. Raises MissingError."""
    folder = work.resolve() / "environments" / (engine.environment or name)
    if not (folder / "complete").exists():
        print(f"installing {name}", file=sys.stderr)
        _run([sys.executable, "-m", "venv", folder], 600)
        _run([folder / "bin" / "pip", "install", "-q", "numpy", *engine.packages], 1800, installs=True)
        (folder / "complete").touch()
    return folder / "bin"


def environments(names: Iterable[str], work: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Those that can be had, and why the others cannot."""
    found, missing = dict[str, Path](), dict[str, str]()
    for name in names:
        try:
            if name not in ENGINES:
                raise MissingError(f"no engine of this name: there are {', '.join(ENGINES)}")
            found[name] = environment(name, ENGINES[name], work)
        except MissingError as error:
            missing[name] = str(error)
    return found, missing


def converted(name: str, engine: Engine, subject: Subject, programs: Path, threads: int = 1) -> None:
    """Makes the engine's own file of the network, once. Raises MissingError."""
    key = f"{name}{threads}" if any("THREADS" in command for command in engine.convert) else name
    mark = subject.folder / f"{subject.name}.{key}.converted"
    if mark.exists():
        return
    if engine.torch and not subject.model.with_suffix(".pt2").exists():
        torch_program.write(subject.network, torch.zeros(IMAGE), subject.model.with_suffix(".pt2"))
    for command in engine.convert:
        words = [word.replace("MODEL", subject.name).replace("THREADS", str(threads)) for word in command]
        arguments = [str(RUNNERS / word) if word.endswith(".py") else word for word in words[1:]]
        _run([str(programs / words[0]), *arguments], CONVERSION_S, subject.folder)
    mark.touch()


def timed(name: str, subject: Subject, programs: Path, threads: int, settings: Settings) -> Timing:
    """One fresh process. Raises MissingError where the output is not the network's."""
    engine = ENGINES[name]
    model = subject.folder / engine.file.format(subject.name)
    command = [programs / "python", RUNNERS / f"run_{engine.runner or name}.py", model]
    command += [subject.image, subject.reference]
    options = ["--threads", str(threads), "--runs", str(settings.runs), "--min-s", str(settings.min_s)]
    lines = _run([*command, *options], TIMEOUT_S).splitlines()
    if not lines:
        raise MissingError("it printed nothing")
    said = json.loads(lines[-1])
    if not said["error"] <= MOST_ERROR:
        raise MissingError(f"its output differs from ONNX Runtime's by {said['error']:.1e}")
    return Timing(float(np.median(said["times_ms"])), said["error"], said["version"])


def _run(command: Sequence[str | Path], timeout: float, folder: Path | None = None, installs: bool = False) -> str:
    """What a command prints. MNN's tools install packages for their telemetry by whatever ``pip`` they find: they find
    their own environment's, which finds nothing. Raises MissingError."""
    environment = {**os.environ, "PATH": f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    if not installs:
        environment["PIP_NO_INDEX"] = "1"
    words = list(map(str, command))
    try:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout, env=environment)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode != 0:
        raise MissingError(f"exit status {done.returncode}: {' '.join((done.stderr or done.stdout).split())[-300:]}")
    return done.stdout


@contextmanager
def ours(subject: Subject, machine: Machine, options: Options) -> Iterator[RunnableProgram]:
    """Our program, proven first; nothing of what it is made of stays in memory."""
    with tempfile.TemporaryDirectory() as scratch:
        yield _proven(subject, machine, options, Path(scratch))


def _proven(subject: Subject, machine: Machine, options: Options, folder: Path) -> RunnableProgram:
    made = runtime.generate(subject.model.with_suffix(".onnx"), subject.name, machine, options)
    image = np.load(subject.image)
    runtime.write(folder, made, runtime.golden(made.model, image))
    stages.require_parity(stages.parity(folder, made, machine, image))
    return runtime.bench_program(folder, machine)
