# mypy: disable-error-code="import-not-found"
"""MODEL.onnx -> MODEL.tvm.so, by relax's default pipeline: python convert_tvm.py MODEL.

Not tuned: MetaSchedule needs more than an hour a network on two cores. What comes out is one loop nest an operator,
fused but neither tiled nor in parallel, some fifty times off the machine's peak; the row says so by its size.
"""

import sys
from pathlib import Path

import onnx
import tvm
from tvm import relax
from tvm.relax.frontend.onnx import from_onnx

model = Path(sys.argv[1])
target = tvm.target.Target({"kind": "llvm", "mcpu": tvm.target.codegen.llvm_get_system_cpu()})
module = from_onnx(onnx.load(model.with_suffix(".onnx")))
with target:
    module = relax.get_pipeline("zero")(module)
tvm.compile(module, target=target).export_library(str(model.with_suffix(".tvm.so")))
