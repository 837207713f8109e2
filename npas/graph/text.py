"""A graph as text, one node a line, and back::

    graph resnet18
    input = input(shape=[1, 3, 32, 32])  # 1x3x32x32
    stem_conv1 = conv2d(input, filters=64, kernel=[3, 3], pads=[1, 1, 1, 1])  # 1x64x32x32
    output stem_conv1

Fields that have their default value are left out. What follows ``#`` is for the reader only.
"""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from npas.graph.check import check
from npas.graph.graph import NAME, Graph, Node
from npas.ops import AnyOp

_OPS: TypeAdapter[AnyOp] = TypeAdapter(AnyOp)
_LINE = re.compile(r"(?P<name>\w+) = (?P<type>\w+)\((?P<arguments>.*)\)\Z", re.ASCII)
_ARGUMENT = re.compile(r'(?:(?P<key>\w+)=)?(?P<value>\[[^\]]*\]|"[^"]*"|[^,\[\]" ]+)(?:, |\Z)', re.ASCII)


def dump(graph: Graph) -> str:
    """The graph's text, with a line end after the last line."""
    lines = [f"graph {graph.name}"]
    for node in graph.nodes:
        fields = node.op.model_dump(mode="json", exclude_defaults=True)
        arguments = [*node.inputs, *(f"{key}={json.dumps(value)}" for key, value in fields.items() if key != "type")]
        shape = "x".join(map(str, graph.shapes[node.name]))
        lines.append(f"{node.name} = {node.op.type}({', '.join(arguments)})  # {shape}")
    lines.append(f"output {', '.join(graph.outputs)}")
    return "\n".join(lines) + "\n"


def parse(text: str) -> Graph:
    """The graph of a text. Raises ValueError, with the line's number, where it is none, or breaks ``check``."""
    name, nodes, outputs = "", list[Node](), tuple[str, ...]()
    for number, full in enumerate(text.splitlines(), start=1):
        line = full.partition("#")[0].strip()
        try:
            if line.startswith("graph "):
                name = line.removeprefix("graph ")
            elif line.startswith("output "):
                outputs = tuple(line.removeprefix("output ").split(", "))
            elif line:
                nodes.append(_node(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
    if not NAME.match(name):
        raise ValueError(f"line 1: must be 'graph NAME', got {name[:60]!r}")
    graph = Graph(name, tuple(nodes), outputs)
    check(graph)
    return graph


def _node(line: str) -> Node:
    match = _LINE.match(line)
    if match is None:
        raise ValueError(f"must be 'name = operator(inputs, field=value)', got {line[:80]!r}")
    inputs, fields = _arguments(match["arguments"])
    try:
        return Node(match["name"], _OPS.validate_python({"type": match["type"], **fields}), inputs)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{where or match['type']}: {first['msg']}, got {str(first['input'])[:60]}") from error


def _arguments(text: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Inputs by position, then fields by name."""
    inputs, fields, position = list[str](), dict[str, Any](), 0
    while position < len(text):
        match = _ARGUMENT.match(text, position)
        if match is None or match["key"] in fields or (match["key"] is None and fields):
            raise ValueError(f"cannot read arguments at {text[position : position + 40]!r}")
        if match["key"] is None:
            inputs.append(match["value"])
        else:
            fields[match["key"]] = json.loads(match["value"])
        position = match.end()
    return tuple(inputs), fields
