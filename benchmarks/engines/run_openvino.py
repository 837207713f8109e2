# mypy: disable-error-code="import-not-found"
"""OpenVINO, in fp32."""

import numpy as np
import openvino
from driver import arguments, finish

given = arguments()
options = {
    "INFERENCE_NUM_THREADS": given.threads,
    "PERFORMANCE_HINT": "LATENCY",
    "NUM_STREAMS": "1",
    "INFERENCE_PRECISION_HINT": "f32",
}
request = openvino.Core().compile_model(given.model.with_suffix(".onnx"), "CPU", options).create_infer_request()
request.set_input_tensor(openvino.Tensor(np.load(given.input)))
finish(given, openvino.__version__, request.infer, lambda: request.get_output_tensor().data)
