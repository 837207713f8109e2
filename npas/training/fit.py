"""Whether a network and a dataset belong together."""

from __future__ import annotations

from math import prod

from npas.data import Dataset
from npas.graph.graph import Graph
from npas.training.errors import TrainingError


def check_fit(graph: Graph, dataset: Dataset) -> None:
    """Raises TrainingError where the input is not the images' shape or the output not one score per class."""
    if len(graph.inputs) != 1:
        raise TrainingError(f"{graph.name}: must have one input, got {len(graph.inputs)}, use a classifier of images")
    taken = graph.shapes[graph.inputs[0]][1:]
    if taken != dataset.shape:
        raise TrainingError(
            f"{graph.name}: input must have the dataset's shape {dataset.shape}, got {taken}, change the data's size"
        )
    scores = prod(graph.shapes[graph.outputs[0]][1:])
    if scores != dataset.classes:
        raise TrainingError(
            f"{graph.name}: output must be one score per class of the dataset ({dataset.classes}), got {scores}, "
            f"take a model with {dataset.classes} classes"
        )
