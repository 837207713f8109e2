"""Where the time of dense networks goes: each kind of layer, beside what its multiplications take at the core's peak.

    python benchmarks/roofline.py [--networks a,b] [--rounds 5] [--layers] [--json FILE] [--check]

One thread. A round profiles every network once and measures the core's peaks anew (``peak.cpp``): multiplications in
registers and memory read. Times are the least of all rounds, since whatever else the machine does only adds to them;
so are peaks the most. The roofline is that of direct convolution, every multiplication at the peak and every weight
read from memory once: Winograd's method is above it. ``--layers`` lists every layer. There is no target to check.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from common import finish, parser

from npas import measure, zoo
from npas.compiler.plan import ConvLayer, DepthwiseLayer, Layer, LinearLayer, PairLayer, WinogradLayer
from npas.frontend.initialise import initialise
from npas.spec.schema import CpuTarget
from npas.stages.program import Compiled, Machine, compiled
from npas.targets import process
from npas.targets.isa import Isa
from npas.targets.toolchain import compile_flags, find_compiler

NETWORKS = "vgg16,resnet18,resnet50,mobilenet_v2,mobilenet_v3_large,efficientnet_b0"
SETTINGS = measure.Settings(processes=1, runs=10, min_s=0.5)
PROBE_S = 60.0


@dataclass(frozen=True)
class Peaks:
    """Of one core."""

    gflops: float
    gigabytes: float

    def least_ms(self, macs: int, weight_bytes: int) -> float:
        """The roofline of direct convolution."""
        return max(2e-6 * macs / self.gflops, 1e-6 * weight_bytes / self.gigabytes)


@contextmanager
def probe(isa: Isa) -> Iterator[Path]:
    """The program that measures peaks."""
    compiler = find_compiler()
    with tempfile.TemporaryDirectory(prefix="npas-peak-") as folder:
        binary = Path(folder) / "peak"
        source = Path(__file__).with_name("peak.cpp")
        flags = [*compile_flags(compiler, isa), f"-DLANES={isa.lanes}"]
        done = process.run([*compiler.command, *flags, str(source), "-o", str(binary)], PROBE_S)
        if done.code != 0:
            raise SystemExit(f"{source.name}: must compile, got {done.stderr}")
        yield binary


def kind_of(layer: Layer) -> str:
    match layer:
        case WinogradLayer():
            return "Winograd"
        case ConvLayer() if layer.indexed.kernel == (1, 1):
            return "1x1"
        case ConvLayer():
            return "direct"
        case DepthwiseLayer():
            return "depthwise"
        case PairLayer():
            return "1x1 + depthwise" if isinstance(layer.second, DepthwiseLayer) else "with pooling"
        case LinearLayer():
            return "fully connected"
        case _:
            return "other"


def weight_bytes(layer: Layer) -> int:
    if isinstance(layer, PairLayer):
        return weight_bytes(layer.first) + weight_bytes(layer.second)
    return layer.stored.bytes if isinstance(layer, ConvLayer | DepthwiseLayer | LinearLayer | WinogradLayer) else 0


def row(name: str, program: Compiled, least: Sequence[float], peaks: Peaks) -> dict[str, Any]:
    """All that is said of one network, and of each kind of its layers."""
    kinds: dict[str, list[tuple[Layer, float]]] = defaultdict(list)
    layers = program.lowered.plan.layers
    for layer, ms in zip(layers, least, strict=True):
        kinds[kind_of(layer)].append((layer, ms))
    found = {kind: _sums([x for x, _ in own], [ms for _, ms in own], peaks) for kind, own in kinds.items()}
    each = [
        {"nodes": layer.nodes, "kind": kind_of(layer), **_sums([layer], [ms], peaks)}
        for layer, ms in zip(layers, least, strict=True)
    ]
    return {"network": name, **_sums(layers, least, peaks), "kinds": found, "each": each}


def _sums(layers: Sequence[Layer], times: Sequence[float], peaks: Peaks) -> dict[str, float]:
    macs, ms = sum(layer.macs for layer in layers), sum(times)
    roofline = sum(peaks.least_ms(layer.macs, weight_bytes(layer)) for layer in layers)
    return {"layers": len(layers), "macs": macs, "ms": ms, "gflops": 2e-6 * macs / ms, "roofline_ms": roofline}


def show(found: dict[str, Any], layers: bool) -> None:
    print(f"{found['network']}: {found['ms']:.2f} ms, roofline {found['roofline_ms']:.2f}")
    for kind, sums in sorted(found["kinds"].items(), key=lambda item: -cast(float, item[1]["ms"])):
        print(f"    {kind:<18}", _line(sums))
    for one in found["each"] if layers else ():
        print(f"        {' + '.join(one['nodes'])[:40]:<42}", _line(one))


def _line(sums: dict[str, float]) -> str:
    return (
        f"{sums['layers']:3.0f} layers {sums['macs'] / 1e6:9.1f}M MACs {sums['ms']:8.3f} ms "
        f"(roofline {sums['roofline_ms']:8.3f}) {sums['gflops']:6.1f} GFLOP/s"
    )


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default=NETWORKS)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--layers", action="store_true")
    given = options.parse_args()
    machine = Machine.of(CpuTarget(type="cpu", threads=1))
    names = given.networks.split(",")
    least: dict[str, list[float]] = {}
    most = Peaks(0.0, 0.0)
    with ExitStack() as stack:
        peak = stack.enter_context(probe(machine.isa))
        programs = {}
        for name in names:
            network = initialise(zoo.build(name), np.random.default_rng(0))
            programs[name] = stack.enter_context(compiled(network, "net", machine))
        for _ in range(given.rounds):
            gflops, gigabytes = map(float, process.run([str(peak)], PROBE_S).stdout.split())
            most = Peaks(max(most.gflops, gflops), max(most.gigabytes, gigabytes))
            for name, program in programs.items():
                times = [t.least_ms for t in measure.profile(program.bench, machine.device, 1, SETTINGS)]
                least[name] = [min(pair) for pair in zip(times, least.get(name, times), strict=True)]
        rows = [row(name, program, least[name], most) for name, program in programs.items()]
    print(f"peaks: {most.gflops:.1f} GFLOP/s, {most.gigabytes:.1f} GB/s")
    for found in rows:
        show(found, given.layers)
    headline = ", ".join(f"{r['network']} {r['ms']:.2f} ms (direct roofline {r['roofline_ms']:.2f})" for r in rows)
    return finish(given, {"peaks": vars(most), "rows": rows}, headline, [])


if __name__ == "__main__":
    sys.exit(main())
