"""The engines that benchmarks compare with: their environments, their own files of a network, their times."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from npas.compiler.indexed import Options
from npas.graph.graph import Network
from npas.spec.schema import CpuTarget
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Machine
from npas.targets.bench import RunnableProgram, Settings

MOST_ERROR = 1e-3
"""Of an engine's output, relative L2; beyond it the engine computes something else."""
RUNNERS = Path(__file__).parent / "engines"
TIMEOUT_S = 300.0
IMAGE = (1, 3, 224, 224)


@dataclass(frozen=True)
class Engine:
    """A peer: what its environment needs, and the commands that make its file of MODEL.onnx (in the folder)."""

    packages: tuple[str, ...]
    convert: tuple[tuple[str, ...], ...] = ()
    runner: str = ""
    file: str = "{}"
    environment: str = ""
    """Whose runner, file and environment it takes, where not its own."""


_MNN_CONVERT = ("mnnconvert", "-f", "ONNX", "--modelFile", "MODEL.onnx", "--bizCode", "x", "--MNNModel")

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
    "deepsparse": Engine(("deepsparse==1.8.0", "numpy==1.26.4", "protobuf<4")),
    "ncnn": Engine(("ncnn", "pnnx"), (("pnnx", "MODEL.onnx", "inputshape=[1,3,224,224]", "fp16=0"),)),
}


class MissingError(Exception):
    """An engine that cannot be had, or cannot run a network."""


@dataclass(frozen=True)
class Subject:
    """A network as everybody gets it."""

    name: str
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
    subject = Subject(name, folder, folder / "image.npy", folder / f"{name}.npy")
    np.save(subject.image, image)
    np.save(subject.reference, session.run(None, {session.get_inputs()[0].name: image})[0])
    return subject


def environment(name: str, engine: Engine, work: Path) -> Path:
    """The folder of its environment's programs. Raises MissingError."""
    folder = work / "environments" / (engine.environment or name)
    if not (folder / "complete").exists():
        print(f"installing {name}", file=sys.stderr)
        _run([sys.executable, "-m", "venv", folder], 600)
        _run([folder / "bin" / "pip", "install", "-q", "numpy", *engine.packages], 1800)
        (folder / "complete").touch()
    return folder / "bin"


def converted(name: str, engine: Engine, subject: Subject, programs: Path) -> None:
    """Makes the engine's own file of the network, once. Raises MissingError."""
    mark = subject.folder / f"{subject.name}.{name}.converted"
    if not mark.exists():
        for command in engine.convert:
            words = [word.replace("MODEL", subject.name) for word in command]
            _run([programs / words[0], *words[1:]], TIMEOUT_S, subject.folder)
        mark.touch()


def timed(name: str, subject: Subject, programs: Path, threads: int, settings: Settings) -> float:
    """The median of one fresh process, ms. Raises MissingError where the output is not the network's."""
    engine = ENGINES[name]
    model = subject.folder / engine.file.format(subject.name)
    command = [programs / "python", RUNNERS / f"run_{engine.runner or name}.py", model]
    command += [subject.image, subject.reference]
    command += ["--threads", str(threads), "--runs", str(settings.runs), "--min-s", str(settings.min_s)]
    lines = _run(command, TIMEOUT_S).splitlines()
    if not lines:
        raise MissingError("it printed nothing")
    said = json.loads(lines[-1])
    if not said["error"] <= MOST_ERROR:
        raise MissingError(f"its output differs from ONNX Runtime's by {said['error']:.1e}")
    return float(np.median(said["times_ms"]))


def _run(command: Sequence[str | Path], timeout: float, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode != 0:
        raise MissingError(f"exit status {done.returncode}: {(done.stderr or done.stdout)[-300:].strip()}")
    return done.stdout


@contextmanager
def ours(subject: Subject, threads: int, options: Options) -> Iterator[RunnableProgram]:
    """Our program, proven first."""
    machine = Machine.of(CpuTarget(type="cpu", threads=threads))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = runtime.generate(subject.model.with_suffix(".onnx"), subject.name, machine, options)
        image = np.load(subject.image)
        runtime.write(folder, made, runtime.golden(made.model, image))
        stages.require_parity(stages.parity(folder, made, machine, image))
        yield runtime.bench_program(folder, machine)
