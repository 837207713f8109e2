"""What a GPU could do at best, measured by OpenCL, and what torch does on it where it is CUDA's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from npas.compiler.passes import simplify
from npas.compiler.plan import Plan
from npas.graph.graph import Network
from npas.targets.isa import ISAS
from npas.targets.opencl import OpenClDevice
from npas.training import module

_CHAINS, _STEPS, _GROUPS, _GROUP = 8, 4096, 64, 256
_COPIED = 2**28
"""Bytes: more than any cache holds."""
_REPEATS = 5
_MULTIPLY = f"""
__kernel void multiply(__global float4* out, float x, float y) {{
    float4 a[{_CHAINS}];
    for (int i = 0; i < {_CHAINS}; ++i) a[i] = (float4)(get_global_id(0) + i);
    for (int k = 0; k < {_STEPS}; ++k) {{
#pragma unroll
        for (int i = 0; i < {_CHAINS}; ++i) a[i] = fma(a[i], (float4)(x), (float4)(y));
    }}
    for (int i = 1; i < {_CHAINS}; ++i) a[0] += a[i];
    if (a[0].s0 == 12345.0f) out[0] = a[0];
}}
"""


@dataclass(frozen=True)
class Ceilings:
    """Of a device: float32 operations (a fused multiplication is two) and bytes of its memory, per millisecond."""

    operations: float
    bytes: float

    def roofline_ms(self, plan: Plan) -> float:
        """The least time of a plan's layers, one after the other: of kept weights' multiplications, or of weights,
        inputs and outputs that pass through memory once."""
        total = 0.0
        weighted = {id(layer): layer.stored for layer in plan.weights_layers}
        for layer in plan.layers:
            layouts = [plan.values[i].layout for i in (*layer.inputs, layer.output) if i >= 0]
            moved = (2 if ISAS[plan.isa].values == "fp16" else 4) * sum(
                layout.channels * layout.height * layout.width for layout in layouts
            )
            stored, operations = weighted.get(id(layer)), 0.0
            if stored is not None:
                moved += stored.bytes
                operations = 2 * getattr(layer, "macs", 0) * stored.kept_weights / stored.weights
            total += max(operations / self.operations, moved / self.bytes)
        return total


def ceilings(device: OpenClDevice) -> Ceilings:
    """Measured by a kernel of independent multiplications and a copy within the device's memory, the best of a few."""
    import pyopencl as cl

    found = next(
        d
        for p in cl.get_platforms()
        for d in p.get_devices()
        if d.name.strip() == device.name and p.name.strip() == device.platform
    )
    context = cl.Context([found])
    queue = cl.CommandQueue(context, properties=cl.command_queue_properties.PROFILING_ENABLE)
    one, other = (cl.Buffer(context, cl.mem_flags.READ_WRITE, _COPIED) for _ in range(2))
    kernel = cl.Program(context, _MULTIPLY).build().multiply
    items = device.units * _GROUPS * _GROUP

    def best(enqueue: Callable[[], Any]) -> float:
        times = []
        for _ in range(_REPEATS):
            event = enqueue()
            event.wait()
            times.append((event.profile.end - event.profile.start) * 1e-6)
        return min(times)

    multiplied = best(lambda: kernel(queue, (items,), (_GROUP,), one, np.float32(0.5), np.float32(1.0)))
    copied = best(lambda: cl.enqueue_copy(queue, other, one, byte_count=_COPIED))
    return Ceilings(2.0 * items * _STEPS * _CHAINS * 4 / multiplied, 2.0 * _COPIED / copied)


def torch_programs(network: Network, device: OpenClDevice, runs: int) -> dict[str, Callable[[], float]]:
    """The network in torch on the same card, as written and as a CUDA graph: each gives its median time, ms, from an
    image of the host's to scores of the host's. In float32, and by tensor cores, whose TF32 keeps ten bits of a factor.
    Nothing where torch has no such card."""
    if not torch.cuda.is_available() or torch.cuda.get_device_name() != device.name:
        return {}
    torch.backends.cudnn.benchmark = True
    model = module.GraphModule(simplify(network)).eval().requires_grad_(False).cuda()
    shape = network.graph.shapes[network.graph.inputs[0]]
    host, image = torch.randn(*shape), torch.empty(*shape, device="cuda")

    def clock(forward: Callable[[], torch.Tensor]) -> float:
        times = []
        for _ in range(runs):
            start = time.perf_counter()
            image.copy_(host)
            forward().cpu()
            times.append((time.perf_counter() - start) * 1e3)
        return float(np.median(times))

    def captured(tf32: bool) -> Callable[[], torch.Tensor]:
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
        for _ in range(3):
            model(image)  # finds cuDNN's algorithms, outside the graph
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            scores = model(image)

        def replayed() -> torch.Tensor:
            graph.replay()
            return scores

        return replayed

    by_tensor_cores, graph = captured(tf32=True), captured(tf32=False)
    return {
        "torch": lambda: clock(lambda: model(image)),
        "torch, CUDA graph": lambda: clock(graph),
        "torch, CUDA graph, TF32": lambda: clock(by_tensor_cores),
    }
