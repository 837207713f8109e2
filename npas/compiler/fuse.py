"""Which nodes one layer computes: a root and the element-wise chain that follows it, or a chain of moves.

A chain grows from its root over single-consumer edges: any number of element-wise operators and at most one
residual add, whose other operand keeps its own layer. A group runs at the place of its last node, so every
operand is ready (the graph is in topological order) and no group can depend on itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from npas.graph.graph import Graph, Node
from npas.ops import Add, Binary, Conv2d, Elementwise, Expand, Flatten, Gather, Linear, Pad, Reshape, Slice, Transpose

ROOTS_WITH_RESIDUAL = (Conv2d, Linear)
ROOTS_WITH_CHAIN = (Conv2d, Linear, Binary, Elementwise)
MOVES = (Expand, Flatten, Gather, Pad, Reshape, Slice, Transpose)
"""Operators that only move numbers: any chain of them moves each number once."""


@dataclass(frozen=True)
class Group:
    """``root`` and the nodes fused behind it; ``residual`` is the add's other operand, where there is an add."""

    root: Node
    chain: tuple[Node, ...] = ()
    residual: str | None = None

    @property
    def nodes(self) -> tuple[str, ...]:
        return (self.root.name, *(node.name for node in self.chain))

    @property
    def value(self) -> str:
        """The value that the group computes."""
        return self.nodes[-1]

    def statements(self) -> tuple[str, ...]:
        """The chain as C++ statements on ``x`` (and ``residual``)."""
        return tuple(_statement(node) for node in self.chain)

    @property
    def word(self) -> str:
        """The root in a kernel's name."""
        return _word(self.root)

    def suffix(self) -> str:
        """The chain in a kernel's name."""
        return "".join(f"_{_word(node)}" for node in self.chain)


def _statement(node: Node) -> str:
    return f"x = {node.op.expression()};" if isinstance(node.op, Elementwise) else "x = x + residual;"


def _word(node: Node) -> str:
    """Type and fields of an operator in letters, digits and underscores."""
    fields = [str(v) for key, v in node.op.model_dump().items() if key != "type"]
    text = "_".join([node.op.type, *fields])
    return "".join({"-": "m", ".": "p", "+": ""}.get(c, c) for c in text)


def fuse(graph: Graph) -> tuple[Group, ...]:
    """Every node in exactly one group, groups in the order in which they can run."""
    taken: set[str] = set()
    groups: list[Group] = []
    for node in graph.nodes:
        if node.name not in taken:
            group = _grow(graph, node, taken)
            taken.update(group.nodes)
            groups.append(group)
    place = {node.name: i for i, node in enumerate(graph.nodes)}
    return tuple(sorted(groups, key=lambda g: place[g.value]))


def _grow(graph: Graph, root: Node, taken: set[str]) -> Group:
    chain: list[Node] = []
    residual: str | None = None
    last = root
    while isinstance(root.op, MOVES):
        follower = _only_consumer(graph, last)
        if follower is None or not isinstance(follower.op, MOVES):
            break
        chain.append(follower)
        last = follower
    while isinstance(root.op, ROOTS_WITH_CHAIN):
        follower = _only_consumer(graph, last)
        if follower is None or follower.name in taken:
            break
        if isinstance(follower.op, Add):
            other = _other_operand(graph, follower, last)
            if residual is not None or other is None or not isinstance(root.op, ROOTS_WITH_RESIDUAL):
                break
            residual = other
        elif not isinstance(follower.op, Elementwise):
            break
        chain.append(follower)
        last = follower
    return Group(root, tuple(chain), residual)


def _only_consumer(graph: Graph, node: Node) -> Node | None:
    consumers = graph.consumers[node.name]
    return consumers[0] if len(consumers) == 1 and node.name not in graph.outputs else None


def _other_operand(graph: Graph, add: Node, operand: Node) -> str | None:
    """What is added to ``operand``, where it has the same shape and is not the operand itself."""
    others = [i for i in add.inputs if i != operand.name]
    if len(others) != 1 or graph.shapes[others[0]] != graph.shapes[operand.name]:
        return None
    return others[0]
