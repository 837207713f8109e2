"""Our runtime beside the engines that a user would take instead: dense networks, fp32, batch 1, 224x224.

    python benchmarks/peers.py --work DIR [--networks a,b] [--engines a,b] [--threads 1,2] [--rounds 5]
                               [--fp16] [--opencl PLATFORM] [--json FILE] [--check]

Every engine gets a virtual environment of its own under DIR, made on first use, and a process of its own in every
round; rounds go through the engines in random order. All get the same network (random weights, batch-norm folded), as
an ONNX file or, those that come from torch, as an exported torch program. Inductor is torch.compile's, compiled ahead
of time, with weights as constants. TVM runs by its default schedule, since tuning takes hours (see
engines/convert_tvm.py): that row is no fair peer. ``--fp16`` adds a row of ours whose fully connected weights are
stored in 16 bits; it counts in no ratio. With ``--opencl`` ours is generated for the first OpenCL device of a platform
(``""``: of any), to be compared with ``--engines ncnn_vulkan,mnn_opencl``. An engine whose output is not ONNX Runtime's
is left out, and so is one that cannot be had; both are named, as missing, with the reason, and count as targets missed.
The figure is our time over that of the peer with the least median, round by round, with a 95 % bootstrap interval over
rounds. Beside it stands our least time of all rounds over the least of any peer: neighbours on a shared machine slow
engines by different shares, and the least times are next to those of an idle one.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rivals
from common import finish, parser
from rivals import ENGINES, MissingError, Subject, Timing

from npas import measure, zoo
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.spec.schema import CpuTarget, OpenClTarget
from npas.stages.program import Machine
from npas.targets.bench import Settings, run_bench

OURS, HALF = "ours", "ours (fp16 fully connected)"
GOAL, MOST = 0.8, 1.0
"""Our time over the best peer's: what we want, and what must hold in every cell."""
NETWORKS = "vgg16,resnet18,resnet50,mobilenet_v2,mobilenet_v3_large,efficientnet_b0"
DENSE = ("onnxruntime", "openvino", "mnn", "ncnn", "litert", "tvm", "executorch", "inductor")


def convertible(subject: Subject, threads: int, peers: Mapping[str, Path]) -> tuple[dict[str, Path], dict[str, str]]:
    """The peers that have their file of the network now, and why the others do not."""
    usable, missing = dict[str, Path](), dict[str, str]()
    for name, programs in peers.items():
        try:
            rivals.converted(name, ENGINES[name], subject, programs, threads)
            usable[name] = programs
        except MissingError as error:
            missing[name] = str(error)
    return usable, missing


def interleaved(
    subject: Subject, own: Mapping[str, tuple[Subject, Machine]], peers: Mapping[str, Path], rounds: int
) -> tuple[dict[str, list[Timing]], dict[str, str]]:
    """Ours and theirs, round by round in random order; and the peers that fell out."""
    settings = Settings(processes=1, runs=15, min_s=1.0)
    missing: dict[str, str] = {}
    with ExitStack() as stack:
        made = {
            name: stack.enter_context(rivals.ours(stored, machine, Options()))
            for name, (stored, machine) in own.items()
        }
        threads = own[OURS][1].threads
        times: dict[str, list[Timing]] = {name: [] for name in (*own, *peers)}
        for turn in range(rounds):
            order = [name for name in times if name not in missing]
            random.Random(turn).shuffle(order)
            for name in order:
                if name in own:
                    output = run_bench(made[name], own[name][1].device, threads, settings)
                    times[name].append(Timing(float(np.median(output.times_ms)), 0.0, version("npas")))
                    continue
                try:
                    times[name].append(rivals.timed(name, subject, peers[name], threads, settings))
                except MissingError as error:
                    missing[name] = str(error)
    return {name: t for name, t in times.items() if name not in missing}, missing


def cell(
    subject: Subject,
    own: Mapping[str, tuple[Subject, Machine]],
    peers: Mapping[str, Path],
    absent: Mapping[str, str],
    rounds: int,
) -> dict[str, Any]:
    """One network on our machine; ``own`` are ours, ``absent`` the engines that have no environment."""
    threads = own[OURS][1].threads
    usable, unconverted = convertible(subject, threads, peers)
    times, failed = interleaved(subject, own, usable, rounds)
    missing = {**absent, **unconverted, **failed}
    medians = {name: float(np.median([t.ms for t in timings])) for name, timings in times.items()}
    peers_left = [name for name in medians if name not in (OURS, HALF)]
    best = min(peers_left, key=medians.__getitem__, default=None)
    if best is None:
        raise SystemExit(f"{subject.name}: no engine to compare with: {missing}")
    ratios = [a.ms / b.ms for a, b in zip(times[OURS], times[best], strict=True)]
    least = {name: min(t.ms for t in timings) for name, timings in times.items()}
    return {
        "network": subject.name,
        "threads": threads,
        "ms": medians,
        "rounds_ms": {name: [t.ms for t in timings] for name, timings in times.items()},
        "errors": {name: max(t.error for t in times[name]) for name in peers_left},
        "versions": {name: timings[0].version for name, timings in times.items()},
        "best_peer": best,
        "ratio": float(np.median(ratios)),
        "interval": measure.bootstrap(ratios, 0),
        "least_ratio": least[OURS] / min(least[name] for name in peers_left),
        "missing": {name: f"missing: {why}" for name, why in missing.items()},
    }


def machine_of(platform: str | None, threads: int) -> Machine:
    """This processor, or the first OpenCL device of a platform."""
    if platform is None:
        return Machine.of(CpuTarget(type="cpu", threads=threads))
    return Machine.of(OpenClTarget(type="opencl", platform=platform, threads=threads))


def show(row: Mapping[str, Any]) -> None:
    """A line for the cell, and one for each engine that is missing in it."""
    shown = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(row["ms"].items(), key=lambda x: x[1]))
    low, high = row["interval"]
    print(
        f"{row['network']:<20} {row['threads']} threads {row['ratio']:.2f} [{low:.2f}, {high:.2f}] of "
        f"{row['best_peer']}, least times {row['least_ratio']:.2f}; ms: {shown}"
    )
    for name, why in row["missing"].items():
        print(f"    {name} {why}")
    sys.stdout.flush()


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--work", type=Path, required=True, help="environments and converted networks are kept here")
    options.add_argument("--networks", default=NETWORKS)
    options.add_argument("--engines", default=",".join(DENSE))
    options.add_argument("--threads", default="1,2")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--opencl", metavar="PLATFORM", help="ours on an OpenCL device of a platform so called")
    options.add_argument("--fp16", action="store_true", help="a row of ours with fully connected weights in 16 bits")
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    peers, absent = rivals.environments(given.engines.split(","), given.work)
    cells = []
    for network_name in given.networks.split(","):
        network = initialise(zoo.build(network_name), np.random.default_rng(0))
        subject = rivals.export(network, network_name, given.work)
        half = rivals.halved(subject) if given.fp16 else None
        for threads in map(int, given.threads.split(",")):
            own = {OURS: (subject, machine_of(given.opencl, threads))}
            if half is not None:
                own[HALF] = (half, Machine.of(CpuTarget(type="cpu", threads=threads, fully_connected="fp16")))
            cells.append(cell(subject, own, peers, absent, given.rounds))
            show(cells[-1])
    worst = max(cells, key=lambda row: row["ratio"])
    missed = [f"{row['network']}/{row['threads']}" for row in cells if row["ratio"] > MOST]
    missed += [f"{name} is missing at {row['network']}/{row['threads']}" for row in cells for name in row["missing"]]
    good = sum(row["ratio"] <= GOAL for row in cells)
    headline = (
        f"{good} of {len(cells)} cells at {GOAL} or less of the best peer's time, worst {worst['ratio']:.2f} "
        f"({worst['network']}, {worst['threads']} threads)"
    )
    return finish(given, {"cells": cells}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
