"""A network small enough to train in a test: convolution, batch norm, relu, pooling, fully connected."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from npas.data import Dataset, synthetic
from npas.graph.graph import Graph, Network, Node
from npas.ops import AvgPool, BatchNorm, Conv2d, Dropout, Flatten, Input, Linear, Relu, Softmax
from npas.spec.schema import SyntheticData

CLASSES = 4


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def graph() -> Graph:
    return Graph(
        "tiny",
        (
            Node("image", Input(shape=(1, 2, 8, 8))),
            Node("conv", Conv2d(filters=8, kernel=(3, 3), pads=(1, 1, 1, 1)), ("image",)),
            Node("bn", BatchNorm(), ("conv",)),
            Node("act", Relu(), ("bn",)),
            Node("pool", AvgPool(kernel=(4, 4), stride=(4, 4)), ("act",)),
            Node("flat", Flatten(), ("pool",)),
            Node("drop", Dropout(probability=0.1), ("flat",)),
            Node("fc", Linear(filters=CLASSES), ("drop",)),
            Node("probs", Softmax(), ("fc",)),
        ),
        ("probs",),
    )


@pytest.fixture
def network(graph: Graph) -> Network:
    random = np.random.default_rng(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) * 0.3 for name, shape in graph.parameters.items()}
    weights["bn.var"] = np.abs(weights["bn.var"]) + 1
    return Network(graph, weights)


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    return synthetic.load(SyntheticData(type="synthetic", shape=(2, 8, 8), classes=CLASSES, train=256, test=128))
