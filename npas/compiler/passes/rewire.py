"""What the passes share: put edited nodes and weights back together as a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from npas.graph.graph import Array, Graph, Network, Node
from npas.ops.base import Shape


def channels_of(shape: Shape) -> int:
    """The length of axis 1; arrays without one count as one channel."""
    return shape[1] if len(shape) > 1 else 1


def resolve(renames: Mapping[str, str], name: str) -> str:
    """Follows renames to the value that now stands for ``name``."""
    while name in renames:
        name = renames[name]
    return name


def rebuild(
    graph: Graph, nodes: Iterable[Node], weights: Mapping[str, Array], renames: Mapping[str, str] | None = None
) -> Network:
    """A network of ``nodes`` that reads renamed values, with the weights it needs, in the graph's order."""
    to = renames or {}
    rewired = [replace(node, inputs=tuple(resolve(to, name) for name in node.inputs)) for node in nodes]
    edited = graph.with_nodes(rewired, (resolve(to, name) for name in graph.outputs))
    return Network(edited, {name: weights[name] for name in edited.parameters})
