# mypy: disable-error-code="import-not-found"
"""Apache TVM, by its default schedule (see convert_tvm.py)."""

import importlib.metadata
import os

import numpy as np
import tvm
from driver import arguments, finish
from tvm import relax

given = arguments()
os.environ["TVM_NUM_THREADS"] = str(given.threads)  # which the thread pool reads when it is first used
machine = relax.VirtualMachine(tvm.runtime.load_module(str(given.model.with_suffix(".tvm.so"))), tvm.cpu())
image = tvm.runtime.tensor(np.load(given.input), tvm.cpu())
result: list[tvm.runtime.Tensor] = []


def infer() -> None:
    found = machine["main"](image)
    result[:] = [found if hasattr(found, "numpy") else found[0]]


finish(given, importlib.metadata.version("apache-tvm"), infer, lambda: result[0].numpy())
