# mypy: disable-error-code="import-not-found"
"""DeepSparse 1.8.0, the last release that runs (evaluation use only)."""

import os

os.environ["NM_DISABLE_ANALYTICS"] = "1"

import deepsparse
import numpy as np
from driver import arguments, finish

given = arguments()
engine = deepsparse.compile_model(str(given.model.with_suffix(".onnx")), batch_size=1, num_cores=given.threads)
images = [np.load(given.input)]
result: list[np.ndarray] = []


def infer() -> None:
    result[:] = engine(images)


finish(given, deepsparse.__version__, infer, lambda: result[0])
