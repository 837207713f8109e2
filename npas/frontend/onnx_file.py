"""Reads an ONNX file into a ``RawGraph``. The file is untrusted: every odd thing in it is an UnsupportedError."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import AttributeProto, TensorProto, external_data_helper, helper, numpy_helper

from npas.errors import UnsupportedError
from npas.frontend.raw import RawGraph
from npas.ops.base import Shape
from npas.ops.onnx_io import AnyArray, Attribute, OnnxNode

OPSETS = range(7, onnx.defs.onnx_opset_version() + 1)
CHECK_SECONDS = 120
MAX_BYTES = 2 << 30
_CHECKER = Path(__file__).with_name("onnx_check.py")


def quoted(name: str) -> str:
    """A name of the model, safe to print: one line, escaped, and not too long."""
    return ascii(name if len(name) <= 60 else name[:57] + "...")


def load_proto(path: Path) -> onnx.ModelProto:
    """The message of a file, without its external data."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnsupportedError(f"{path.name}: the file must be below 2 GiB, got {path.stat().st_size} bytes")
        return onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise UnsupportedError(f"{path.name}: cannot be read ({error.strerror}); check model.path") from error
    except (DecodeError, ValueError) as error:
        raise UnsupportedError(f"{path.name}: not an ONNX file, or cut short; export it again") from error


def checker_complaint(path: Path) -> str | None:
    """What ONNX's own checker says against a file. It runs in a child process, because bad files can crash it."""
    # As a file, since a module's packages would import twice as much as ONNX does; -P keeps its folder off the path.
    command = [sys.executable, "-P", str(_CHECKER), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=CHECK_SECONDS + 30, check=False)
    except subprocess.TimeoutExpired:
        return "the ONNX checker did not finish in time"
    if done.returncode == 0:
        return None
    if done.returncode == 1:
        lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
        return ascii(lines[0][:300]).strip("'\"") if lines else "the ONNX checker refused it"
    return "the ONNX checker crashed on it"


def to_raw(
    model: onnx.ModelProto, where: str, folder: Path | None, image: Shape | None = None, batched: bool = True
) -> RawGraph:
    """The graph of a message. ``image`` (C, H, W) fills in dimensions that the file leaves open; ``batched`` as in
    ``onnx_in.from_proto``."""
    try:
        graph = model.graph
        constants = {t.name: _array(t, folder) for t in graph.initializer}
        if graph.sparse_initializer:
            raise ValueError("sparse initialisers are not supported")
        nodes = tuple(made for node in graph.node for made in _nodes(node, folder))
        inputs = {v.name: _input_shape(v, image, batched) for v in graph.input if v.name not in constants}
        _check_order(nodes, (*inputs, *constants), [v.name for v in graph.output])
        outputs = tuple(v.name for v in graph.output)
        return RawGraph(nodes, inputs, outputs, constants, _opset(model), dict(inputs))
    except (ValueError, TypeError, AssertionError, NotImplementedError) as error:
        raise UnsupportedError(f"{where}: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]


def _opset(model: onnx.ModelProto) -> int:
    versions = [o.version for o in model.opset_import if o.domain in ("", "ai.onnx")]
    if len(versions) != 1 or versions[0] not in OPSETS:
        got = ", ".join(map(str, versions)) or "none"
        raise ValueError(f"opset must be {OPSETS.start} to {OPSETS.stop - 1}, got {got}; export it again")
    return int(versions[0])


def _input_shape(value: onnx.ValueInfoProto, image: Shape | None, batched: bool) -> Shape:
    """Batch 1 for an open batch."""
    kind = value.type.tensor_type
    if not value.type.HasField("tensor_type") or kind.elem_type != TensorProto.FLOAT:
        raise ValueError(f"input {quoted(value.name)}: must be a float32 tensor")
    dims = [d.dim_value if d.HasField("dim_value") else 0 for d in kind.shape.dim]
    if not batched:
        if min(dims, default=1) < 1 or max(dims, default=1) > 1 << 16:
            raise ValueError(f"input {quoted(value.name)}: no axis may be open or empty, got shape {dims}")
        return tuple(dims)
    if len(dims) < 2:
        raise ValueError(f"input {quoted(value.name)}: must have a batch and more, got {len(dims)} dimensions")
    if dims[0] > 1:
        raise ValueError(f"input {quoted(value.name)}: batch must be 1 or open, got {dims[0]}; export it again so")
    if image is not None and len(dims) == len(image) + 1:
        dims[1:] = [d or size for d, size in zip(dims[1:], image, strict=True)]
    if min(dims[1:]) < 1 or max(dims) > 1 << 16:
        raise ValueError(f"input {quoted(value.name)}: only the batch may be open, got shape {dims}; fix the others")
    return (1, *dims[1:])


def _check_order(nodes: Iterable[OnnxNode], known: Iterable[str], outputs: Iterable[str]) -> None:
    """Each value is computed once, before it is read."""
    seen = set(known)
    for node in nodes:
        for name in node.inputs:
            if name and name not in seen:
                what = f"node {quoted(node.name)} ({quoted(node.type)}) reads {quoted(name)}"
                raise ValueError(f"{what}, which nothing before it computes: a cycle, or a broken file")
        if not node.output or node.output in seen:
            raise ValueError(f"node {quoted(node.name)}: its result {quoted(node.output)} exists already")
        seen.add(node.output)
    missing = [name for name in outputs if name not in seen]
    if missing or not list(outputs):
        raise ValueError(f"outputs must be computed by the graph, got {', '.join(map(quoted, missing)) or 'none'}")


def _nodes(node: onnx.NodeProto, folder: Path | None) -> list[OnnxNode]:
    """A node for each result: of a ``Split`` its parts; of others the first, and strangers for what else is read."""
    kind = node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}.{node.op_type}"
    if not node.output:
        raise ValueError(f"node {quoted(node.name)}: has no result")
    attributes = {a.name: _attribute(a, folder) for a in node.attribute}
    if kind == "Split":
        parts: dict[str, Attribute] = {**attributes, "npas.parts": len(node.output)}
        return [
            OnnxNode(kind, tuple(node.input), out, {**parts, "npas.part": i}, node.name if i == 0 else "")
            for i, out in enumerate(node.output)
            if out
        ]
    others = [
        OnnxNode(f"{kind} (result {i})", tuple(node.input), out, attributes, node.name)
        for i, out in enumerate(node.output)
        if i and out
    ]
    if not node.output[0]:
        return others
    return [OnnxNode(kind, tuple(node.input), node.output[0], attributes, node.name), *others]


def _attribute(attribute: onnx.AttributeProto, folder: Path | None) -> Attribute:
    match attribute.type:
        case AttributeProto.INT | AttributeProto.FLOAT | AttributeProto.INTS | AttributeProto.FLOATS:
            value = helper.get_attribute_value(attribute)
            return value if isinstance(value, int | float) else tuple(value)
        case AttributeProto.STRING:
            return attribute.s.decode("utf-8", "replace")
        case AttributeProto.TENSOR:
            return _array(attribute.t, folder)
    return "<not supported>"  # Graphs, types and lists of text: only unsupported operators have them.


def _array(tensor: TensorProto, folder: Path | None) -> AnyArray:
    if any(d < 0 for d in tensor.dims):
        raise ValueError(f"tensor {quoted(tensor.name)}: dimensions must not be negative, got {list(tensor.dims)}")
    if external_data_helper.uses_external_data(tensor):
        tensor = _with_external_data(tensor, folder)
    try:
        return np.asarray(numpy_helper.to_array(tensor))
    except Exception as error:  # numpy_helper raises many kinds on broken tensors, all with the same meaning.
        raise ValueError(f"tensor {quoted(tensor.name)}: its data does not fit its type and shape") from error


def _with_external_data(tensor: TensorProto, folder: Path | None) -> TensorProto:
    """The tensor with its bytes, from a file that must lie inside the model's folder."""
    entries: Mapping[str, str] = {e.key: e.value for e in tensor.external_data}
    where = f"tensor {quoted(tensor.name)}: external data"
    location = entries.get("location", "")
    if folder is None or not location:
        raise ValueError(f"{where} has no location")
    path = (folder / location).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ValueError(f"{where} must lie in the model's folder, got {quoted(location)}")
    if not path.is_file():
        raise ValueError(f"{where} {quoted(location)} does not exist beside the model")
    offset, size = int(entries.get("offset", "0")), path.stat().st_size
    length = int(entries.get("length", size - offset))
    if offset < 0 or length < 0 or offset + length > size:
        raise ValueError(f"{where} {quoted(location)} is cut short: needs {offset + length} bytes, has {size}")
    with path.open("rb") as file:
        file.seek(offset)
        raw = file.read(length)
    return TensorProto(name=tensor.name, dims=tensor.dims, data_type=tensor.data_type, raw_data=raw)
