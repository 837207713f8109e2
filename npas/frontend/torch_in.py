"""A torch module as a network: the user's factory builds it, torch's exporter writes it as ONNX, we read that.

The factory and the module are the user's own code, and they run here, with the user's rights, as any import does.
The spec's folder comes first on the import path while they do.
"""

from __future__ import annotations

import importlib
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import torch

from npas.errors import UnsupportedError
from npas.frontend.checkpoint import fitted, read_state
from npas.frontend.onnx_in import from_proto
from npas.graph.graph import Network

log = logging.getLogger("npas.frontend")


def read(factory: str, weights: Path | None, shape: tuple[int, int, int], folder: Path) -> Network:
    """``factory`` is ``package.module:function``, called without arguments; ``shape`` is (C, H, W).

    Raises UnsupportedError where the factory, the weights, the export or an operator fails.
    """
    module = _build(factory, folder)
    if weights is not None:
        _load_weights(module, weights)
    return export(module, shape, factory)


def export(module: torch.nn.Module, shape: tuple[int, int, int], where: str) -> Network:
    """The module in evaluation mode, through ONNX. Batch-norms stay: the network will be trained again."""
    image = torch.zeros(1, *shape)
    loud = logging.getLogger("torch.onnx")
    level, was_training = loud.level, module.training
    try:
        loud.setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(module.eval(), (image,), dynamo=True, optimize=False, verbose=False)
    except Exception as error:  # The user's forward runs in there: any exception may come out.
        first = " ".join(str(error).split())[:400]
        raise UnsupportedError(f"{where}: torch cannot export it to ONNX ({type(error).__name__}: {first})") from error
    finally:
        loud.setLevel(level)
        module.train(was_training)
    assert program is not None
    return from_proto(program.model_proto, where)


def _build(factory: str, folder: Path) -> torch.nn.Module:
    module_name, _, function_name = factory.partition(":")
    sys.path.insert(0, str(folder.resolve()))
    try:
        function = getattr(importlib.import_module(module_name), function_name)
        module = function()
    except Exception as error:  # The user's code: any exception may come out, and all mean the same to us.
        reason = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        raise UnsupportedError(f"{factory}: the factory failed ({reason}); see model.factory") from error
    finally:
        sys.path.remove(str(folder.resolve()))
    if not isinstance(module, torch.nn.Module):
        raise UnsupportedError(f"{factory}: must return a torch.nn.Module, got {type(module).__name__}")
    return module


def _load_weights(module: torch.nn.Module, path: Path) -> None:
    """Into parameters and buffers by name; counters of seen batches may be absent."""
    own = module.state_dict()
    wanted = {name: tuple(t.shape) for name, t in own.items() if not name.endswith("num_batches_tracked")}
    state = {n: np.asarray(a) for n, a in read_state(path).items() if not n.endswith("num_batches_tracked")}
    arrays = fitted(state, wanted, path.name)
    module.load_state_dict({n: torch.from_numpy(a).to(own[n].dtype) for n, a in arrays.items()}, strict=False)
    log.info("%s: %d weights loaded", path.name, len(arrays))
