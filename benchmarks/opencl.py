"""OpenCL against our own C++ on the same processor, and sparse against dense; parity of every program first.

    python benchmarks/opencl.py [--networks digits,resnet18:5.3,...] [--variants dense,block_punched,...]
                                [--platform P] [--device D] [--lanes N] [--work-items lanes|threads]
                                [--threads 2] [--rounds 5] [--jobs 1] [--no-torch] [--json FILE] [--check]

Each network is built dense, by each scheme at the rate behind its name, and dense in half precision (weights; values
between layers too; arithmetic too, where the device has it); all are
proven against ONNX Runtime, layer by layer and on integers, as a build proves its own. Then dense and sparse programs
are timed interleaved, in fresh processes, on the device and, where that is a processor, with as many threads as C++;
on a GPU beside its roofline, and beside torch where torch has the same card.
Layers are timed by the device's own clock, least of the rounds' medians; pruned ones are compared with dense ones by
direct convolution, as in sparse.py, and with the dense program's, which may take Winograd's method. ``--check`` wants
parity everywhere, dense programs at most 1.5 times as slow as C++, and ``block_punched`` layers at least 0.6 of their
rate faster than dense direct ones.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, get_args

import gpu
import numpy as np
import torch
from common import finish, parser
from sparse import Variant, prunings

from npas import measure, zoo
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.plan import Plan
from npas.frontend import onnx_in
from npas.frontend.initialise import initialise
from npas.graph.graph import Network
from npas.spec.schema import CpuTarget, OpenClTarget, SchemeName
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Machine, compiled, stored
from npas.targets import opencl
from npas.targets.bench import RunnableProgram, Settings, run_bench
from npas.targets.isa import ISAS
from npas.targets.opencl import OpenClDevice
from npas.verify import ParityReport, verify
from npas.verify.parity import Subject

NETWORKS = "digits,mobilenet_v2:5,resnet18:5.3,vgg16:8.2"
DIGITS = Path(__file__).parents[1] / "generated" / "digits" / "model.onnx"
HALVES: Mapping[str, Mapping[str, str]] = {
    "fp16": {"weights": "fp16"},
    "fp16_values": {"weights": "fp16", "activations": "fp16"},
    "fp16_arithmetic": {"weights": "fp16", "activations": "fp16", "arithmetic": "fp16"},
}
"""Dense variants that store or compute in half precision, and what their targets say."""
DIRECT = "direct"
"""Dense without Winograd's method."""
SLOWER_THAN_CPP = 1.5
"""At most, dense."""
SPARSE_SHARE = 0.6
"""Speed-up of block-punched layers over our own dense OpenCL, as a share of the multiply-accumulates saved."""
SETTINGS = Settings(processes=1, runs=15, min_s=0.5, timeout_s=600.0)
GPU_SETTINGS = Settings(processes=1, runs=50, min_s=0.2, timeout_s=600.0)
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


@dataclass(frozen=True)
class Built:
    """A proven program."""

    report: ParityReport
    bench: RunnableProgram
    plan: Plan

    @property
    def kept_macs(self) -> dict[str, float]:
        """By node, of layers with weights."""
        layers = self.plan.weights_layers
        return {x.nodes[0]: x.macs * x.stored.kept_weights / x.stored.weights for x in layers}


@cache
def case_of(text: str) -> Case:
    """Once in a process."""
    return Case.of(text)


def built(text: str, variant: str, machine: Machine, folder: Path) -> Built:
    """Exports, reads back, generates, compiles and compares, as a build does."""
    folder.mkdir()
    case = case_of(text)
    options = case.variants.get(variant, Options())
    pruned = stored(one_shot(case.network, options.prunings).network, machine)
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
    report = verify(subject, images)
    print(f"  {folder.name}: relative L2 {report.relative_l2:.1e}", file=sys.stderr, flush=True)
    return Built(report, runtime.bench_program(folder, machine), made.lowered.plan)


def layer_times(
    programs: Mapping[str, Built], machine: Machine, settings: Settings, rounds: int
) -> dict[str, dict[str, float]]:
    """Milliseconds by program and node: all launches of a group of nodes."""
    best: dict[str, dict[str, float]] = {name: {} for name in programs}
    for _ in range(rounds):
        for name, program in programs.items():
            times: dict[str, float] = {}
            rows = measure.profile(program.bench, machine.device, machine.threads, settings)
            for layer, row in zip(program.plan.layers, rows, strict=True):
                times[layer.nodes[0]] = times.get(layer.nodes[0], 0.0) + row.median_ms
            best[name] = {node: min(t, best[name].get(node, t)) for node, t in times.items()}
    return best


def interleaved(programs: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each gives, ms, in random order round by round."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for turn in range(rounds):
        order = list(programs)
        random.Random(turn).shuffle(order)
        for name in order:
            times[name].append(programs[name]())
    return times


def median_of(bench: RunnableProgram, machine: Machine, settings: Settings) -> Callable[[], float]:
    """Of a fresh process."""
    return lambda: float(np.median(run_bench(bench, machine.device, machine.threads, settings).times_ms))


def row(
    case: Case,
    made: Mapping[str, Built],
    target: OpenClTarget,
    found: OpenClDevice,
    rounds: int,
    beside_torch: bool,
) -> dict[str, Any]:
    """All that is said of one network."""
    machine, settings = Machine.of(target), SETTINGS if found.is_processor else GPU_SETTINGS
    result: dict[str, Any] = {
        "network": case.name,
        "parity": {n: {"passed": b.report.passed, "relative_l2": b.report.relative_l2} for n, b in made.items()},
    }
    with ExitStack() as stack:
        programs = {name: median_of(program.bench, machine, settings) for name, program in made.items()}
        if found.is_processor:
            cpp = Machine.of(CpuTarget(type="cpu", threads=target.threads))
            for name, options in (("C++", Options()), ("C++, direct", Options(direct=True))):
                program = stack.enter_context(compiled(case.network, "net", cpp, options))
                programs[name] = median_of(program.bench, cpp, settings)
        elif beside_torch:
            programs |= gpu.torch_programs(case.network, found, settings.runs)
        times = interleaved(programs, rounds)
        layers = layer_times({n: b for n, b in made.items() if n not in HALVES}, machine, settings, rounds)
    result["ms"] = {name: float(np.median(t)) for name, t in times.items()}
    for name in programs.keys() - made.keys():
        result.setdefault("over", {})[name] = _ratio(times["dense"], times[name])
    if not found.is_processor:
        peaks = gpu.ceilings(found)
        result["ceilings"] = {"gflops": peaks.operations * 1e-6, "gb_per_s": peaks.bytes * 1e-6}
        # The ceiling is that of float32 operations.
        in_floats = {name: b.plan for name, b in made.items() if ISAS[b.plan.isa].products == "fp32"}
        result["roofline_ms"] = {name: peaks.roofline_ms(plan) for name, plan in in_floats.items()}
        result["kernels_ms"] = {name: sum(t.values()) for name, t in layers.items()}
    result["sparse"] = {}
    for name, options in case.variants.items():
        nodes = options.prunings
        if not nodes or name not in made or DIRECT not in made:
            continue
        macs = [sum(made[which].kept_macs[n] for n in nodes) for which in (DIRECT, name)]
        direct, dense, pruned = (sum(layers[which][n] for n in nodes) for which in (DIRECT, "dense", name))
        result["sparse"][name] = {
            "macs_saved": macs[0] / macs[1],
            "layers_speed_up": direct / pruned,
            "layers_share": direct / pruned * macs[1] / macs[0],
            "layers_over_dense": dense / pruned,
        }
    return result


def processes(jobs: int) -> ProcessPoolExecutor:
    """Forked before anything is computed, each with a thread for torch's own work."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("fork"), initializer=torch.set_num_threads, initargs=(1,))


def _ratio(ours: list[float], base: list[float]) -> dict[str, Any]:
    ratios = [a / b for a, b in zip(ours, base, strict=True)]
    return {"median": float(np.median(ratios)), "interval": measure.bootstrap(ratios, 0)}


def misses(found: Mapping[str, Any]) -> list[str]:
    name = found["network"]
    missed = [f"{name} {variant}: parity" for variant, report in found["parity"].items() if not report["passed"]]
    over = found.get("over", {}).get("C++")
    if over and over["median"] > SLOWER_THAN_CPP:
        missed.append(f"{name}: {over['median']:.2f} times C++")
    share = found["sparse"].get("block_punched", {}).get("layers_share", SPARSE_SHARE)
    return [*missed, f"{name} block_punched: {share:.2f} of the rate"] if share < SPARSE_SHARE else missed


def show(found: Mapping[str, Any]) -> None:
    proven_ = sum(report["passed"] for report in found["parity"].values())
    print(f"{found['network']}: {proven_} of {len(found['parity'])} programs as ONNX Runtime; ms: ", end="")
    print(", ".join(f"{name} {ms:.2f}" for name, ms in found["ms"].items()))
    for name, over in sorted(found.get("over", {}).items()):
        print("  dense / {}: {:.2f} [{:.2f}, {:.2f}]".format(name, over["median"], *over["interval"]))
    for name, least in found.get("roofline_ms", {}).items():
        if name in found["kernels_ms"]:
            own, all_ = found["kernels_ms"][name], found["ms"][name]
            print(f"  {name}: roofline {least:.3f} ms, {own / least:.1f} of it in kernels, {all_ / least:.1f} in all")
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
    options.add_argument("--work-items", choices=("lanes", "threads"))
    options.add_argument("--threads", type=int, default=2, help="of a device that is a processor, and of C++")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--variants", default="", help="of each network; all where none is named")
    options.add_argument("--no-torch", dest="torch", action="store_false", help="on a GPU: do not time torch")
    options.add_argument("--jobs", type=int, default=1, help="programs that are built and proven at a time")
    given = options.parse_args()
    target = OpenClTarget(
        type="opencl",
        platform=given.platform,
        device=given.device,
        lanes=given.lanes,
        work_items=given.work_items,
        threads=given.threads,
    )
    device = opencl.find(target)
    print(f"{device.name} of {device.platform}, {device.version}, driver {device.driver}")
    rows, missed, whole = [], [], Machine.of(target)
    halves = [name for name in HALVES if name != "fp16_arithmetic" or opencl.HALF in device.extensions]
    machines = {name: Machine.of(target.model_copy(update=HALVES[name])) for name in halves}
    wanted = given.variants.split(",") if given.variants else []
    with tempfile.TemporaryDirectory(prefix="npas-opencl-") as folder, processes(given.jobs) as pool:
        cases = given.networks.split(",")
        waiting = {}
        for text in cases:
            for name in (*case_of(text).variants, *halves):
                if not wanted or name in wanted:
                    place = Path(folder) / f"{text} {name}"
                    waiting[text, name] = pool.submit(built, text, name, machines.get(name, whole), place)
        made = {key: future.result() for key, future in waiting.items()}
        for text in cases:
            own = {name: program for (of, name), program in made.items() if of == text}
            rows.append(row(case_of(text), own, target, device, given.rounds, given.torch))
            show(rows[-1])
            missed += misses(rows[-1])
    over = [r["over"] for r in rows if "over" in r]
    slowest = max((o["C++"]["median"] for o in over if "C++" in o), default=None)
    shares = [r["sparse"]["block_punched"]["layers_share"] for r in rows if "block_punched" in r["sparse"]]
    words = [f"{sum(len(r['parity']) for r in rows)} programs"]
    words += [f"dense at most {slowest:.2f} times C++"] if slowest is not None else []
    quickest = [o["torch, CUDA graph"]["median"] for o in over if "torch, CUDA graph" in o]
    words += [f"dense at most {max(quickest):.2f} times torch"] if quickest else []
    words += [f"block_punched at least {min(shares):.2f} of its rate"] if shares else []
    return finish(given, {"device": device.name, "driver": device.driver, "networks": rows}, ", ".join(words), missed)


if __name__ == "__main__":
    sys.exit(main())
