"""OpenCL against our own C++ on the same processor, and sparse against dense; parity of every program first.

    python benchmarks/opencl.py [--networks digits,resnet18:5.3,...] [--platform P] [--device D] [--lanes N]
                                [--threads 2] [--rounds 5] [--json FILE] [--check]

Each network is built dense, by each scheme at the rate behind its name, and dense with weights in 16 bits; all are
proven against ONNX Runtime, layer by layer and on integers, as a build proves its own. Then dense and sparse programs
are timed interleaved, in fresh processes, on the device and (where that is a processor, with as many threads) as C++.
Layers are timed by the device's own clock, least of the rounds' medians; pruned ones are compared with dense ones by
direct convolution, as in sparse.py, and with the dense program's, which may take Winograd's method. ``--check`` wants
parity everywhere, dense programs at most 1.5 times as slow as C++, and ``block_punched`` layers at least 0.6 of their
rate faster than dense direct ones.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from common import finish, parser
from sparse import Variant, prunings

from npas import measure, zoo
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.frontend import onnx_in
from npas.frontend.initialise import initialise
from npas.graph.graph import Network
from npas.spec.schema import CpuTarget, OpenClTarget, SchemeName
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Compiled, Machine, compiled, stored
from npas.targets import opencl
from npas.targets.bench import Settings, run_bench
from npas.verify import ParityReport, verify
from npas.verify.parity import Subject

NETWORKS = "digits,mobilenet_v2:5,resnet18:5.3,vgg16:8.2"
DIGITS = Path(__file__).parents[1] / "generated" / "digits" / "model.onnx"
DIRECT = "dense, direct"
"""Without Winograd's method."""
SLOWER_THAN_CPP = 1.5
"""At most, dense."""
SPARSE_SHARE = 0.6
"""Speed-up of block-punched layers over our own dense OpenCL, as a share of the multiply-accumulates saved."""
SETTINGS = Settings(processes=1, runs=15, min_s=0.5, timeout_s=600.0)
SAMPLES = 2


@dataclass(frozen=True)
class Case:
    """A network and how each of its variants is pruned."""

    name: str
    network: Network
    variants: Mapping[str, Options]

    @staticmethod
    def of(text: str) -> Case:
        """``digits``, or a network of the zoo with a rate for its sparse variants behind a colon."""
        name, _, rate = text.partition(":")
        if name == "digits":
            return Case(name, onnx_in.read(DIGITS), {"dense": Options()})
        network = initialise(zoo.build(name), np.random.default_rng(0))  # type: ignore[arg-type]
        made = {"dense": Options(), DIRECT: Options(direct=True)}
        for scheme in get_args(SchemeName) if rate else ():
            # Blocks are for fully connected layers, and for 1x1 convolutions.
            chosen = prunings(network.graph, Variant(scheme, scheme, heads=scheme == "block"), float(rate))
            if chosen:
                made[scheme] = Options(prunings=chosen, direct=True)
        return Case(name, network, made)


def proven(network: Network, machine: Machine, options: Options) -> ParityReport:
    """Exports, reads back, generates, compiles and compares, as a build does."""
    with tempfile.TemporaryDirectory(prefix="npas-opencl-") as scratch:
        folder = Path(scratch)
        pruned = stored(one_shot(network, options.prunings).network, machine)
        made = runtime.generate(stages.export(pruned, "net", folder), "net", machine, options)
        runtime.write(folder, made, b"")
        shape = made.network.graph.shapes[made.network.graph.inputs[0]][1:]
        images = np.random.default_rng(1).standard_normal((SAMPLES, *shape)).astype(np.float32)
        subject = Subject(
            network=made.network,
            lowered=made.lowered,
            model=made.model,
            verify=runtime.compile_tool(folder, machine, "verify"),
            weights=(folder / "runtime" / "weights.bin").read_bytes(),
            device=machine.device,
        )
        return verify(subject, images)


def layer_times(programs: Mapping[str, Compiled], machine: Machine, rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds by program and node: all launches of a group of nodes."""
    best: dict[str, dict[str, float]] = {name: {} for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            times: dict[str, float] = {}
            rows = measure.profile(program.bench, machine.device, machine.threads, SETTINGS)
            for layer, row in zip(program.lowered.plan.layers, rows, strict=True):
                times[layer.nodes[0]] = times.get(layer.nodes[0], 0.0) + row.median_ms
            best[name] = {node: min(t, best[name].get(node, t)) for node, t in times.items()}
    return best


def network_times(programs: Mapping[str, tuple[Compiled, Machine]], rounds: int) -> dict[str, list[float]]:
    """Medians of fresh processes, ms, in random order round by round."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(rounds):
        order = list(programs)
        random.Random(turn).shuffle(order)
        for name in order:
            program, machine = programs[name]
            output = run_bench(program.bench, machine.device, machine.threads, SETTINGS)
            times[name].append(float(np.median(output.times_ms)))
    return times


def kept_macs(program: Compiled) -> dict[str, float]:
    layers = program.lowered.plan.weights_layers
    return {x.nodes[0]: x.macs * x.stored.kept_weights / x.stored.weights for x in layers}


def row(case: Case, target: OpenClTarget, on_processor: bool, rounds: int) -> dict[str, Any]:
    """All that is said of one network."""
    machine = Machine.of(target)
    half = Machine.of(target.model_copy(update={"weights": "fp16"}))
    parity = {}
    for name, options in case.variants.items():
        parity[name] = proven(case.network, machine, options)
        print(f"  {case.name} {name}: relative L2 {parity[name].relative_l2:.1e}", file=sys.stderr)
    parity["dense, fp16"] = proven(case.network, half, Options())
    result: dict[str, Any] = {
        "network": case.name,
        "parity": {name: {"passed": r.passed, "relative_l2": r.relative_l2} for name, r in parity.items()},
    }
    with ExitStack() as stack:
        made = {
            name: stack.enter_context(
                compiled(one_shot(case.network, options.prunings).network, "net", machine, options)
            )
            for name, options in case.variants.items()
        }
        programs = {name: (program, machine) for name, program in made.items()}
        programs["dense, fp16"] = (stack.enter_context(compiled(case.network, "net", half)), half)
        if on_processor:
            cpp = Machine.of(CpuTarget(type="cpu", threads=target.threads))
            for name, options in (("C++", Options()), ("C++, direct", Options(direct=True))):
                programs[name] = (stack.enter_context(compiled(case.network, "net", cpp, options)), cpp)
        times = network_times(programs, rounds)
        layers = layer_times(made, machine, rounds)
    result["ms"] = {name: float(np.median(t)) for name, t in times.items()}
    if on_processor:
        for name in ("C++", "C++, direct"):
            result[f"over {name}"] = _ratio(times["dense"], times[name])
    result["sparse"] = {}
    for name, options in case.variants.items():
        nodes = options.prunings
        if not nodes:
            continue
        macs = [sum(kept_macs(made[which])[n] for n in nodes) for which in (DIRECT, name)]
        direct, dense, pruned = (sum(layers[which][n] for n in nodes) for which in (DIRECT, "dense", name))
        result["sparse"][name] = {
            "macs_saved": macs[0] / macs[1],
            "layers_speed_up": direct / pruned,
            "layers_share": direct / pruned * macs[1] / macs[0],
            "layers_over_dense": dense / pruned,
        }
    return result


def _ratio(ours: list[float], base: list[float]) -> dict[str, Any]:
    ratios = [a / b for a, b in zip(ours, base, strict=True)]
    return {"median": float(np.median(ratios)), "interval": measure.bootstrap(ratios, 0)}


def misses(found: Mapping[str, Any]) -> list[str]:
    name = found["network"]
    missed = [f"{name} {variant}: parity" for variant, report in found["parity"].items() if not report["passed"]]
    over = found.get("over C++")
    if over and over["median"] > SLOWER_THAN_CPP:
        missed.append(f"{name}: {over['median']:.2f} times C++")
    share = found["sparse"].get("block_punched", {}).get("layers_share", SPARSE_SHARE)
    return [*missed, f"{name} block_punched: {share:.2f} of the rate"] if share < SPARSE_SHARE else missed


def show(found: Mapping[str, Any]) -> None:
    proven_ = sum(report["passed"] for report in found["parity"].values())
    print(f"{found['network']}: {proven_} of {len(found['parity'])} programs as ONNX Runtime; ms: ", end="")
    print(", ".join(f"{name} {ms:.2f}" for name, ms in found["ms"].items()))
    for name in ("C++", "C++, direct"):
        if f"over {name}" in found:
            low, high = found[f"over {name}"]["interval"]
            print(f"  dense / {name}: {found[f'over {name}']['median']:.2f} [{low:.2f}, {high:.2f}]")
    for name, sparse in found["sparse"].items():
        gain, share, saved = (sparse[key] for key in ("layers_speed_up", "layers_share", "macs_saved"))
        over = sparse["layers_over_dense"]
        print(f"  {name}: layers {gain:.2f}x ({share:.2f} of {saved:.2f}x), {over:.2f}x over dense", flush=True)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default=NETWORKS)
    options.add_argument("--platform", default="")
    options.add_argument("--device", default="")
    options.add_argument("--lanes", type=int, choices=(4, 8, 16))
    options.add_argument("--threads", type=int, default=2, help="of a device that is a processor, and of C++")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    target = OpenClTarget(
        type="opencl", platform=given.platform, device=given.device, lanes=given.lanes, threads=given.threads
    )
    device = opencl.find(target)
    print(f"{device.name} of {device.platform}, {device.version}, driver {device.driver}")
    rows, missed = [], []
    for text in given.networks.split(","):
        rows.append(row(Case.of(text), target, device.is_processor, given.rounds))
        show(rows[-1])
        missed += misses(rows[-1])
    slowest = max((r["over C++"]["median"] for r in rows if "over C++" in r), default=None)
    shares = [r["sparse"]["block_punched"]["layers_share"] for r in rows if "block_punched" in r["sparse"]]
    words = [f"{sum(len(r['parity']) for r in rows)} programs"]
    words += [f"dense at most {slowest:.2f} times C++"] if slowest is not None else []
    words += [f"block_punched at least {min(shares):.2f} of its rate"] if shares else []
    return finish(given, {"device": device.name, "driver": device.driver, "networks": rows}, ", ".join(words), missed)


if __name__ == "__main__":
    sys.exit(main())
