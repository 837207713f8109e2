# mypy: disable-error-code="import-not-found"
"""LiteRT (TensorFlow Lite), with its XNNPACK delegate, which it applies by itself."""

import importlib.metadata

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from driver import arguments, finish

given = arguments()
interpreter = Interpreter(str(given.model.with_suffix(".tflite")), num_threads=given.threads)
interpreter.allocate_tensors()
(source,), (output,) = interpreter.get_input_details(), interpreter.get_output_details()
interpreter.set_tensor(source["index"], np.ascontiguousarray(np.load(given.input).transpose(0, 2, 3, 1)))
finish(
    given,
    importlib.metadata.version("ai-edge-litert"),
    interpreter.invoke,
    lambda: interpreter.get_tensor(output["index"]),
)
