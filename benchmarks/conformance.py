"""The ONNX package's own cases through the whole compiler: import, plan, C++, run, compare.

    python benchmarks/conformance.py [--isa native|opencl] [--threads 1] [--only Resize,Conv] [--json FILE] [--check]

Node cases: every one of an operator that a compiler of convolutional networks may meet, in float32 and for inference,
its weights and shapes frozen. A case passes where all outputs are within 1e-3 of ONNX's; it is refused where an
operator or something about it is not supported and the message says so; anything else is a defect. ONNX Runtime gets
the same frozen models, for scale. Light networks: the nine of the package, with random weights in the place of its
constants, through the build's own parity stage.
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from common import finish, parser

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "compiler"))
from light_networks import light_networks, parity_of
from onnx_cases import Case, node_cases, outcome
from programs import machine_for

from npas.stages.program import Machine

GOAL = 330
"""Node cases that must pass."""


def node_table(machine: Machine, only: Sequence[str]) -> list[dict[str, Any]]:
    """A row for each case."""
    rows = []
    for case in node_cases():
        if only and case.operator not in only:
            continue
        found = outcome(case, machine)
        if found.kind != "passed":
            print(f"{case.name}: {found.kind}: {found.reason}", flush=True)
        peer = onnx_runtime_passes(case)
        rows.append({"case": case.name, "operator": case.operator, "outcome": found.kind, "reason": found.reason})
        rows[-1]["onnxruntime"] = peer
    return rows


def onnx_runtime_passes(case: Case) -> bool:
    """Whether ONNX Runtime runs the same frozen model, to the same tolerance."""
    model = type(case.model)()
    model.CopyFrom(case.model)
    model.ir_version = min(model.ir_version, 10)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        names = [i.name for i in session.get_inputs()]
        got = session.run(None, dict(zip(names, case.inputs, strict=True)))
    except Exception:  # noqa: BLE001 - its exception types are not part of its interface; any of them means no
        return False
    return all(
        np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-3, atol=1e-5, equal_nan=True)
        for a, b in zip(got, case.outputs, strict=True)
    )


def light_table(machine: Machine) -> list[dict[str, Any]]:
    """A row for each light network."""
    rows = []
    for name, network in light_networks():
        report = parity_of(network, machine)
        said = "passed" if report.passed else f"differs at {report.first_difference}"
        print(f"{name}: {said}, relative L2 {report.relative_l2:.1e}", flush=True)
        row = {"network": name, "passed": report.passed, "relative_l2": report.relative_l2}
        rows.append(row | {"first_difference": report.first_difference})
    return rows


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--isa", default="native")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--only", default="", help="operators, separated by commas; no light networks then")
    given = options.parse_args()
    warnings.simplefilter("ignore")
    machine = machine_for(given.isa, given.threads)
    only = [name for name in given.only.split(",") if name]
    nodes = node_table(machine, only)
    light = [] if only else light_table(machine)
    counts = Counter(row["outcome"] for row in nodes)
    peer = sum(row["onnxruntime"] for row in nodes)
    passed_light = sum(row["passed"] for row in light)
    headline = (
        f"{counts['passed']} of {len(nodes)} node cases pass, {counts['refused']} are refused by name, "
        f"{counts['wrong']} wrong, {counts['crashed']} crash (ONNX Runtime passes {peer}); "
        f"{passed_light} of {len(light)} light networks"
    )
    missed = [kind for kind in ("wrong", "crashed") if counts[kind]]
    missed += [] if only or counts["passed"] >= GOAL else [f"{GOAL} passed"]
    missed += [] if passed_light == len(light) else ["light networks"]
    return finish(given, {"nodes": nodes, "light": light}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
