"""Accuracy on the test split."""

from __future__ import annotations

from math import prod

import torch

from npas.data import Dataset
from npas.graph.graph import Graph, Network
from npas.training.device import placed, placed_images
from npas.training.fit import check_fit
from npas.training.module import GraphModule

LARGEST_VALUE_BYTES = 2**26
LARGEST_BATCH = 512


def evaluate(network: Network, dataset: Dataset, limit: int | None = None) -> float:
    """Top-1 accuracy, as a fraction, on the test split or on its first ``limit`` images.

    Raises:
        TrainingError: the network's input or output is not the dataset's.
    """
    check_fit(network.graph, dataset)
    return accuracy(placed(GraphModule(network)), dataset, limit)


def accuracy(module: GraphModule, dataset: Dataset, limit: int | None = None) -> float:
    """``evaluate`` for a module, on the device where it is; its mode is put back."""
    assert limit is None or limit > 0
    count = len(dataset.test) if limit is None else min(limit, len(dataset.test))
    where = next(module.parameters()).device
    training = module.training
    module.eval()
    right = seen = 0
    with torch.no_grad():
        for images, labels in dataset.batches("test", min(count, _batch_size(module.graph))):
            rest = count - seen
            scores = module(placed_images(images[:rest], where)).reshape(min(rest, len(labels)), -1)
            right += int((scores.argmax(1) == labels[:rest].to(where)).sum())
            seen += len(scores)
            if seen == count:
                break
    module.train(training)
    return right / count


def _batch_size(graph: Graph) -> int:
    """As many images as keep the largest value of the graph within a bound: larger ones fall out of every cache."""
    largest = max(prod(shape) for shape in graph.shapes.values())
    return max(1, min(LARGEST_BATCH, LARGEST_VALUE_BYTES // (4 * largest)))
