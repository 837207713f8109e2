"""Random networks, dense and pruned, against ONNX Runtime: branches, residuals, concatenations, moves, odd shapes.

    python benchmarks/random_graphs.py [--graphs 500] [--first 0] [--isa native] [--json FILE] [--check]

Graph number n is the same everywhere. Each is compiled once dense and once with one scheme on every layer that takes
it, the schemes in turn; a mismatch is any gate of the build's parity stage that does not hold. Threads are 1, 2 or 3.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import finish, parser

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "compiler"))
from programs import network_of, parity, prunings_by
from random_graphs import random_graph

from npas.compiler.indexed import Options
from npas.errors import NpasError
from npas.schemes import SCHEMES
from npas.spec.schema import CpuTarget
from npas.stages.program import Machine


def mismatch(seed: int, scheme: str | None, isa: str) -> str | None:
    """What does not hold of one graph, or None."""
    network = network_of(random_graph(seed), seed)
    prunings = {} if scheme is None else prunings_by(network.graph, scheme, np.random.default_rng(seed))
    try:
        with tempfile.TemporaryDirectory(prefix="npas-random-") as folder:
            report = parity(Path(folder), network, Options(prunings=prunings), isa, 1 + seed % 3)
    except NpasError as error:
        return str(error)
    return None if report.passed else f"differs at {report.first_difference}, relative L2 {report.relative_l2:.1e}"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--graphs", type=int, default=500)
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--isa", default="native")
    given = options.parse_args()
    isa = Machine.of(CpuTarget(type="cpu", isa=given.isa)).isa.name
    schemes = list(SCHEMES)
    rows: list[dict[str, Any]] = []
    for seed in range(given.first, given.first + given.graphs):
        for scheme in (None, schemes[seed % len(schemes)]):
            found = mismatch(seed, scheme, isa)
            rows.append({"seed": seed, "scheme": scheme, "mismatch": found})
            if found is not None:
                print(f"graph {seed}, {scheme or 'dense'}: {found}", flush=True)
        if (seed + 1) % 25 == 0:
            print(f"{seed + 1 - given.first} graphs", flush=True)
    wrong = [r for r in rows if r["mismatch"] is not None]
    headline = f"{len(wrong)} mismatches in {given.graphs} graphs, {len(rows)} programs"
    return finish(given, {"programs": rows}, headline, ["mismatches"] if wrong else [])


if __name__ == "__main__":
    sys.exit(main())
