# mypy: disable-error-code="import-not-found"
"""MNN on the first OpenCL device that it finds, in fp32 (``Precision_High``), buffers, kernels tuned (``WIDE``).

$MNN_OPENCL is a folder of MNN's sources, built in its folder ``b`` with ``-DMNN_OPENCL=ON -DMNN_SEP_BUILD=OFF``. MNN
takes GPUs alone: for a processor, ``CL_DEVICE_TYPE_GPU`` in its OpenCLRuntime.cpp must be ``CL_DEVICE_TYPE_ALL``. Its
first run compiles for minutes, which may be more than a run is given: run it again, the driver keeps what was compiled.
"""

import json
import os
import subprocess
from pathlib import Path

import MNN
import numpy as np
from driver import arguments

given = arguments()
if "MNN_OPENCL" not in os.environ:
    raise SystemExit("$MNN_OPENCL names no build of MNN with OpenCL")
root, folder = Path(os.environ["MNN_OPENCL"]), given.model.parent
program = folder / "mnn_opencl"
if not program.exists():
    flags = [f"-I{root / 'include'}", f"-L{root / 'b'}", "-lMNN", f"-Wl,-rpath,{root / 'b'}"]
    source = Path(__file__).with_name("mnn_opencl.cpp")
    subprocess.run(["g++", "-std=c++17", "-O2", str(source), *flags, "-o", str(program)], check=True)
raw_in, raw_out = folder / "mnn_opencl.in", folder / "mnn_opencl.out"
raw_in.write_bytes(np.load(given.input).astype(np.float32).tobytes())
model = given.model.with_suffix(".mnn")
command = [program, model, raw_in, raw_out, given.runs, given.min_s]
environment = {**os.environ, "POCL_MAX_PTHREAD_COUNT": str(given.threads), "DPCPP_CPU_NUM_CUS": str(given.threads)}
done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, env=environment)
if done.returncode != 0:
    raise SystemExit(f"exit status {done.returncode}: {done.stderr[-300:]}")
times = [float(line) for line in done.stdout.splitlines() if line.replace(".", "", 1).isdigit()]
reference = np.load(given.reference).ravel().astype(np.float64)
error = np.linalg.norm(np.fromfile(raw_out, np.float32) - reference) / np.linalg.norm(reference)
print(json.dumps({"times_ms": times, "error": float(error), "version": MNN.version()}))
