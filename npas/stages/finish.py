"""Phase 3 and what follows it: prune and retrain, generate, prove, time, write down."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from npas import measure
from npas.algorithms import select
from npas.compiler.indexed import Options
from npas.compiler.plan import Plan
from npas.errors import NumericsError
from npas.frontend import onnx_out
from npas.graph.graph import Network
from npas.measure import LatencyReport
from npas.ops import Conv2d
from npas.progress import Progress
from npas.search.trial import Trial
from npas.spec import LoadedSpec
from npas.spec.schema import AlgorithmName
from npas.stages import runtime as runtimes
from npas.stages.cache import Cache, network_digest
from npas.stages.layers import profiles, table, without_losers
from npas.stages.lock import Lock, LockedLayer, digest, dump_yaml, spec_digest
from npas.stages.program import Compiled, Machine, compiled, stored
from npas.stages.runtime import Runtime
from npas.stages.searching import meets
from npas.stages.start import Start, recipe
from npas.stages.tuning import tune
from npas.targets import atomic
from npas.training import evaluate
from npas.verify.parity import ParityReport, Subject, verify

PRUNING_RATE = 0.6
"""Learning rate of pruning's retraining, as a share of the training's."""


def prune(
    start: Start, network: Network, options: Options, cache: Cache, say: Progress
) -> tuple[Network, AlgorithmName, Mapping[AlgorithmName, float]]:
    """Phase 3: the algorithms compared, the best run in full; what an earlier run finished is taken up.

    Returns the pruned network, whose dropped weights are zero, the algorithm, and the accuracies compared.
    """
    spec, pruning = start.spec, start.spec.pruning
    say.stage(f"phase 3: {', '.join(pruning.algorithms)}; then {pruning.epochs} epochs of the best")
    needs = {
        "training": spec.training.model_dump(),
        "trial_epochs": pruning.trial_epochs,
        "distillation": pruning.distillation,
        "seed": pruning.seed,
        "network": network_digest(network),
        "prunings": {node: [p.scheme, p.rate] for node, p in sorted(options.prunings.items())},
        "data": start.data_digest,
    }
    known = cache.values("algorithms", needs)
    done = known.read()
    for name, accuracy in done.items():
        say.log(f"{name}: accuracy {accuracy:.4f} (known)")

    def on_result(name: str, accuracy: float) -> None:
        known.put(name, accuracy)
        say.log(f"{name}: accuracy {accuracy:.4f}")

    def make() -> Network:
        selection = select.prune(
            network,
            options.prunings,
            start.dataset,
            recipe(spec, pruning.epochs, PRUNING_RATE),
            pruning.trial_epochs,
            pruning.algorithms,
            pruning.seed,
            teacher=start.friendly if pruning.distillation else None,
            compare_on=start.tuning,
            done=done,
            on_result=on_result,
        )
        return selection.pruned.network

    long_run = needs | {"algorithms": list(pruning.algorithms), "epochs": pruning.epochs}
    final = cache.network("pruned", long_run, network.graph, make)
    found = known.read()
    accuracies = {name: found[name] for name in pruning.algorithms if name in found}
    algorithm = select.winner(accuracies) if accuracies else pruning.algorithms[0]
    return final, algorithm, accuracies


def export(network: Network, name: str, folder: Path) -> Path:
    """Writes ``model.onnx``."""
    named = replace(network, graph=replace(network.graph, name=name))
    path = folder / "model.onnx"
    atomic.write_bytes(path, onnx_out.to_onnx(named).SerializeToString(deterministic=True))
    return path


def lock_of(spec_digest_: str, generated: Runtime) -> Lock:
    """The lock of a generated runtime."""
    plan, options = generated.lowered.plan, generated.lowered.options
    weighted = plan.weights_layers
    present = {layer.nodes[0] for layer in weighted}
    nodes = generated.network.graph.nodes
    halves = any(isinstance(node.op, Conv2d) and node.name in options.halves for node in nodes)
    return Lock(
        npas_version=importlib.metadata.version("npas"),
        name=plan.name,
        spec=spec_digest_,
        model=digest(generated.model),
        isa=plan.isa,
        threads=plan.threads,
        fully_connected="fp16" if options.halves else "fp32",
        weights="fp16" if halves else "fp32",
        wanted=plan.wanted,
        layers={
            node: LockedLayer(scheme=p.scheme, rate=p.rate, built_dense_because=options.dense.get(node))
            for node, p in sorted(options.prunings.items())
            if node in present
        },
        schedules=dict(plan.schedules),
        sources=generated.digests(),
    )


def parity(folder: Path, generated: Runtime, machine: Machine, images: np.ndarray[Any, Any]) -> ParityReport:
    """Compiles and runs the verify program. Raises NumericsError only where it cannot run."""
    subject = Subject(
        network=generated.network,
        lowered=generated.lowered,
        model=generated.model,
        verify=runtimes.compile_tool(folder, machine, "verify"),
        weights=generated.files["runtime/weights.bin"],
        device=machine.device,
    )
    return verify(subject, images)


def require_parity(report: ParityReport) -> None:
    """Raises NumericsError where the report did not pass."""
    if not report.passed:
        raise NumericsError(
            f"program: must compute what ONNX Runtime computes, got a relative L2 error of {report.relative_l2:.3g}, "
            f"first at {report.first_difference}; see verify.json"
        )


def timings(
    start: Start, folder: Path, generated: Runtime, unpruned: Network, machine: Machine
) -> tuple[LatencyReport, dict[str, Any], Plan]:
    """``bench.json``'s report, ``profile.json``, and the dense program's plan."""
    name = start.spec.name
    bench = runtimes.bench_program(folder, machine)
    own = Compiled(generated.network, generated.lowered, bench)
    with compiled(start.friendly, name, machine) as dense, compiled(unpruned, name, machine) as beside:
        times, of_dense = profiles([own, beside], machine)
        report = measure.measure({"pruned": bench, "dense": dense.bench}, machine.device, machine.threads)
        return report, table(generated.lowered.plan, times, of_dense), dense.lowered.plan


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    atomic.write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def finish(
    loaded: LoadedSpec,
    start: Start,
    chosen: tuple[Trial, Network, Options],
    budget_ms: float,
    folder: Path,
    machine: Machine,
    cache: Cache,
    say: Progress,
) -> dict[str, Any]:
    """From the chosen candidate to a finished folder; returns the manifest.

    Raises NumericsError, with ``verify.json`` written, where parity fails.
    """
    spec, (trial, network, options) = start.spec, chosen
    pruned, algorithm, accuracies = prune(start, network, options, cache, say)
    pruned = stored(pruned, machine)
    accuracy = evaluate(pruned, start.dataset)
    say.log(f"{algorithm}: accuracy {accuracy:.4f} after {spec.pruning.epochs} epochs")

    machine = tune(pruned, spec.name, machine, options, spec.tune, say)
    say.stage("generating")
    options = without_losers(pruned, options, spec.name, machine)
    for node, reason in options.dense.items():
        say.log(f"{node} is built dense: {reason}")
    generated = runtimes.generate(export(pruned, spec.name, folder), spec.name, machine, options)
    images = start.dataset.images("test", spec.verify.samples)
    runtimes.write(folder, generated, runtimes.golden(generated.model, images))
    atomic.write_bytes(folder / "plan.yaml", generated.files["plan.yaml"])
    atomic.write_text(folder / "spec.yaml", loaded.text)
    atomic.write_text(folder / "npas.lock", dump_yaml(lock_of(spec_digest(spec), generated)))

    say.stage("proving")
    proof = parity(folder, generated, machine, images)
    write_json(folder / "verify.json", proof.to_json())
    require_parity(proof)
    say.log(f"relative L2 error {proof.relative_l2:.2e}, {proof.exact_layers} layers exact on integers")

    say.stage("timing")
    report, profile, dense_plan = timings(start, folder, generated, network, machine)
    if not report.stable:
        say.log("the machine was noisy: the intervals in bench.json are wide")
    write_json(folder / "bench.json", report.to_json("pruned", "dense"))
    write_json(folder / "profile.json", profile)
    manifest = {
        "name": spec.name,
        "npas_version": importlib.metadata.version("npas"),
        "abi": "1",
        "accuracy": {
            "pretrained": start.pretrained_accuracy,
            "friendly": start.friendly_accuracy,
            "final": accuracy,
        },
        "latency_ms": report.latencies["pruned"].median,
        "dense_latency_ms": report.latencies["dense"].median,
        "weights_bytes": len(generated.files["runtime/weights.bin"]),
        "dense_weights_bytes": sum(layer.stored.bytes for layer in dense_plan.weights_layers),
        "constraint": spec.constraint.model_dump(exclude_none=True),
        "budget_ms": budget_ms,
        "constraint_met": meets(spec, report),
        "algorithm": algorithm,
        "algorithms": dict(accuracies),
        "trial": trial.number,
        "candidate": trial.candidate.to_json(),
        "replacements": [{"node": r.node, "from": r.before, "to": r.after} for r in start.replacements],
        "macs": sum(_kept_macs(generated.lowered.plan)),
        "dense_macs": start.friendly.graph.total_macs,
    }
    write_json(folder / "manifest.json", manifest)
    return manifest


def _kept_macs(plan: Plan) -> list[int]:
    """Multiply-accumulates that the kernels really do, layer by layer."""
    kept = []
    for layer in plan.weights_layers:
        kept.append(layer.macs * layer.stored.kept_weights // max(layer.stored.weights, 1))
    return kept
