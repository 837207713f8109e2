"""What our runtime takes of memory, of the disk and of the time before the first inference, beside other engines.

    python benchmarks/memory.py --work DIR [--networks a,b] [--engines a,b] [--threads 1] [--json FILE] [--check]

Dense networks, fp32, batch 1, 224x224. Memory is the most that a process holds (its resident set, pages of mapped files
among it) while it loads a network and runs it twice at most. Nothing is subtracted: engines are driven from Python, so
what Python and the engine's modules take by themselves stands in a column of its own. On disk count the program or the
engine's shared libraries (those that its process maps beyond Python's and NumPy's) and the file of weights. The arena
is shown over the largest set of values that are alive in one layer: no plan does with less.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import numpy as np
import rivals
from common import finish, parser
from rivals import ENGINES, RUNNERS, MissingError, Subject

from npas import zoo
from npas.compiler.plan import Plan
from npas.frontend.initialise import initialise
from npas.spec.schema import CpuTarget
from npas.stages.program import Machine, compiled
from npas.targets import process

# What a runner imports beside NumPy, and how the files of weights that it reads end.
DRIVEN: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "onnxruntime": ("onnxruntime", (".onnx",)),
    "mnn": ("MNN, MNN.expr, MNN.nn", (".mnn",)),
    "openvino": ("openvino", (".onnx",)),
    "ncnn": ("ncnn", (".ncnn.param", ".ncnn.bin")),
}
STARTS = 5
TIMEOUT_S = 300.0
MIB = 2.0**20
# A child begins with the peak of the process that starts it: so a small one does.
_LAUNCH = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)
print(json.dumps({**json.loads(done.stdout), "peak": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}))
"""
_PROBE = """
import json, os, runpy, sys
import numpy
def libraries():
    with open("/proc/self/maps") as maps:
        return {line.split()[-1] for line in maps if ".so" in line}
before = libraries()
sys.argv = sys.argv[1:]
if sys.argv[0].endswith(".py"):
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    exec("import " + sys.argv[0])
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
print(json.dumps({"peak": peak, "library": sum(os.path.getsize(path) for path in libraries() - before)}))
"""


def live(plan: Plan) -> int:
    """The largest sum of the sizes of values that are alive in one layer, floats."""
    touched = [(n, i) for n, layer in enumerate(plan.layers) for i in (layer.output, *layer.inputs, *layer.scratch)]
    most = 0
    spans = {i: [n for n, used in touched if used == i] for i in range(len(plan.values))}
    for n in range(len(plan.layers)):
        most = max(most, sum(plan.values[i].size for i, span in spans.items() if span[0] <= n <= span[-1]))
    return most


def ours(name: str, threads: int) -> tuple[dict[str, float], dict[str, float]]:
    """Our row of the table, and what only we have."""
    network = initialise(zoo.build(name), np.random.default_rng(0))  # type: ignore[arg-type]
    with compiled(network, name, Machine.of(CpuTarget(type="cpu", threads=threads))) as made:
        program, weights = made.bench.program.binary, made.bench.weights
        command = [str(program), str(weights), "--threads", str(threads)]
        command += ["--warmup-runs", "0", "--warmup-s", "0", "--runs", "1"]
        said = [_said([sys.executable, "-S", "-E", "-c", _LAUNCH, *command]) for _ in range(STARTS)]
        plan, sizes = made.lowered.plan, (program.stat().st_size, weights.stat().st_size)
    row = {"peak": max(x["peak"] for x in said), "imports": 0.0, "library": sizes[0], "weights": sizes[1]}
    floats = live(plan)
    return row, {
        "create_ms": float(np.median([x["create_ms"] for x in said])),
        "arena": plan.arena * 4,
        "live": floats * 4,
        "arena_over_live": plan.arena / floats,
    }


def peer(name: str, subject: Subject, programs: Path, threads: int) -> dict[str, float]:
    """An engine's row. Raises MissingError."""
    engine = ENGINES[name]
    model = subject.folder / engine.file.format(subject.name)
    python = [str(programs / "python"), "-c", _PROBE]
    runner = [str(RUNNERS / f"run_{engine.runner or name}.py"), str(model), str(subject.image), str(subject.reference)]
    said = _said([*python, *runner, "--threads", str(threads), "--runs", "1", "--min-s", "0"])
    modules, endings = DRIVEN[name]
    weights = sum(model.with_name(model.name + ending).stat().st_size for ending in endings)
    return {**said, "imports": _said([*python, modules])["peak"], "weights": weights}


def _said(command: list[str]) -> dict[str, float]:
    """The last line that a process prints. Raises MissingError."""
    try:
        done = process.run(command, TIMEOUT_S)
    except process.DeadlineError:
        raise MissingError(f"no end within {TIMEOUT_S:g} s") from None
    if done.code != 0:
        raise MissingError(f"exit status {done.code}: {(done.stderr or done.stdout)[-300:].strip()}")
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def cell(name: str, given: Any, peers: Mapping[str, Path], absent: dict[str, str]) -> dict[str, Any]:
    """One network."""
    rows: dict[str, dict[str, float]] = {}
    rows["ours"], own = ours(name, given.threads)
    network = initialise(zoo.build(name), np.random.default_rng(0))  # type: ignore[arg-type]
    subject = rivals.export(network, name, given.work)
    for engine, programs in peers.items():
        try:
            rivals.converted(engine, ENGINES[engine], subject, programs)
            rows[engine] = peer(engine, subject, programs, given.threads)
        except MissingError as error:
            absent[f"{engine} ({name})"] = str(error)
    for row in rows.values():
        row["disk"] = row["library"] + row["weights"]
    least = {key: min(row[key] for who, row in rows.items() if who != "ours") for key in ("peak", "disk")}
    ratios = {key: rows["ours"][key] / least[key] for key in least}
    return {"network": name, "bytes": rows, "ours": own, "ratios": ratios}


def show(row: Mapping[str, Any]) -> None:
    own = row["ours"]
    print(
        f"{row['network']}: loaded in {own['create_ms']:.1f} ms; arena {own['arena'] / MIB:.1f} MiB, "
        f"{own['arena_over_live']:.2f} of what lives at once"
    )
    for who, sizes in row["bytes"].items():
        print(
            f"  {who:<12} peak {sizes['peak'] / MIB:7.1f} MiB (imports {sizes['imports'] / MIB:5.1f}), "
            f"disk {sizes['disk'] / MIB:6.1f} (code {sizes['library'] / MIB:4.1f})",
            flush=True,
        )


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--work", type=Path, required=True, help="environments and converted networks are kept here")
    options.add_argument("--networks", default=",".join(get_args(zoo.NetworkName)))
    options.add_argument("--engines", default="onnxruntime,mnn")
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    peers, absent = rivals.environments(given.engines.split(","), given.work)
    cells = []
    for name in given.networks.split(","):
        cells.append(cell(name, given, peers, absent))
        show(cells[-1])
    for name, why in absent.items():
        print(f"not measured: {name}: {why}")
    missed = [f"{row['network']}/{key}" for row in cells for key, ratio in row["ratios"].items() if ratio > 1.0]
    worst = {key: max(cells, key=lambda row: row["ratios"][key]) for key in ("peak", "disk")}
    headline = ", ".join(
        f"{word} at most {worst[key]['ratios'][key]:.2f} of the best peer's ({worst[key]['network']})"
        for key, word in (("peak", "peak memory"), ("disk", "disk"))
    )
    return finish(given, {"cells": cells, "missing": absent}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
