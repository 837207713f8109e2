"""ONNX Runtime."""

import numpy as np
import onnxruntime
from driver import arguments, finish

given = arguments()
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = given.threads, 1
session = onnxruntime.InferenceSession(given.model.with_suffix(".onnx"), options, providers=["CPUExecutionProvider"])
feed = {session.get_inputs()[0].name: np.load(given.input)}
result: list[np.ndarray] = []


def infer() -> None:
    result[:] = session.run(None, feed)


finish(given, onnxruntime.__version__, infer, lambda: result[0])
