"""Our runtime beside the engines that a user would take instead: dense networks, fp32, batch 1, 224x224.

    python benchmarks/peers.py --work DIR [--networks a,b] [--engines a,b] [--threads 1,2] [--rounds 5]
                               [--json FILE] [--check]

Every engine gets a virtual environment of its own under DIR, made on first use, and a process of its own in every
round; rounds go through the engines in random order. All read the same ONNX file (random weights, batch-norm
folded); an engine whose output is not ONNX Runtime's is left out and named, and so is one that cannot be had. The
figure is our median over the least of theirs, round by round, with a 95 % bootstrap interval over rounds.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import rivals
from common import finish, parser
from rivals import ENGINES, MissingError, Subject

from npas import measure, zoo
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.spec.schema import CpuTarget
from npas.stages.program import Machine
from npas.targets.bench import Settings, run_bench

GOAL, MOST = 0.8, 1.0
"""Our time over the best peer's: what we want, and what must hold in every cell."""
DENSE = ("onnxruntime", "openvino", "mnn", "ncnn")


def cell(subject: Subject, threads: int, peers: Mapping[str, Path], rounds: int) -> dict[str, Any]:
    """One network at one number of threads."""
    settings = Settings(processes=1, runs=15, min_s=1.0)
    machine = Machine.of(CpuTarget(type="cpu", threads=threads))
    times: dict[str, list[float]] = {name: [] for name in ("ours", *peers)}
    missing: dict[str, str] = {}
    with rivals.ours(subject, threads, Options()) as program:
        for turn in range(rounds):
            order = [name for name in times if name not in missing]
            random.Random(turn).shuffle(order)
            for name in order:
                if name == "ours":
                    output = run_bench(program, machine.device, threads, settings)
                    times[name].append(float(np.median(output.times_ms)))
                    continue
                try:
                    times[name].append(rivals.timed(name, subject, peers[name], threads, settings))
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
    options.add_argument("--engines", default=",".join(DENSE))
    options.add_argument("--threads", default="1,2")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    peers: dict[str, Path] = {}
    absent: dict[str, str] = {}
    for name in given.engines.split(","):
        try:
            peers[name] = rivals.environment(name, ENGINES[name], given.work)
        except MissingError as error:
            absent[name] = str(error)
    cells = []
    for network_name in given.networks.split(","):
        network = initialise(zoo.build(network_name), np.random.default_rng(0))  # type: ignore[arg-type]
        subject = rivals.export(network, network_name, given.work)
        usable = dict(peers)
        for name, programs in peers.items():
            try:
                rivals.converted(name, ENGINES[name], subject, programs)
            except MissingError as error:
                absent[f"{name} ({network_name})"] = str(error)
                del usable[name]
        for threads in map(int, given.threads.split(",")):
            row = cell(subject, threads, usable, given.rounds)
            cells.append(row)
            shown = ", ".join(f"{name} {ms:.2f}" for name, ms in sorted(row["ms"].items(), key=lambda x: x[1]))
            low, high = row["interval"]
            print(
                f"{network_name:<20} {threads} threads {row['ratio']:.2f} [{low:.2f}, {high:.2f}] of {row['best_peer']}"
                f"; ms: {shown}",
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
