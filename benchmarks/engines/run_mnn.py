# mypy: disable-error-code="import-not-found"
"""MNN, in fp32 (``precision: high``)."""

import MNN
import MNN.expr
import MNN.nn
import numpy as np
from driver import arguments, finish

given = arguments()
config = {"precision": "high", "backend": "CPU", "numThread": given.threads, "memory": "normal", "power": "high"}
net = MNN.nn.load_module_from_file(
    str(given.model.with_suffix(".mnn")), [], [], runtime_manager=MNN.nn.create_runtime_manager((config,))
)
array = np.load(given.input)
image = MNN.expr.placeholder(list(array.shape), MNN.expr.NCHW, MNN.expr.float)
image.write(array.ravel().tolist())
result: list[object] = []


def infer() -> None:
    result[:] = [net.forward([image])[0].read()]


finish(given, MNN.version(), infer, lambda: result[0])
