"""The compiler's whole road for tests: a network, pruned, exported, read back, generated, compiled, compared.

All programs here have one name, so that they share kernels and runtime in the session's object cache.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from npas.algorithms import one_shot
from npas.compiler.emit import emit
from npas.compiler.indexed import Options
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import ConvLayer, DepthwiseLayer, Kernel, Plan
from npas.compiler.weights_file import hash_bytes
from npas.frontend import onnx_in
from npas.graph.graph import Graph, Network
from npas.ops import Linear
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning
from npas.spec.schema import OpenClTarget, Storage
from npas.stages import finish, runtime
from npas.stages.program import Machine, opencl_device
from npas.targets import opencl
from npas.targets.isa import CPU_ISAS, ISAS, Isa, IsaName, cpu_features, resolve
from npas.targets.local import LocalDevice
from npas.verify import ParityReport, verify
from npas.verify.parity import Subject

NAME = "net"
LOCAL_ISAS = [name for name, isa in CPU_ISAS.items() if isa.features <= cpu_features()]
LOCAL_TARGETS = [*LOCAL_ISAS, "opencl8"]
"""All that programs can be made for and run here, those of OpenCL by one of its widths."""
RATES = (2.0, 3.0, 5.0, 10.0)
UNOPTIMISED = ("POCL_EXTRA_BUILD_FLAGS", "-cl-opt-disable")
"""For the environment of programs with many kernels: PoCL takes half as long again to optimise them."""
NEAR: Mapping[Storage, float] = {"fp32": 1e-5, "fp16": 5e-3}
"""Relative L2 error of small networks, by how values are stored."""


def compiled_as(name: IsaName) -> Isa:
    """The instruction set, or as many lanes of the widest one here where this machine lacks it: the same kernels."""
    isa, here = ISAS[name], ISAS[LOCAL_ISAS[-1]]
    if name in LOCAL_ISAS or isa.backend != "cpu":
        return isa
    flags = (*here.flags, "-O1", "-Wno-psabi", f"-DNPAS_LANES={isa.lanes}")
    return replace(isa, flags=flags, features=here.features)


def prunings_by(graph: Graph, scheme: str, rng: np.random.Generator) -> dict[str, Pruning]:
    """One scheme at random rates, on every layer that takes it."""
    chosen = {}
    for node in graph.nodes:
        kind = kind_of(node, graph)
        if kind is not None and SCHEMES[scheme].applies(kind):
            rates = [r for r in RATES if r >= SCHEMES[scheme].min_rate]
            chosen[node.name] = Pruning(SCHEMES[scheme].name, float(rng.choice(rates)))
    return chosen


def machine(isa: IsaName = "portable", threads: int = 1) -> Machine:
    return Machine(compiled_as(isa), threads, device(isa))


def machine_for(name: str, threads: int = 1) -> Machine:
    """Of an instruction set by its name, ``native``, or ``opencl``: its first device, as it prefers."""
    if name == "opencl":
        return Machine.of(OpenClTarget(type="opencl", threads=threads))
    return machine(resolve("native").name if name == "native" else name, threads)


def device(isa: str) -> LocalDevice:
    """This machine, or the first OpenCL device on it."""
    if ISAS[isa].backend == "cpu":
        return LocalDevice()
    return opencl_device(opencl.find(OpenClTarget(type="opencl")))


def network_of(graph: Graph, seed: int = 0) -> Network:
    """Random weights and biases that keep values near one."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in graph.parameters.items():
        scale = 0.3 if len(shape) == 1 else np.sqrt(1.5 / np.prod(shape[1:]))
        weights[name] = (rng.standard_normal(shape) * scale).astype(np.float32)
    return Network(replace(graph, name=NAME), weights)


def lowered(graph: Graph, isa: IsaName = "avx2", options: Options | None = None) -> Lowered:
    """The graph with random weights, which are not pruned, as a plan."""
    return lower(network_of(graph), isa=isa, threads=2, options=options)


def lowered_at_random(graph: Graph, seed: int, isa: IsaName) -> Lowered:
    """Most layers pruned by random schemes."""
    prunings = prunings_of(graph, np.random.default_rng(seed), 0.6)
    pruned = one_shot(network_of(graph), prunings).network
    return lower(pruned, isa=isa, threads=2, options=Options(prunings=prunings))


def prunings_of(graph: Graph, rng: np.random.Generator, share: float = 1.0) -> dict[str, Pruning]:
    """A random scheme that applies and a random rate, for ``share`` of the layers that can be pruned."""
    chosen = {}
    for node in graph.nodes:
        kind = kind_of(node, graph)
        if kind is None or rng.random() >= share:
            continue
        name = rng.choice([n for n, scheme in SCHEMES.items() if scheme.applies(kind)])
        rates = [r for r in RATES if r >= SCHEMES[name].min_rate]
        chosen[node.name] = Pruning(SCHEMES[name].name, float(rng.choice(rates)))
    return chosen


Make = Callable[[Path, str, Machine, Options], runtime.Runtime]
"""As ``runtime.generate``."""


def in_few_files(model: Path, name: str, machine: Machine, options: Options) -> runtime.Runtime:
    """A tree with one file for all layers, which compiles in a third of the time, and no plan."""
    network, lowered = runtime.lower_for(onnx_in.read(model), name, machine, options)
    tree = {**emit(lowered.plan, layer_files=1), "weights.bin": lowered.weights()}
    files = {f"runtime/{path}": data for path, data in tree.items()}
    return runtime.Runtime(network, lowered, model.read_bytes(), files)


def generated(
    folder: Path,
    network: Network,
    options: Options,
    isa: str = "portable",
    threads: int = 1,
    make: Make = runtime.generate,
) -> runtime.Runtime:
    """Exports, reads back and generates, as a build does, and writes the tree."""
    pruned = one_shot(network, options.prunings).network
    made = make(finish.export(pruned, NAME, folder), NAME, machine(isa, threads), options)
    runtime.write(folder, made, b"")
    return made


def images_of(network: Network, count: int = 1, seed: int = 1) -> np.ndarray:
    shape = network.graph.shapes[network.graph.inputs[0]][1:]
    return np.random.default_rng(seed).standard_normal((count, *shape)).astype(np.float32)


def parity(
    folder: Path,
    network: Network,
    options: Options,
    isa: str = "portable",
    threads: int = 1,
) -> ParityReport:
    """Generates in few files, compiles and compares with both oracles."""
    made = generated(folder, network, options, isa, threads, in_few_files)
    return verify(subject_of(folder, made, isa, threads), images_of(network, 2))


def subject_of(folder: Path, made: runtime.Runtime, isa: str = "portable", threads: int = 1) -> Subject:
    """The written (and perhaps since changed) tree as a program to verify."""
    return Subject(
        network=made.network,
        lowered=made.lowered,
        model=made.model,
        verify=runtime.compile_tool(folder, machine(isa, threads), "verify"),
        weights=(folder / "runtime" / "weights.bin").read_bytes(),
        device=device(isa),
    )


def require_device(isa: IsaName) -> None:
    """Skips a test of arithmetic that this machine's OpenCL device does not have."""
    if ISAS[isa].products == "fp16" and opencl.HALF not in opencl.find(OpenClTarget(type="opencl")).extensions:
        pytest.skip(f"the OpenCL device has no {opencl.HALF}")


def assert_parity(report: ParityReport, values: Storage = "fp32") -> None:
    """Every layer within its gate, those of exact operators equal on integers."""
    failed = [layer for layer in report.layers if not layer.passed]
    assert not failed, failed
    assert report.passed, report
    assert report.relative_l2 < NEAR[values]
    assert all(layer.exact is not False for layer in report.layers)
    assert report.exact_layers > 0


def rehashed(file: bytes) -> bytes:
    """A weights file whose hash fits its (changed) contents again."""
    return file[:24] + struct.pack("<Q", hash_bytes(file[32:])) + file[32:]


def is_linear(graph: Graph, name: str) -> bool:
    return isinstance(graph.node(name).op, Linear)


def conv_layers(plan: Plan, kind: str) -> list[ConvLayer]:
    return [x for x in plan.layers if isinstance(x, ConvLayer) and x.indexed.schedule.kind == kind]


def kernel_of(plan: Plan, layer: ConvLayer | DepthwiseLayer) -> Kernel:
    return next(kernel for kernel in plan.kernels if kernel.name == layer.kernel)
