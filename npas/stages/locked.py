"""What a finished build folder can do again: generate, verify, bench; and ``npas build --locked``."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from npas import data, measure
from npas.errors import DriftError, NpasError, UsageError
from npas.progress import Progress
from npas.report import html
from npas.spec import LoadedSpec, load
from npas.spec.schema import OpenClTarget
from npas.stages import finish, runtime
from npas.stages.lock import Lock, check_sources, digest, dump_yaml, read, spec_digest
from npas.stages.program import Machine, opencl_device
from npas.stages.runtime import Runtime
from npas.targets import atomic, opencl
from npas.targets.isa import ISAS, require
from npas.targets.local import LocalDevice
from npas.targets.tree_writer import recover
from npas.verify import ParityReport

log = logging.getLogger("npas.stages")


def rebuild(loaded: LoadedSpec, out: Path) -> dict[str, Any]:
    """Makes the sources of ``out`` again from its lock and model, and proves them; no search, no training, no timing.

    Raises UsageError where lock or model are missing, DriftError where spec, model or sources are not the lock's,
    NumericsError where the program is not the model's.
    """
    say = Progress()
    lock = read(out / "npas.lock")
    if not (out / "manifest.json").exists():
        raise UsageError(f"{out}: must hold a finished build, got no manifest.json, run npas build without --locked")
    if spec_digest(loaded.spec) != lock.spec:
        raise DriftError(f"{loaded.path}: must be the spec of {out / 'npas.lock'}, got another, build without --locked")
    say.stage("generating from the lock")
    made = _again(out, lock)
    check_sources(lock, made.digests(), out)
    _write(out, made)
    say.stage("proving")
    finish.require_parity(_prove(out, lock, made, _images(loaded, loaded.spec.verify.samples)))
    manifest: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return manifest


def generate(folder: Path) -> dict[str, Any]:
    """Writes ``plan.yaml`` and ``runtime/`` again as this version of NPAS generates them; updates the lock.

    Raises UsageError, UnsupportedError.
    """
    lock = read(folder / "npas.lock")
    made = _again(folder, lock)
    new = finish.lock_of(lock.spec, made)
    changed = sorted(p for p in {*lock.sources, *new.sources} if lock.sources.get(p) != new.sources.get(p))
    _write(folder, made)
    atomic.write_text(folder / "npas.lock", dump_yaml(new))
    return {"files": len(new.sources), "changed": changed}


def verify(folder: Path, samples: int | None = None) -> dict[str, Any]:
    """Compares a build's program with ONNX Runtime; writes and returns ``verify.json``."""
    lock = read(folder / "npas.lock")
    made = _again(folder, lock)
    _require_written(folder, made)
    loaded = load(folder / "spec.yaml", files=False)
    images = _images(loaded, samples or loaded.spec.verify.samples, fallback=made)
    result: dict[str, Any] = _prove(folder, lock, made, images).to_json()
    finish.write_json(folder / "verify.json", result)
    return result


def bench(folder: Path) -> dict[str, Any]:
    """Times a build's program anew; writes and returns ``bench.json``, keeping the dense figures of the build."""
    lock = read(folder / "npas.lock")
    machine = _machine(lock)
    report = measure.measure({"pruned": runtime.bench_program(folder, machine)}, machine.device, machine.threads)
    path = folder / "bench.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    # A ratio comes from one interleaved measurement: a new time beside an old one would make a false one.
    kept = {key: known[key] for key in ("dense_latency_ms",) if key in known}
    result = {**report.to_json("pruned"), **kept}
    finish.write_json(path, result)
    html.write(folder)
    return result


def _machine(lock: Lock) -> Machine:
    """The machine that runs what the lock was made for. Raises DeviceError."""
    isa = ISAS[lock.isa]
    require(isa)
    if isa.backend == "cpu":
        return _generating(lock)
    platform, device = lock.wanted
    found = opencl.find(OpenClTarget(type="opencl", platform=platform, device=device))
    opencl.require(isa, found)
    return replace(_generating(lock), device=opencl_device(found))


def _generating(lock: Lock) -> Machine:
    """What code is generated for; it need not be here."""
    return Machine(
        ISAS[lock.isa],
        lock.threads,
        LocalDevice(),
        fully_connected=lock.fully_connected,
        weights=lock.weights,
        wanted=lock.wanted,
    )


def _again(folder: Path, lock: Lock) -> Runtime:
    model = folder / "model.onnx"
    if not model.exists():
        raise UsageError(f"{model}: a build needs its model, got no such file, run npas build without --locked")
    if digest(model.read_bytes()) != lock.model:
        raise DriftError(f"{model}: must be the model of npas.lock, got another, build again without --locked")
    return runtime.generate(model, lock.name, _generating(lock), lock.options())


def _write(folder: Path, made: Runtime) -> None:
    recover(folder / "runtime")
    kept = folder / "runtime" / "test" / "golden.bin"
    if not kept.exists():
        raise UsageError(f"{kept}: a build needs its recorded outputs, got no such file, build without --locked")
    runtime.write(folder, made, kept.read_bytes())
    atomic.write_bytes(folder / "plan.yaml", made.files["plan.yaml"])


def _require_written(folder: Path, made: Runtime) -> None:
    """The program that is verified must be the one on disk."""
    for path, wanted in made.files.items():
        file = folder / path
        if not file.exists() or file.read_bytes() != wanted:
            raise DriftError(f"{file}: must be as generated, got a difference, run npas generate {folder}")


def _prove(folder: Path, lock: Lock, made: Runtime, images: NDArray[np.float32]) -> ParityReport:
    return finish.parity(folder, made, _machine(lock), images)


def _images(loaded: LoadedSpec, samples: int, fallback: Runtime | None = None) -> NDArray[np.float32]:
    """Test images; where the data cannot be found from the build folder, random ones, and a word about it."""
    try:
        return data.load(loaded.spec.data, loaded.folder).images("test", samples)
    except NpasError as error:
        if fallback is None:
            raise
        log.warning("random images instead of the test split: %s", error)
        shape = fallback.lowered.plan.inputs[0].shape
        return np.random.default_rng(0).standard_normal((samples, *shape[1:])).astype(np.float32)
