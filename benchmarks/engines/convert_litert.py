# mypy: disable-error-code="import-not-found"
"""MODEL.pt2 -> MODEL.tflite, NHWC at its border: python convert_litert.py MODEL."""

import sys
from pathlib import Path

import litert_torch
import torch

model = Path(sys.argv[1])
program = torch.export.load(model.with_suffix(".pt2"))
(shape,) = (node.meta["val"].shape for node in program.graph.nodes if node.name in program.graph_signature.user_inputs)
images = torch.zeros(shape).permute(0, 2, 3, 1).contiguous()
module = litert_torch.to_channel_last_io(program.module(), args=[0])
litert_torch.convert(module, (images,)).export(str(model.with_suffix(".tflite")))
