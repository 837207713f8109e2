"""Removes nodes that compute nothing at inference, and nodes that no output needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from npas.compiler.passes.rewire import rebuild, resolve
from npas.graph.graph import Graph, Network, Node
from npas.ops import AvgPool, Concat, Dropout, Flatten, GlobalAvgPool, Input, MaxPool


def run(network: Network) -> Network:
    """The same function without dropout, concats of one, no-op reshapes and poolings, and dead code.

    Graph inputs stay, read or not: they are the caller's interface. An identity that stands between two
    graph outputs, or between an input and an output, stays too: each output needs a value of its own. What reads it
    reads its source.
    """
    graph = network.graph
    renames: dict[str, str] = {}
    sources: dict[str, str] = {}
    taken = {*graph.inputs, *graph.outputs}
    for node in graph.nodes:
        if not _is_identity(graph, node):
            continue
        source = resolve(renames, node.inputs[0])
        source = sources.get(source, source)
        if node.name in graph.outputs:
            if source in taken:
                sources[node.name] = source
                continue
            taken.add(source)
        renames[node.name] = source
    kept = [_reading(node, sources, renames) for node in graph.nodes if node.name not in renames]
    alive = rebuild(graph, kept, network.weights, renames)
    return rebuild(alive.graph, _needed(alive.graph), alive.weights)


def _reading(node: Node, sources: Mapping[str, str], renames: Mapping[str, str]) -> Node:
    """The node, reading the sources of identities that stay."""
    inputs = tuple(resolve(renames, name) for name in node.inputs)
    return replace(node, inputs=tuple(sources.get(name, name) for name in inputs))


def _is_identity(graph: Graph, node: Node) -> bool:
    match node.op:
        case Dropout():
            return True
        case Concat():
            return len(node.inputs) == 1
        case Flatten() | GlobalAvgPool():
            return graph.shapes[node.name] == graph.shapes[node.inputs[0]]
        case MaxPool() | AvgPool():
            return node.op.kernel == node.op.stride == (1, 1) and not any(node.op.pads)
        case _:
            return False


def _needed(graph: Graph) -> Iterable[Node]:
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return [node for node in graph.nodes if node.name in needed or isinstance(node.op, Input)]
