"""Filter kernel reorder: filters that share their kept positions lie side by side.

Block schemes give eight neighbouring filters one list of kept positions. When dead channels go, a block may lose half
of its filters, and eight neighbours of what is left then belong to several blocks: their list is the union of those
blocks', with zeros stored and multiplied. Channels between two layers may lie in any order, so blocks are put together
again, and halves that are left alone side by side with those that they have most positions in common with.
(PatDNN's filter kernel reorder, for lists that a group of filters shares.)

| symbol  | meaning                                                                  | shape |
| ------- | ------------------------------------------------------------------------ | ----- |
| class   | values whose channels lie in the same order, since operators tie them    | set of names |
| unit    | neighbouring channels that move as one: readers keep positions of so many together | |
| kept    | positions that the filters of a unit keep, in all layers that write the class | [units, K] bool |
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from npas.compiler.classes import Classes
from npas.compiler.passes.channels import Order, number, reads, select, ties
from npas.compiler.passes.rewire import channels_of
from npas.graph.graph import Network
from npas.schemes.block_punched import CHANNELS, FILTERS

Kept = NDArray[np.bool_]

_UNITS = FILTERS // CHANNELS
"""That share a list."""


def run(network: Network) -> Network:
    """The same function up to the order of sums; the network itself where nothing can be gained.

    Graph inputs and outputs keep their order.
    """
    while order := _better(network):
        network = select(network, order)
    return network


def _better(network: Network) -> dict[str, Order]:
    """Of every value; empty where the order that there is has no longer lists than any that is found."""
    whole = {name: np.arange(channels_of(shape)) for name, shape in network.graph.shapes.items()}
    moved: dict[str, Order] = {}
    for names, writers in _classes(network).items():
        kept = _kept(network, writers)
        if kept is None:
            continue
        units = _grouped(kept)
        if _listed(kept[units]) < _listed(kept):
            channels = (np.asarray(units)[:, None] * CHANNELS + np.arange(CHANNELS)).ravel()
            rest = np.arange(len(channels), len(whole[names[0]]))
            moved |= dict.fromkeys(names, np.concatenate([channels, rest]))
    return whole | moved if moved else {}


def _classes(network: Network) -> Mapping[tuple[str, ...], tuple[str, ...]]:
    """Values that may be ordered anew together, and the layers that write them."""
    graph = network.graph
    atoms, classes = number(graph), Classes([node.name for node in graph.nodes])
    pinned = set(graph.outputs)
    for node in graph.nodes:
        if reads(graph, node):
            continue
        tied = ties(graph, node, atoms)
        if tied is None or any(len(a) != len(atoms[name]) for (a, _), name in zip(tied, node.inputs, strict=False)):
            pinned |= {node.name, *node.inputs}
        else:
            for name in node.inputs:
                classes.join(node.name, name)
    members: dict[str, list[str]] = {}
    for node in graph.nodes:
        members.setdefault(classes.root(node.name), []).append(node.name)
    fixed = {classes.root(name) for name in pinned}
    free = [names for root, names in members.items() if root not in fixed]
    return {tuple(names): tuple(name for name in names if reads(graph, graph.node(name))) for names in free}


def _kept(network: Network, writers: tuple[str, ...]) -> Kept | None:
    """Of all whole units; None where a unit's filters do not keep the same positions, or there are none."""
    parts = []
    for name in writers:
        weight = network.weights[f"{name}.weight"]
        whole = len(weight) // CHANNELS
        if whole == 0:
            return None
        by_unit = (weight[: whole * CHANNELS] != 0).reshape(whole, CHANNELS, -1)
        if not np.array_equal(by_unit, np.broadcast_to(by_unit[:, :1], by_unit.shape)):
            return None
        parts.append(by_unit[:, 0])
    return np.concatenate(parts, axis=1) if parts else None


def _listed(kept: Kept) -> int:
    """Entries of all lists, of units in this order."""
    filled = np.concatenate([kept, np.zeros((-len(kept) % _UNITS, kept.shape[1]), bool)])
    return int(filled.reshape(-1, _UNITS, kept.shape[1]).any(axis=1).sum())


def _grouped(kept: Kept) -> list[int]:
    """Units in a new order: those of the same positions, then, each beside the one most like it, those left alone."""
    alike: dict[bytes, list[int]] = {}
    for unit, positions in enumerate(kept):
        alike.setdefault(positions.tobytes(), []).append(unit)
    groups = [units[i : i + _UNITS] for units in alike.values() for i in range(0, len(units), _UNITS)]
    whole = sorted(group for group in groups if len(group) == _UNITS)
    order = [unit for group in whole for unit in group]
    alone = sorted(unit for group in groups if len(group) < _UNITS for unit in group)
    while alone:
        together = [alone.pop(0)]
        while alone and len(together) < _UNITS:
            union = kept[together].any(axis=0)
            best = max(alone, key=lambda unit: int((kept[unit] & union).sum()))
            alone.remove(best)
            together.append(best)
        order += together
    return order
