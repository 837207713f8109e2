"""The program against its oracles: end to end against ONNX Runtime, part by part against float64 and on integers."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from npas.compiler.lower import Lowered, lower
from npas.errors import NumericsError
from npas.graph.graph import Network
from npas.spec.schema import Storage
from npas.targets.device import Device
from npas.targets.isa import END_TO_END, ISAS
from npas.targets.toolchain import Program
from npas.verify.gates import as_stored, integer_network, integers, is_exact, part_reference
from npas.verify.parts import Part, parts_of
from npas.verify.reference import Doubles, Floats, onnx_runtime, values

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class LayerCheck:
    """One part: relative L2 error on real data; whether integers came out equal (None: its operators are not exact)."""

    name: str
    relative_l2: float
    exact: bool | None
    passed: bool


@dataclass(frozen=True)
class ParityReport:
    """The comparison. ``onnx_runtime_l2`` is ONNX Runtime's own distance from float64, for scale."""

    passed: bool
    relative_l2: float
    max_abs_error: float
    top1_agreement: float
    samples: int
    exact_layers: int
    layers: tuple[LayerCheck, ...]
    first_difference: str | None
    reference_l2: float
    onnx_runtime_l2: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Subject:
    """A program with all that is known of it."""

    network: Network
    """Simplified, as the plan computes it."""
    lowered: Lowered
    model: bytes
    """The pruned network's ONNX file."""
    verify: Program
    weights: bytes
    """The weights file that ships."""
    device: Device


def verify(subject: Subject, images: Floats) -> ParityReport:
    """Compares on images [N, C, H, W]. Raises NumericsError where the program or ONNX Runtime cannot run at all."""
    threads = subject.lowered.plan.threads
    wanted = onnx_runtime(subject.model, images, threads)
    with tempfile.TemporaryDirectory(prefix="npas-verify-") as scratch:
        runner = _Runner(subject, Path(scratch))
        got = runner.samples(images, wanted)
        layers = _check_layers(subject, runner, images[:1])
    exact64 = values(subject.network, {subject.network.graph.inputs[0]: images.astype(np.float64)})
    reference = [exact64[name] for name in subject.network.graph.outputs]
    error, agreement = _relative(got, wanted), _top1(got[0], wanted[0])
    allowed = END_TO_END[ISAS[subject.lowered.plan.isa].values]
    passed = error <= allowed and agreement == 1.0 and all(layer.passed for layer in layers)
    first = next((layer.name for layer in layers if not layer.passed), None)
    return ParityReport(
        passed=passed,
        relative_l2=error,
        max_abs_error=max(float(np.abs(a - b).max()) for a, b in zip(got, wanted, strict=True)),
        top1_agreement=agreement,
        samples=len(images),
        exact_layers=sum(layer.exact is True for layer in layers),
        layers=layers,
        first_difference=first if first is not None or passed else "the output",
        reference_l2=_relative(got, reference),
        onnx_runtime_l2=_relative(wanted, reference),
    )


def _relative(a: list[Any], b: list[Any]) -> float:
    """Relative L2 distance over all outputs; infinite where anything is not finite."""
    x = np.concatenate([np.asarray(v, np.float64).ravel() for v in a])
    y = np.concatenate([np.asarray(v, np.float64).ravel() for v in b])
    if x.shape != y.shape or not np.isfinite(x).all():
        return float("inf")
    return float(np.linalg.norm(x - y) / max(np.linalg.norm(y), np.finfo(np.float32).tiny))


def _top1(got: Floats, wanted: Floats) -> float:
    """Share of samples with the same first class; where the margin is below the error either class is right."""
    a, b = got.reshape(len(got), -1), wanted.reshape(len(wanted), -1)
    chosen = a.argmax(axis=1)
    best = b.max(axis=1)
    margin = best - b[np.arange(len(b)), chosen]
    error = 2 * np.abs(a - b).max(axis=1)
    return float(np.mean((chosen == b.argmax(axis=1)) | (margin <= error)))


class _Runner:
    """Runs the verify program on files in a scratch folder."""

    def __init__(self, subject: Subject, scratch: Path) -> None:
        self.subject, self.scratch = subject, scratch
        self.plan = subject.lowered.plan
        self.weights = scratch / "weights.bin"
        self.weights.write_bytes(subject.weights)

    def samples(self, images: Floats, like: list[Floats]) -> list[Floats]:
        raw = self._run(self.weights, ["run"], images.tobytes())
        sizes = [int(np.prod(output.shape[1:])) for output in like]
        if raw.size != len(images) * sum(sizes):
            raise NumericsError(f"program: must give {sum(sizes)} floats a sample, got {raw.size} for {len(images)}")
        rows = np.split(raw.reshape(len(images), -1), np.cumsum(sizes)[:-1], axis=1)
        return [row.reshape(output.shape) for row, output in zip(rows, like, strict=True)]

    def parts(self, weights: bytes, parts: tuple[Part, ...], inputs: list[list[Doubles]]) -> list[Floats]:
        """The parts' outputs, each run by itself on its own inputs."""
        own = self.scratch / "own.bin"
        own.write_bytes(weights)
        lines = [" ".join(map(str, (p.first, p.last, p.output, *p.inputs))) for p in parts]
        script = self.scratch / "script"
        script.write_text("\n".join(lines) + "\n")
        data = b"".join(x.astype(np.float32).tobytes() for given in inputs for x in given)
        raw = self._run(own, ["layers"], data, str(script))
        shapes = [self.subject.network.graph.shapes[p.value] for p in parts]
        ends = np.cumsum([int(np.prod(s)) for s in shapes])
        if raw.size != ends[-1]:
            raise NumericsError(f"program: must give {ends[-1]} floats over all layers, got {raw.size}")
        return [a.reshape(s) for a, s in zip(np.split(raw, ends[:-1]), shapes, strict=True)]

    def _run(self, weights: Path, mode: list[str], data: bytes, *more: str) -> Floats:
        source, target = self.scratch / "in.bin", self.scratch / "out.bin"
        source.write_bytes(data)
        argv = [str(self.subject.verify.binary), str(weights), *mode, str(self.plan.threads), *more]
        self.subject.device.run([*argv, str(source), str(target)], TIMEOUT_S)
        return np.fromfile(target, np.float32)


def _check_layers(subject: Subject, runner: _Runner, image: Floats) -> tuple[LayerCheck, ...]:
    network, plan = subject.network, subject.lowered.plan
    parts = parts_of(plan)
    if not parts:
        return ()  # nothing but arrays that are moved: the comparison end to end says it all
    names = [p.reads for p in parts]
    real = values(network, {network.graph.inputs[0]: image.astype(np.float64)})
    storage = ISAS[plan.isa].values
    given = [[as_stored(real[n], storage) for n in of_part] for of_part in names]

    generator = np.random.default_rng(0)
    whole = integer_network(network, generator)
    lowered = lower(whole, isa=plan.isa, threads=plan.threads, options=subject.lowered.options)
    assert lowered.plan == plan, "integer weights in the same places must give the same plan"
    numbers = [[integers(network.graph.shapes[n], generator) for n in of_part] for of_part in names]

    on_data = _Case(network, given, runner.parts(subject.weights, parts, given), storage)
    on_integers = _Case(whole, numbers, runner.parts(lowered.weights(), parts, numbers), storage)
    return tuple(_check(part, names[i], on_data, on_integers, i) for i, part in enumerate(parts))


@dataclass(frozen=True)
class _Case:
    """A network with the inputs given to each of its parts and what the program made of them."""

    network: Network
    given: list[list[Doubles]]
    got: list[Floats]
    storage: Storage
    """Of values."""

    def reference(
        self, part: Part, names: tuple[str, ...], i: int, products: Storage = "fp32"
    ) -> tuple[Doubles, Doubles]:
        """Part i's result in float64 and its gate."""
        nodes = [self.network.graph.node(name) for name in part.nodes]
        given = dict(zip(names, self.given[i], strict=True))
        return part_reference(
            self.network, nodes, given, winograd=part.winograd, products=products, values=self.storage
        )


def _check(part: Part, names: tuple[str, ...], on_data: _Case, on_integers: _Case, i: int) -> LayerCheck:
    storage = on_data.storage
    wanted, gate = on_data.reference(part, names, i, part.products)
    passed = _within(on_data.got[i], wanted, gate, storage)
    # A few products of small integers are exact in half precision too.
    whole, whole_gate = on_integers.reference(part, names, i)
    got = on_integers.got[i].astype(np.float64)
    exact = None
    if not part.winograd and is_exact([on_data.network.graph.node(name) for name in part.nodes]):
        exact = bool(np.array_equal(got, as_stored(whole, storage), equal_nan=True))
        passed = passed and exact
    else:
        passed = passed and _within(got, whole, whole_gate, storage)
    return LayerCheck(part.value, _relative([on_data.got[i]], [wanted]), exact, passed)


def _within(got: Floats | Doubles, wanted: Doubles, gate: Doubles, storage: Storage) -> bool:
    """Infinities, those of what is too large to be stored among them, and what is no number must be the same; a
    logarithm of less than nothing is none."""
    with np.errstate(invalid="ignore"):
        same = (got == as_stored(wanted, storage)) | (np.isnan(got) & np.isnan(wanted))
        near = (np.abs(got - wanted) <= gate) | same
    return bool(near.all())
