"""An ONNX file as a network. Everything that NPAS does not take is named at once, before anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import cast

import numpy as np
import onnx
from onnx.inliner import inline_local_functions

from npas.errors import UnsupportedError
from npas.frontend.importers import IMPORTERS
from npas.frontend.onnx_constants import FOLDABLE
from npas.frontend.onnx_file import checker_complaint, load_proto, quoted, to_raw
from npas.frontend.onnx_shapes import BINARY, LAYOUT, UNARY
from npas.frontend.raw import RawGraph
from npas.frontend.rewrites import EXPANDED, rewritten
from npas.graph.check import check_network
from npas.graph.graph import NAME, Array, Graph, Network, Node
from npas.ops import AnyOp, Constant, Input
from npas.ops.base import Shape

SUPPORTED = IMPORTERS.keys() | EXPANDED
"""Those of constants alone, which disappear, left out."""
KNOWN = SUPPORTED | FOLDABLE.keys() | LAYOUT.keys() | UNARY | BINARY

STEMS: Mapping[str, str] = {"conv2d": "conv", "batch_norm": "bn", "global_avg_pool": "pool"}
"""Shorter names for nodes whose own name cannot stay."""


def read(path: Path, shape: tuple[int, int, int] | None = None) -> Network:
    """The network of a file. ``shape`` (C, H, W) fills in what the file leaves open besides the batch.

    Raises UnsupportedError: naming every operator that is not supported, or saying what is wrong with the file.
    """
    model = load_proto(path)
    complaint = checker_complaint(path)
    if complaint is not None:
        strangers = [f"{n.op_type} (node {quoted(n.name)})" for n in model.graph.node if _kind(n) not in KNOWN]
        if strangers:
            raise _unsupported(path.name, strangers)
        raise UnsupportedError(f"{path.name}: not a valid ONNX model ({complaint}); export it again")
    return from_proto(model, path.name, path.parent, shape)


def from_proto(
    model: onnx.ModelProto,
    where: str,
    folder: Path | None = None,
    shape: tuple[int, int, int] | None = None,
    batched: bool = True,
) -> Network:
    """The network of a message; ``where`` stands in errors, ``folder`` holds its external data.

    With ``batched`` the first axis of every input is the batch, which must be 1 or open.
    """
    if model.functions:
        model = inline_local_functions(model)
    try:
        raw = rewritten(to_raw(model, where, folder, shape, batched))
    except MemoryError as error:
        raise UnsupportedError(f"{where}: takes more memory to read than there is; export it smaller") from error
    name = model.graph.name if NAME.match(model.graph.name) else "network"
    network = _convert(raw, where, name)
    try:
        check_network(network)
    except ValueError as error:
        raise UnsupportedError(f"{where}: {error}") from error
    return network


def _kind(node: onnx.NodeProto) -> str:
    return node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"


def _unsupported(where: str, strangers: list[str]) -> UnsupportedError:
    listed = ", ".join(strangers)
    return UnsupportedError(f"{where}: operators not supported: {listed}; docs/operators.md lists those that are")


def _convert(raw: RawGraph, where: str, title: str) -> Network:
    names = _names(raw)
    nodes = [Node(names[i], Input(shape=shape)) for i, shape in raw.inputs.items()]
    weights: dict[str, Array] = {}
    known: dict[str, Shape] = dict(raw.inputs)
    strangers: list[str] = []
    for node in raw.nodes:
        described = quoted(node.type).strip("'")
        try:
            if node.output in raw.complaints:
                raise ValueError(raw.complaints[node.output])
            if node.type not in IMPORTERS:
                strangers.append(f"{described} (node {quoted(node.name or node.output)})")
                continue
            if any(i and i not in known and i not in raw.constants for i in node.inputs):
                continue  # It hangs on an operator that is named already.
            imported = IMPORTERS[node.type].from_onnx(raw.call(node))
            for i in imported.inputs:
                if i not in known:  # a constant that stands beside what the network computes
                    names[i] = _fresh(names, "constant")
                    known[i] = raw.constants[i].shape
                    nodes.append(Node(names[i], Constant(shape=known[i])))
                    weights[f"{names[i]}.value"] = np.array(raw.constants[i], np.float32, order="C")
            known[node.output] = imported.op.infer(tuple(known[i] for i in imported.inputs))
        except ValueError as error:
            strangers.append(f"{described} (node {quoted(node.name or node.output)}: {_reason(error)})")
            continue
        name = names[node.output]
        nodes.append(Node(name, cast(AnyOp, imported.op), tuple(names[i] for i in imported.inputs)))
        weights |= {f"{name}.{role}": array for role, array in imported.weights.items()}
    if strangers:
        raise _unsupported(where, strangers)
    constant = [name for name in raw.outputs if name not in known]
    if constant:
        raise UnsupportedError(f"{where}: outputs must depend on the input, got {', '.join(map(quoted, constant))}")
    return Network(Graph(title, tuple(nodes), tuple(names[o] for o in raw.outputs)), weights)


def _fresh(names: Mapping[str, str], stem: str) -> str:
    """A counted name that no value has."""
    taken = set(names.values())
    return next(name for i in count(1) if (name := f"{stem}{i}") not in taken)


def _reason(error: ValueError) -> str:
    """One line, whatever the error quotes."""
    return " ".join(str(error).split())[:200]


def _names(raw: RawGraph) -> dict[str, str]:
    """A name of ours for each value: the model's own where it fits and is alone, else a counted one."""
    own = [(value, value) for value in raw.inputs] + [(node.output, node.name) for node in raw.nodes]
    counts = Counter(name for _, name in own)
    names = {value: name for value, name in own if NAME.match(name) and counts[name] == 1}
    taken, used = set(names.values()), Counter[str]()
    kinds = dict.fromkeys(raw.inputs, "input") | {node.output: _stem(node.type) for node in raw.nodes}
    for value, stem in kinds.items():
        while value not in names:
            used[stem] += 1
            if (name := f"{stem}{used[stem]}") not in taken:
                names[value] = name
    return names


def _stem(kind: str) -> str:
    cls = IMPORTERS.get(kind)
    own = str(cls.model_fields["type"].default) if cls is not None else "node"
    return STEMS.get(own, own)
