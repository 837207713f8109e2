"""Networks from outside: ONNX files, torch modules and the zoo come in, ONNX goes out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from npas.spec.schema import Model, OnnxModel, TorchModel, ZooModel

if TYPE_CHECKING:
    from npas.graph.graph import Network


def has_weights(model: Model) -> bool:
    """Whether the model comes trained; otherwise a build trains it first."""
    if isinstance(model, OnnxModel) or model.weights is not None:
        return True
    return isinstance(model, TorchModel) and model.trained


def load(model: Model, shape: tuple[int, int, int], classes: int, folder: Path) -> Network:
    """The network that a spec names, for images of ``shape`` (C, H, W); paths are relative to ``folder``.

    A zoo network without weights gets He's random ones, from seed 0. Raises UnsupportedError where the model holds
    something that NPAS does not take, or does not fit the data.
    """
    # Here, so that importing this room costs no torch.
    from npas.frontend.models import load_onnx, load_torch, load_zoo

    match model:
        case ZooModel():
            return load_zoo(model, shape, classes, folder)
        case OnnxModel():
            return load_onnx(model, shape, classes, folder)
        case TorchModel():
            return load_torch(model, shape, classes, folder)
