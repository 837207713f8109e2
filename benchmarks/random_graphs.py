"""Random networks, dense and pruned, against ONNX Runtime: branches, residuals, concatenations, moves, odd shapes.

    python benchmarks/random_graphs.py [--graphs 500] [--first 0] [--jobs 1] [--isa native] [--json FILE] [--check]

Graph number n is the same everywhere. One program holds six copies of it side by side: dense, and with each scheme on
every layer that takes it, at random rates. A mismatch is any gate of the build's parity stage that does not hold; it
names the copy. Threads are 1, 2 or 3. The layers' files are compiled as one, which takes a third of the time.
"""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from common import finish, parser

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "compiler"))
from programs import NAME, images_of, machine, network_of, prunings_by, subject_of
from random_graphs import random_graph, side_by_side

from npas.algorithms import one_shot
from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.errors import NpasError
from npas.frontend import onnx_in
from npas.graph.graph import Network
from npas.schemes import SCHEMES
from npas.spec.schema import CpuTarget
from npas.stages import finish as ending
from npas.stages import runtime
from npas.stages.program import Machine
from npas.verify import ParityReport, verify

DENSE = "dense"


def mismatch(seed: int, isa: str) -> str | None:
    """What does not hold of one graph, or None."""
    torch.set_num_threads(1)
    network = network_of(random_graph(seed), seed)
    rng = np.random.default_rng(seed)
    prunings = {
        f"{scheme}_{name}": pruning
        for scheme in SCHEMES
        for name, pruning in prunings_by(network.graph, scheme, rng).items()
    }
    whole = side_by_side(network, (DENSE, *SCHEMES))
    try:
        with tempfile.TemporaryDirectory(prefix="npas-random-") as folder:
            report = parity(Path(folder), whole, Options(prunings=prunings), isa, 1 + seed % 3)
    except NpasError as error:
        return str(error)
    return None if report.passed else f"differs at {report.first_difference}, relative L2 {report.relative_l2:.1e}"


def parity(folder: Path, network: Network, options: Options, isa: str, threads: int) -> ParityReport:
    """As a build goes from a network to its report, with one file for all layers and none for people."""
    model = ending.export(one_shot(network, options.prunings).network, NAME, folder)
    back, lowered = runtime.lower_for(onnx_in.read(model), NAME, machine(isa, threads), options)
    files = {f"runtime/{path}": data for path, data in emit(lowered.plan, together=True).items()}
    files["runtime/weights.bin"] = lowered.weights()
    made = runtime.Runtime(back, lowered, model.read_bytes(), files)
    runtime.write(folder, made, b"")
    return verify(subject_of(folder, made, isa, threads), images_of(back, 2))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--graphs", type=int, default=500)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--isa", default="native")
    given = options.parse_args()
    isa = Machine.of(CpuTarget(type="cpu", isa=given.isa)).isa.name
    seeds = range(given.first, given.first + given.graphs)
    rows = []
    with ProcessPoolExecutor(given.jobs) as pool:
        for seed, found in zip(seeds, pool.map(partial(mismatch, isa=isa), seeds), strict=True):
            rows.append({"seed": seed, "mismatch": found})
            if found is not None:
                print(f"graph {seed}: {found}", flush=True)
            if len(rows) % 25 == 0:
                print(f"{len(rows)} graphs", flush=True)
    wrong = [r for r in rows if r["mismatch"] is not None]
    headline = f"{len(wrong)} mismatches in {given.graphs} graphs, each dense and by {len(SCHEMES)} schemes"
    return finish(given, {"graphs": rows}, headline, ["mismatches"] if wrong else [])


if __name__ == "__main__":
    sys.exit(main())
