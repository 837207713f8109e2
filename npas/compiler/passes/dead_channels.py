"""Physically removes channels that carry nothing, together with whatever computes them.

| symbol  | meaning                                                                        | shape |
| ------- | ------------------------------------------------------------------------------ | ----- |
| atom    | one channel of one value, numbered through the whole graph                     | int |
| class   | atoms that can only go together, since an operator ties them                   | set of atoms |
| k       | constant of each channel, NaN where it varies (``constants.py``)               | [C] |
| pinned  | the atom must stay: a graph input or output, or an operator we do not reshape  | [atoms] bool |
| blocked | a convolution or fully connected layer reads the atom and cannot do without it | [atoms] bool |

What is tied to what, ``channels.py`` says. Dense convolutions and fully connected layers tie nothing: they read.
A reader can do without a channel for which all its weights are zero, or whose constant it can take into its bias
exactly. A class with no atom pinned or blocked goes. That is liveness in both directions at once: filters of zeros go
because what follows reads a constant, and filters that nobody reads go because the readers' columns are zero. Each
round can empty more columns, so it repeats.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from npas.compiler.passes.channels import Atoms, Ties, number, reads, select, ties
from npas.compiler.passes.constants import Constants, absorbable, channel_constants
from npas.graph.graph import Network, Node
from npas.ops import Conv2d, Linear

Keep = NDArray[np.bool_]


def run(network: Network) -> Network:
    """The same function, up to rounding and for finite values, with as few channels as liveness allows.

    Every value keeps at least one channel; graph inputs and outputs keep all; names and node order stay.
    """
    while True:
        constants = channel_constants(network)
        keep = _kept(network, constants)
        if all(channels.all() for channels in keep.values()):
            return network
        network = select(network, {name: np.flatnonzero(kept) for name, kept in keep.items()}, constants)


def _kept(network: Network, constants: Mapping[str, Constants]) -> dict[str, Keep]:
    """Per value, which channels stay."""
    graph = network.graph
    atoms = number(graph)
    total = sum(len(ids) for ids in atoms.values())
    tied: Ties = []
    stay = np.zeros(total, bool)
    for name in graph.outputs:
        stay[atoms[name]] = True
    for node in graph.nodes:
        own = ties(graph, node, atoms)
        if own is not None:
            tied += own
        elif reads(graph, node):
            stay[atoms[node.inputs[0]][_blocked(network, node, constants[node.inputs[0]])]] = True
        else:
            for name in (node.name, *node.inputs):
                stay[atoms[name]] = True
    classes = _classes(tied, total)
    alive = np.zeros(total, bool)
    np.logical_or.at(alive, classes, stay)
    for ids in atoms.values():
        if not alive[classes[ids]].any():
            alive[classes[ids[0]]] = True
    return {name: alive[classes[ids]] for name, ids in atoms.items()}


def _classes(tied: Ties, total: int) -> Atoms:
    """The class of each atom: connected components of the ties."""
    left = np.concatenate([a for a, _ in tied]) if tied else np.zeros(0, np.int64)
    right = np.concatenate([b for _, b in tied]) if tied else np.zeros(0, np.int64)
    edges = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(total, total))
    labels: Atoms = connected_components(edges, directed=False)[1].astype(np.int64)
    return labels


def _blocked(network: Network, node: Node, k: Constants) -> Keep:
    """Input channels that the layer cannot do without."""
    assert isinstance(node.op, Conv2d | Linear)
    weight = network.weights[f"{node.name}.weight"]
    positions = (weight != 0).any(axis=0)  # first: over all axes at once takes six times as long
    has_weight: Keep = positions.reshape(len(positions), -1).any(axis=1)
    return has_weight & ~absorbable(node.op, k)
