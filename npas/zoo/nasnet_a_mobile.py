"""NASNet-A (4 @ 1056): Zoph et al., "Learning Transferable Architectures for Scalable Image Recognition", figure 4."""

from __future__ import annotations

from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.cells import Cell, Design, cell_network

NORMAL = Cell(
    sums=(
        ("sep_5x5", 0, "sep_3x3", 1),
        ("sep_5x5", 1, "sep_3x3", 1),
        ("avg_3x3", 0, "identity", 1),
        ("avg_3x3", 1, "avg_3x3", 1),
        ("sep_3x3", 0, "identity", 0),
    ),
    # State 1 again: with the five sums, six times 176 filters make the last cell's 1056.
    output=(1, 2, 3, 4, 5, 6),
)

REDUCTION = Cell(
    sums=(
        ("sep_5x5", 0, "sep_7x7", 1),
        ("max_3x3", 0, "sep_7x7", 1),
        ("avg_3x3", 0, "sep_5x5", 1),
        ("identity", 3, "avg_3x3", 2),
        ("sep_3x3", 2, "max_3x3", 0),
    ),
    output=(3, 4, 5, 6),
)

DESIGN = Design("nasnet_a_mobile", NORMAL, REDUCTION, repeats=4, filters=44)


def nasnet_a_mobile(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    return cell_network(DESIGN, shape, classes, width, activation)
