# mypy: disable-error-code="import-not-found"
"""MODEL.pt2 -> MODEL.pte, lowered to XNNPACK: python convert_executorch.py MODEL."""

import sys
from pathlib import Path

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import to_edge_transform_and_lower

model = Path(sys.argv[1])
program = torch.export.load(model.with_suffix(".pt2"))
lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
model.with_suffix(".pte").write_bytes(lowered.to_executorch().buffer)
