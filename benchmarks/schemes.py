"""Speed-up of each pruning scheme over our own dense direct kernels, on four 3x3 convolutions of 64 channels at rate 5
(``block``: on 1x1 ones).

    python benchmarks/schemes.py [--json FILE] [--check] [--rate 5] [--threads 1] [--rounds 7]

Every program runs in fresh processes, interleaved in random order; a ratio is the median over rounds, with a 95 %
bootstrap interval. Parity with ONNX Runtime and equality on integers are required before anything is timed.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
from common import finish, parser

from npas import measure
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.schemes import SCHEMES
from npas.search.candidate import Pruning
from npas.spec.schema import CpuTarget, SchemeName
from npas.stages import finish as stages
from npas.stages import runtime
from npas.stages.program import Machine, compiled

TARGETS: dict[SchemeName, float] = {"block_punched": 3.5, "filter": 3.5, "pattern": 2.5, "unstructured": 2.5}
CHANNELS, SIZE, LAYERS = 64, 56, 4


def stack(kernel: int) -> Network:
    """``LAYERS`` convolutions with ReLU between them, on CHANNELS x SIZE x SIZE."""
    builder = Builder("stack")
    x = builder.input((CHANNELS, SIZE, SIZE))
    for _ in range(LAYERS):
        x = builder.act(builder.conv(x, CHANNELS, kernel), "relu")
    return initialise(builder.graph(x), np.random.default_rng(0))


def prunings(network: Network, scheme: SchemeName, rate: float) -> dict[str, Pruning]:
    return {node.name: Pruning(scheme, rate) for node in network.graph.nodes if node.op.type == "conv2d"}


def prove(network: Network, options: Options, machine: Machine) -> None:
    """Raises NumericsError where a scheme's program is not the model."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        made = runtime.generate(stages.export(network, "stack", folder), "stack", machine, options)
        images = np.random.default_rng(1).standard_normal((2, CHANNELS, SIZE, SIZE)).astype(np.float32)
        runtime.write(folder, made, runtime.golden(made.model, images))
        stages.require_parity(stages.parity(folder, made, machine, images))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rate", type=float, default=5.0)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--rounds", type=int, default=7)
    given = options.parse_args()
    machine = Machine.of(CpuTarget(type="cpu", threads=given.threads))
    rows = []
    with ExitStack() as stack_of:
        names: dict[str, tuple[SchemeName, str]] = {}
        programs = {}
        for kernel, schemes in ((3, tuple(TARGETS)), (1, ("block",))):
            dense = stack(kernel)
            direct = Options(direct=True)
            programs[f"dense{kernel}"] = stack_of.enter_context(compiled(dense, "stack", machine, direct)).bench
            for scheme in schemes:
                chosen = Options(prunings=prunings(dense, scheme, given.rate))
                pruned = one_shot(dense, chosen.prunings).network
                prove(pruned, chosen, machine)
                programs[scheme] = stack_of.enter_context(compiled(pruned, "stack", machine, chosen)).bench
                names[scheme] = (scheme, f"dense{kernel}")
        settings = replace(measure.FULL_SETTINGS, processes=given.rounds)
        report = measure.measure(programs, machine.device, machine.threads, settings)
        for program, (scheme, dense_name) in names.items():
            ratio = report.ratio(dense_name, program)
            rows.append(
                {
                    "scheme": scheme,
                    "rate": given.rate,
                    "dense_ms": report.latencies[dense_name].median,
                    "ms": report.latencies[program].median,
                    "speed_up": ratio.median,
                    "interval": ratio.interval,
                    "target": TARGETS.get(scheme),
                }
            )
    macs = stack(3).graph.total_macs
    rows_by = {row["scheme"]: row for row in rows}
    gflops = 2 * macs / rows_by["block_punched"]["dense_ms"] / 1e6
    missed = [str(row["scheme"]) for row in rows if row["target"] and row["speed_up"] < row["target"]]
    for row in rows:
        low, high = row["interval"]
        goal = f", target {row['target']}" if row["target"] else ""
        print(f"{row['scheme']:<14} {row['ms']:8.3f} ms  {row['speed_up']:5.2f}x [{low:.2f}, {high:.2f}]{goal}")
    print(f"dense 3x3: {gflops:.1f} GFLOP/s")
    shown = ", ".join(f"{row['scheme']} {row['speed_up']:.2f}x" for row in rows)
    result = {"device": report.device, "threads": given.threads, "dense_gflops": gflops, "rows": rows}
    return finish(given, result, f"rate {given.rate:g}: {shown}", missed)


if __name__ == "__main__":
    assert set(TARGETS) | {"block"} == set(SCHEMES), "every scheme is measured"
    sys.exit(main())
