"""MODEL.pt2 -> MODEL.inductor<threads>.pt2, with weights as constants: python convert_inductor.py MODEL THREADS.

What torch.compile's inductor generates, compiled ahead of time; the number of threads is part of the code.
"""

import sys
from pathlib import Path

import torch
from torch._inductor import aoti_compile_and_package, config

model, threads = Path(sys.argv[1]).resolve(), int(sys.argv[2])
torch.set_num_threads(threads)
config.freezing = True
config.cpp.threads = threads
with torch.no_grad():
    program = torch.export.load(model.with_suffix(".pt2"))
    aoti_compile_and_package(program, package_path=str(model.with_suffix(f".inductor{threads}.pt2")))
