"""AmoebaNet-A (N=4, F=50): Real et al., "Regularized Evolution for Image Classifier Architecture Search", figure 5.

The cells are those of the authors' code, which for N=6, F=190 gives the paper's 86.7M parameters, too.
"""

from __future__ import annotations

from npas.graph.graph import Graph
from npas.spec.schema import Activation
from npas.zoo.cells import Cell, Design, cell_network

NORMAL = Cell(
    sums=(
        ("avg_3x3", 0, "max_3x3", 0),
        ("sep_3x3", 1, "identity", 1),
        ("identity", 0, "avg_3x3", 1),
        ("sep_3x3", 0, "sep_5x5", 2),
        ("avg_3x3", 5, "sep_3x3", 0),
    ),
    output=(1, 3, 4, 6),
)

REDUCTION = Cell(
    sums=(
        ("sep_3x3", 1, "avg_3x3", 0),
        ("max_3x3", 0, "sep_7x7", 2),
        ("max_3x3", 1, "max_3x3", 0),
        ("sep_3x3", 4, "conv_1x7_7x1", 0),
        ("avg_3x3", 1, "sep_7x7", 0),
    ),
    output=(2, 3, 4, 5, 6),
)

DESIGN = Design("amoebanet_a_mobile", NORMAL, REDUCTION, repeats=4, filters=50)


def amoebanet_a_mobile(shape: tuple[int, int, int], classes: int, width: float, activation: Activation | None) -> Graph:
    return cell_network(DESIGN, shape, classes, width, activation)
