"""Phase 1: operators that are slow on the device become cheap ones of nearly the same shape (NPAS, section 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from npas.graph.graph import Graph, Node
from npas.ops import AnyOp, Clip, Concat, Dropout, Flatten, HardSigmoid, HardSwish

FRIENDLY: Mapping[str, AnyOp] = {
    "sigmoid": HardSigmoid(),  # Howard et al., MobileNet-V3, 2019, section 5.2
    "silu": HardSwish(),  # the same
    "gelu": HardSwish(),  # as LeViT has it (Graham et al., 2021, section 4.2)
    "tanh": Clip(low=-1.0, high=1.0),  # hard tanh (Collobert, 2004, section 4.1.2)
}
"""Operator type -> what takes its place."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """One node whose operator changed: the operator types before and after."""

    node: str
    before: str
    after: str


def friendly(graph: Graph) -> tuple[Graph, tuple[Replacement, ...]]:
    """The graph with friendly operators, and what was replaced, in order. Names and weights stay as they are.

    Activations whose values the caller reads (a final sigmoid's probabilities) keep their exact meaning.
    """
    nodes = []
    replacements = []
    for node in graph.nodes:
        op = FRIENDLY.get(node.op.type)
        if op is None or _is_read(node, graph):
            nodes.append(node)
        else:
            nodes.append(replace(node, op=op))
            replacements.append(Replacement(node.name, node.op.type, op.type))
    return graph.with_nodes(nodes), tuple(replacements)


def _is_read(node: Node, graph: Graph) -> bool:
    """Whether the node's very values, at most rearranged, are an output of the network."""
    if node.name in graph.outputs:
        return True
    moved = (reader for reader in graph.consumers[node.name] if isinstance(reader.op, Flatten | Concat | Dropout))
    return any(_is_read(reader, graph) for reader in moved)
