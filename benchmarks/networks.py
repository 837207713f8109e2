"""Every network of the zoo: its size against what was published, parity with ONNX Runtime, and dense latency here.

    python benchmarks/networks.py [--networks a,b] [--threads 1,2] [--json FILE] [--check]

224x224, 1000 classes, random weights. Parity is a build's own stage: end to end against ONNX Runtime, layer by layer
against float64 and on integers. Latencies are medians over fresh processes, with their interval; networks are not
compared with each other, so they run one after the other. ``--check`` wants sizes within 1 % and parity.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, get_args

import numpy as np
from common import finish, parser

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "compiler"))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "zoo"))
from programs import parity
from published import PUBLISHED, trainable

from npas import measure, zoo
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.spec.schema import CpuTarget
from npas.stages.program import Machine, compiled

MOST_OFF = 0.01
"""Of a published figure."""
SETTINGS = measure.Settings(processes=5, runs=20, min_s=0.3)


def row(name: zoo.NetworkName, threads: list[int]) -> dict[str, Any]:
    """All that is said of one network."""
    graph = zoo.build(name)
    network = initialise(graph, np.random.default_rng(0))
    macs, parameters = PUBLISHED[name]
    found: dict[str, Any] = {
        "network": name,
        "macs": graph.total_macs,
        "published_macs": macs,
        "parameters": trainable(graph),
        "published_parameters": parameters,
        "latency_ms": {},
    }
    for count in threads:
        machine = Machine.of(CpuTarget(type="cpu", threads=count))
        if count == threads[0]:
            with tempfile.TemporaryDirectory(prefix="npas-network-") as folder:
                report = parity(Path(folder), network, Options(), machine.isa.name, count)
            found |= {"parity": report.passed, "relative_l2": report.relative_l2}
            found["first_difference"] = report.first_difference
        with compiled(network, "net", machine) as program:
            timed = measure.measure({"net": program.bench}, machine.device, count, SETTINGS)
        latency = timed.latencies["net"]
        found["latency_ms"][count] = {"median": latency.median, "interval": latency.interval}
    return found


def show(found: dict[str, Any]) -> None:
    times = ", ".join(f"{t['median']:.2f} ms with {n}" for n, t in found["latency_ms"].items())
    print(
        f"{found['network']:<20} {found['macs'] / 1e6:8.1f}M MACs ({found['published_macs'] / 1e6:g}M), "
        f"{found['parameters'] / 1e6:6.2f}M parameters ({found['published_parameters'] / 1e6:g}M), "
        f"{'parity' if found['parity'] else 'differs at ' + str(found['first_difference'])} "
        f"{found['relative_l2']:.1e}, {times}",
        flush=True,
    )


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default=",".join(get_args(zoo.NetworkName)))
    options.add_argument("--threads", default="1,2")
    given = options.parse_args()
    rows = []
    for name in given.networks.split(","):
        rows.append(row(name, [int(t) for t in given.threads.split(",")]))
        show(rows[-1])
    missed = [f"{r['network']}: parity" for r in rows if not r["parity"]]
    for key in ("macs", "parameters"):
        off = [r["network"] for r in rows if abs(r[key] / r[f"published_{key}"] - 1) > MOST_OFF]
        missed += [f"{name}: {key}" for name in off]
    within = len(rows) - len({m.partition(":")[0] for m in missed})
    headline = f"{within} of {len(rows)} networks within 1 % of what was published and as ONNX Runtime"
    return finish(given, {"networks": rows}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
