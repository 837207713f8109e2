"""Removing a layer: what goes with it, and where that is possible."""

from __future__ import annotations

from npas.graph.graph import Graph, Node
from npas.ops import BatchNorm, Conv2d, Elementwise


def bypass(node: Node, graph: Graph) -> tuple[Node, ...]:
    """The convolution with the batch normalisation and activation that belong to it alone, in order.

    Empty where it cannot go: its input and output differ in shape, or the network's caller reads one of the values.
    """
    if not isinstance(node.op, Conv2d) or graph.input_shapes(node)[0] != graph.shapes[node.name]:
        return ()
    chain = [node]
    for kind in (BatchNorm, Elementwise):
        readers = graph.consumers[chain[-1].name]
        if len(readers) == 1 and isinstance(readers[0].op, kind) and chain[-1].name not in graph.outputs:
            chain.append(readers[0])
    return () if any(link.name in graph.outputs for link in chain) else tuple(chain)
