"""The ONNX package's nine light networks: real architectures whose weights are constants, with random ones instead."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import onnx.backend.test
from onnx import numpy_helper
from programs import parity

from npas.compiler.indexed import Options
from npas.frontend.onnx_in import from_proto
from npas.graph.graph import Network
from npas.stages.program import Machine
from npas.verify import ParityReport

FOLDER = Path(onnx.backend.test.__file__).parent / "data" / "light"


def light_networks(*names: str) -> Iterator[tuple[str, Network]]:
    """Those named, or all."""
    for path in sorted(FOLDER.glob("light_*.onnx")):
        name = path.stem.removeprefix("light_")
        if not names or name in names:
            yield name, from_proto(randomised(onnx.load(path)), path.name)


def randomised(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with an initialiser of random numbers for each array that it fills with a constant."""
    shapes = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    uses = {name: (node.op_type, i) for node in model.graph.node for i, name in enumerate(node.input)}
    kept = []
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        shape = tuple(int(d) for d in shapes[node.input[0]])
        array = _drawn(shape, *uses.get(node.output[0], ("", 0)), seed=zlib.crc32(node.output[0].encode()))
        model.graph.initializer.append(numpy_helper.from_array(array, node.output[0]))
    if kept[-1].op_type == "Softmax":  # of random scores it is all of one class, which would hide most errors
        scores = kept.pop().input[0]
        model.graph.output[0].name = scores
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return model


def _drawn(shape: tuple[int, ...], operator: str, position: int, seed: int) -> np.ndarray:
    """Numbers that keep values near one: by a layer's fan-in, around one where they scale, small where they add."""
    rng = np.random.default_rng(seed)
    if operator in ("Conv", "Gemm") and position == 1:
        fan_in = np.prod(shape[1:]) if operator == "Conv" else max(shape)
        found = rng.standard_normal(shape) * np.sqrt(2 / fan_in)
    elif (operator, position) in (("BatchNormalization", 1), ("BatchNormalization", 4), ("Unsqueeze", 0)):
        found = rng.uniform(0.5, 1.5, shape)
    else:
        found = rng.standard_normal(shape) * 0.1
    return found.astype(np.float32)


def parity_of(network: Network, machine: Machine) -> ParityReport:
    """Dense, by the build's parity stage."""
    with tempfile.TemporaryDirectory(prefix="npas-light-") as folder:
        return parity(Path(folder), network, Options(), machine.isa.name, machine.threads)
