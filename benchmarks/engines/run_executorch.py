# mypy: disable-error-code="import-not-found"
"""ExecuTorch, with its XNNPACK delegate."""

import importlib.metadata

import numpy as np
import torch
from driver import arguments, finish
from executorch.extension.pybindings import portable_lib
from executorch.runtime import Runtime, Verification

given = arguments()
portable_lib._unsafe_reset_threadpool(given.threads)
program = Runtime.get().load_program(given.model.with_suffix(".pte"), verification=Verification.Minimal)
forward = program.load_method("forward")
images = [torch.from_numpy(np.load(given.input))]
result: list[torch.Tensor] = []


def infer() -> None:
    result[:] = forward.execute(images)


finish(given, importlib.metadata.version("executorch"), infer, lambda: result[0].numpy())
