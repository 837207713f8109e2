"""Our runtime beside the engines that a user would take instead: dense networks, fp32, batch 1, 224x224.

    python benchmarks/peers.py --work DIR [--networks a,b] [--engines a,b] [--threads 1,2] [--rounds 5]
                               [--json FILE] [--check]

Every engine gets a virtual environment of its own under DIR, made on first use, and a process of its own in every
round; rounds go through the engines in random order. All read the same ONNX file (random weights, batch-norm
folded); an engine whose output is not ONNX Runtime's is left out and named, and so is one that cannot be had. The
figure is our median over the least of theirs, round by round, with a 95 % bootstrap interval over rounds.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from common import finish, parser

from npas import measure, zoo
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.graph.graph import Network
from npas.spec.schema import CpuTarget
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Machine
from npas.targets.bench import RunnableProgram, Settings, run_bench

GOAL, MOST = 0.8, 1.0
"""Our time over the best peer's: what we want, and what must hold in every cell."""
MOST_ERROR = 1e-3
"""Of an engine's output, relative L2; beyond it the engine computes something else."""
RUNNERS = Path(__file__).parent / "engines"
TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Engine:
    """A peer: what its environment needs, and the commands that make its file of MODEL.onnx (in the folder)."""

    packages: tuple[str, ...]
    convert: tuple[tuple[str, ...], ...] = ()


ENGINES: Mapping[str, Engine] = {
    "onnxruntime": Engine(("onnxruntime",)),
    "openvino": Engine(("openvino",)),
    "mnn": Engine(
        ("MNN",), (("mnnconvert", "-f", "ONNX", "--modelFile", "MODEL.onnx", "--MNNModel", "MODEL.mnn", "--bizCode", "x"),)
    ),
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


def export(name: str, folder: Path) -> tuple[Network, Subject]:
    """The network with random weights, its ONNX file, one image and ONNX Runtime's output."""
    import onnxruntime

    network = initialise(zoo.build(name), np.random.default_rng(0))  # type: ignore[arg-type]
    stages.export(network, name, folder).rename(folder / f"{name}.onnx")
    image = np.random.default_rng(1).standard_normal((1, 3, 224, 224)).astype(np.float32)
    session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
    subject = Subject(name, folder, folder / "image.npy", folder / f"{name}.npy")
    np.save(subject.image, image)
    np.save(subject.reference, session.run(None, {session.get_inputs()[0].name: image})[0])
    return network, subject


@contextmanager
def ours(network: Network, subject: Subject, threads: int, options: Options) -> Iterator[RunnableProgram]:
    """Our program, proven first."""
    machine = Machine.of(CpuTarget(type="cpu", threads=threads))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = runtime.generate(subject.model.with_suffix(".onnx"), subject.name, machine, options)
        image = np.load(subject.image)
        runtime.write(folder, made, runtime.golden(made.model, image))
        stages.require_parity(stages.parity(folder, made, machine, image))
        yield runtime.bench_program(folder, machine)


def environment(name: str, engine: Engine, work: Path) -> Path:
    """The folder of its environment's programs. Raises MissingError."""
    folder = work / "environments" / name
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
    command = [programs / "python", RUNNERS / f"run_{name}.py", subject.model, subject.image, subject.reference]
    command += ["--threads", str(threads), "--runs", str(settings.runs), "--min-s", str(settings.min_s)]
    said = json.loads(_run(command, TIMEOUT_S).splitlines()[-1])
    if not said["error"] <= MOST_ERROR:
        raise MissingError(f"its output differs from ONNX Runtime's by {said['error']:.1e}")
    return float(np.median(said["times_ms"]))


def _run(command: Sequence[str | Path], timeout: float, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(list(map(str, command)), cwd=folder, capture_output=True, text=True, timeout=timeout)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingError(str(error)) from error
    if done.returncode != 0 or (command[0] != sys.executable and not done.stdout and "run_" in str(command[1])):
        raise MissingError(f"exit status {done.returncode}: {(done.stderr or done.stdout)[-300:].strip()}")
    return done.stdout


def cell(
    network: Network, subject: Subject, threads: int, peers: Mapping[str, Path], rounds: int, options: Options
) -> dict[str, Any]:
    """One network at one number of threads."""
    settings = Settings(processes=1, runs=15, min_s=1.0)
    machine = Machine.of(CpuTarget(type="cpu", threads=threads))
    times: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    missing: dict[str, str] = {}
    with ours(network, subject, threads, options) as program:
        for turn in range(rounds):
            order = [name for name in times if name not in missing]
            random.Random(turn).shuffle(order)
            for name in order:
                if name == "ours":
                    output = run_bench(program, machine.device, threads, settings)
                    times[name].append(float(np.median(output.times_ms)))
                    continue
                try:
                    times[name].append(timed(name, subject, peers[name], threads, settings))
                except MissingError as error:
                    missing[name] = str(error)
    for name in missing:
        del times[name]
    medians = {name: float(np.median(t)) for name, t in times.items()}
    best = min((name for name in medians if name != "ours"), key=medians.__getitem__)
    ratios = [a / b for a, b in zip(times["ours"], times[best], strict=True)]
    return {
        "network": subject.name,
        "threads": threads,
        "ms": medians,
        "best_peer": best,
        "ratio": float(np.median(ratios)),
        "interval": measure.bootstrap(ratios, 0),
        "missing": missing,
    }


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--work", type=Path, required=True, help="environments and converted networks are kept here")
    options.add_argument("--networks", default=",".join(get_args(zoo.NetworkName)))
    options.add_argument("--engines", default=",".join(ENGINES))
    options.add_argument("--threads", default="1,2")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    peers: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for name in given.engines.split(","):
        try:
            peers[name] = environment(name, ENGINES[name], given.work)
        except MissingError as error:
            absent[name] = str(error)
    cells = []
    for network_name in given.networks.split(","):
        network, subject = export(network_name, given.work)
        usable = dict(peers)
        for name, programs in peers.items():
            try:
                converted(name, ENGINES[name], subject, programs)
            except MissingError as error:
                absent[f"{name} ({network_name})"] = str(error)
                del usable[name]
        for threads in map(int, given.threads.split(",")):
            row = cell(network, subject, threads, usable, given.rounds, Options())
            cells.append(row)
            shown = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(row["ms"].items(), key=lambda x: x[1]))
            low, high = row["interval"]
            print(
                f"{network_name:<20} {threads} threads  {row['ratio']:.2f} [{low:.2f}, {high:.2f}] of {row['best_peer']}; "
                f"ms: {shown}",
                flush=True,
            )
            absent |= {f"{name} ({network_name}, {threads})": why for name, why in row["missing"].items()}
    for name, why in absent.items():
        print(f"not measured: {name}: {why}")
    worst = max(cells, key=lambda row: row["ratio"])
    missed = [f"{row['network']}/{row['threads']}" for row in cells if row["ratio"] > MOST]
    good = sum(row["ratio"] <= GOAL for row in cells)
    headline = (
        f"{good} of {len(cells)} cells at {GOAL} or less of the best peer's time, worst {worst['ratio']:.2f} "
        f"({worst['network']}, {worst['threads']} threads)"
    )
    return finish(given, {"cells": cells, "missing": absent}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
