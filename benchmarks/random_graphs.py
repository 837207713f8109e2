"""Random networks, dense and pruned, against ONNX Runtime: branches, residuals, concatenations, moves, odd shapes.

    python benchmarks/random_graphs.py [--graphs 500] [--first 0] [--jobs 1] [--isa native|opencl] [--json FILE]
                                       [--check]

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

import torch
from common import finish, parser

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "compiler"))
from programs import in_few_files, machine_for, parity
from random_graphs import by_every_scheme

from npas.errors import NpasError
from npas.schemes import SCHEMES


def mismatch(seed: int, isa: str) -> str | None:
    """What does not hold of one graph, or None."""
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory(prefix="npas-random-") as folder:
            report = parity(Path(folder), *by_every_scheme(seed), isa, 1 + seed % 3, in_few_files)
    except NpasError as error:
        return str(error)
    return None if report.passed else f"differs at {report.first_difference}, relative L2 {report.relative_l2:.1e}"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--graphs", type=int, default=500)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--isa", default="native")
    given = options.parse_args()
    isa = machine_for(given.isa).isa.name
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
