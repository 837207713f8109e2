"""The three ways to a network that a spec knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from npas import zoo
from npas.errors import UnsupportedError
from npas.frontend import onnx_in, torch_in
from npas.frontend.checkpoint import fitted, read_state
from npas.frontend.initialise import initialise
from npas.graph.batch import check_batch
from npas.graph.graph import Network
from npas.spec.schema import OnnxModel, TorchModel, ZooModel
from npas.zoo.public_names import COUNTER, public_names, unwrapped


def load_zoo(model: ZooModel, shape: tuple[int, int, int], classes: int, folder: Path) -> Network:
    """A checkpoint holds the weights under our names (``stem_conv1.weight``), or under those of public releases."""
    try:
        graph = zoo.build(model.name, shape, classes, model.width, model.activation)
    except ValueError as error:
        raise UnsupportedError(
            f"model.name: {model.name} does not fit images of shape {list(shape)}: {error}"
        ) from error
    network = initialise(graph, np.random.default_rng(0))
    if model.weights is None:
        return network
    state = {unwrapped(name): array for name, array in read_state(folder / model.weights).items()}
    names = public_names(model.name, graph)
    if not set(names.values()) & state.keys():
        return network.with_weights(fitted(state, graph.parameters, model.weights))
    state = {name: array for name, array in state.items() if not name.endswith(COUNTER)}
    found = fitted(state, {names[own]: shape for own, shape in graph.parameters.items()}, model.weights)
    return network.with_weights({own: found[public] for own, public in names.items()})


def load_onnx(model: OnnxModel, shape: tuple[int, int, int], classes: int, folder: Path) -> Network:
    return _for_data(onnx_in.read(folder / model.path, shape), model.path, shape, classes)


def load_torch(model: TorchModel, shape: tuple[int, int, int], classes: int, folder: Path) -> Network:
    weights = None if model.weights is None else folder / model.weights
    return _for_data(torch_in.read(model.factory, weights, shape, folder), model.factory, shape, classes)


def obstacles(network: Network) -> list[str]:
    """What keeps a network from being trained and built, whatever the data: it must take one image and give one row of
    scores, for each image of a batch by itself."""
    graph = network.graph
    inputs, outputs = ([list(graph.shapes[name]) for name in names] for names in (graph.inputs, graph.outputs))
    found = []
    if len(inputs) != 1 or len(inputs[0]) != 4:
        found.append(f"must take one image [1, C, H, W], got {inputs}")
    if len(outputs) != 1 or len(outputs[0]) != 2:
        found.append(f"must give one row of scores [1, classes], got {outputs}")
    try:
        check_batch(graph)
    except ValueError as error:
        found.append(str(error))
    return found


def _for_data(network: Network, where: str, shape: tuple[int, int, int], classes: int) -> Network:
    """The network, if it takes one image of the data's shape, gives one row of its classes, and keeps the images of a
    batch apart."""
    graph = network.graph
    try:
        check_batch(graph)
    except ValueError as error:
        raise UnsupportedError(f"{where}: {error}") from error
    inputs = [list(graph.shapes[name][1:]) for name in graph.inputs]
    outputs = [list(graph.shapes[name][1:]) for name in graph.outputs]
    if inputs != [list(shape)]:
        raise UnsupportedError(f"{where}: must take one image of the data's shape {list(shape)}, got {inputs}")
    if outputs != [[classes]]:
        raise UnsupportedError(f"{where}: must give one row of the data's {classes} classes, got shapes {outputs}")
    return network
