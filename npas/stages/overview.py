"""What can be said before a build, or of one that did not come to an end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from npas import data, frontend, measure
from npas.frontend import onnx_in
from npas.frontend.models import obstacles
from npas.graph.graph import Network
from npas.measure import Settings
from npas.rewrite import friendly
from npas.search.space import SearchSpace
from npas.spec import load
from npas.spec.schema import CpuTarget, Search, Target
from npas.stages.finish import write_json
from npas.stages.program import Machine, compiled
from npas.stages.start import Start

_QUICK = Settings(processes=1, runs=20, warmup_s=0.2)


def plan(path: Path) -> dict[str, Any]:
    """What a build of a spec, or of an ONNX file with default settings, would do; the dense latency is measured.

    Raises SpecError, UnsupportedError, CompileError, DeviceError.
    """
    if path.suffix == ".onnx":
        network = onnx_in.read(path)
        return _describe(network, path.stem, CpuTarget(), Search()) | {"obstacles": obstacles(network)}
    loaded = load(path)
    spec = loaded.spec
    dataset = data.load(spec.data, loaded.folder)
    network = frontend.load(spec.model, dataset.shape, dataset.classes, loaded.folder)
    found = _describe(network, spec.name, spec.target, spec.search)
    trained = "its own" if frontend.has_weights(spec.model) else f"{spec.training.epochs} epochs from scratch"
    return found | {
        "weights": trained,
        "images": {"train": len(dataset.train), "test": len(dataset.test)},
        "constraint": spec.constraint.model_dump(exclude_none=True),
        "trials": spec.search.trials,
        "algorithms": list(spec.pruning.algorithms),
    }


def _describe(network: Network, name: str, target: Target, search: Search) -> dict[str, Any]:
    machine = Machine.of(target)
    graph, replacements = friendly(network.graph)
    space = SearchSpace.of(graph, search)
    with compiled(Network(graph, network.weights), "model", machine) as dense:
        latency = measure.quick(dense.bench, machine.device, machine.threads, _QUICK)
        layers = len(dense.lowered.plan.layers)
    return {
        "name": name,
        "operators": dict(sorted(Counter(node.op.type for node in network.graph.nodes).items())),
        "replaced": dict(sorted(Counter(f"{r.before} -> {r.after}" for r in replacements).items())),
        "macs": network.graph.total_macs,
        "parameters": network.parameter_count,
        "layers": layers,
        "sites": [{"site": site.node, "type": site.own_type, "choices": len(site.choices)} for site in space.sites],
        "candidates": float(space.size),
        "isa": machine.isa.name,
        "threads": machine.threads,
        "dense_latency_ms": latency.median,
    }


def write_unmet(start: Start, folder: Path, dense_ms: float, budget_ms: float) -> None:
    """``manifest.json`` of a build that found no candidate within its budget: the report can then show the front."""
    manifest = {
        "name": start.spec.name,
        "accuracy": {"pretrained": start.pretrained_accuracy, "friendly": start.friendly_accuracy, "final": None},
        "latency_ms": None,
        "dense_latency_ms": dense_ms,
        "constraint": start.spec.constraint.model_dump(exclude_none=True),
        "budget_ms": budget_ms,
        "constraint_met": False,
    }
    write_json(folder / "manifest.json", manifest)
