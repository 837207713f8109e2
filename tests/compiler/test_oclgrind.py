"""Generated kernels in Oclgrind, which interprets them: every access to memory is looked at, and who raced whom."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from programs import NAME, NEAR, generated, images_of, network_of
from test_sanitizers import PRUNINGS, graph

from npas.compiler.indexed import Options
from npas.compiler.schedules.records import WinogradSchedule
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.stages.runtime import Runtime
from npas.targets.isa import ISAS, IsaName
from npas.targets.local import LocalDevice
from npas.targets.toolchain import compile_program
from npas.verify.reference import onnx_runtime

_PROGRAM = shutil.which("oclgrind")
_LIBRARY = Path(_PROGRAM or "").resolve().parents[1] / "lib" / "oclgrind" / "liboclgrind-rt.so" if _PROGRAM else Path()
pytestmark = pytest.mark.skipif(not _LIBRARY.is_file(), reason="no Oclgrind (Debian's package oclgrind)")

ISAS_HERE: tuple[IsaName, ...] = (
    "opencl4",
    "opencl8",
    "opencl16",
    "opencl_gpu",
    "opencl16_store16",
    "opencl_gpu_store16",
)


def dense() -> tuple[Network, Options]:
    """Winograd's method from an image and from planes, depthwise, pointwise with tiles over row ends, pools."""
    builder = Builder(NAME)
    x = builder.input((3, 9, 11))
    x = builder.act(builder.conv(x, 12, 3, stride=2, bias=True, name="image"), "relu")
    x = builder.act(builder.add(builder.conv(x, 12, 3, name="planes"), x), "relu")
    x = builder.act(builder.conv(x, 12, 3, groups=12), "relu6")
    x = builder.max_pool(builder.conv(x, 20, 1), 2, 2)
    graph = builder.graph(builder.linear(builder.flatten(builder.global_avg_pool(x)), 5))
    tiles = {"image": 3, "planes": 4}
    schedules = {n: WinogradSchedule(tile=m, vectors=1, pixels=3, tiles_at_a_time=2) for n, m in tiles.items()}
    return network_of(graph), Options(schedules=schedules)


CASES = {
    "dense": dense,
    "direct": lambda: (dense()[0], Options(direct=True)),
    "every format": lambda: (network_of(graph()), Options(prunings=PRUNINGS)),
}


def complaints(folder: Path, made: Runtime, isa: IsaName) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What Oclgrind says of two inferences, a line each; the outputs, and ONNX Runtime's."""
    images, log = images_of(made.network, 2), folder / "log"
    (folder / "in").write_bytes(images.tobytes())
    program = compile_program(folder / "runtime", "verify", ISAS[isa])
    told = {
        "NPAS_OPENCL_LIBRARY": str(_LIBRARY),
        "OCLGRIND_CHECK_API": "1",
        "OCLGRIND_DATA_RACES": "1",
        "OCLGRIND_LOG": str(log),
    }
    weights, files = folder / "runtime" / "weights.bin", [str(folder / name) for name in ("in", "out")]
    LocalDevice(environment=tuple(told.items())).run([str(program.binary), str(weights), "run", "1", *files], 600)
    found = re.findall(r"^(\S.*?)(?: at .*)?\n\tKernel: (\w+)", log.read_text(), re.MULTILINE)
    ours = np.fromfile(folder / "out", np.float32)
    return [f"{what} in {kernel}" for what, kernel in found], ours, onnx_runtime(made.model, images, 1)[0].reshape(-1)


@pytest.mark.parametrize("isa", ISAS_HERE)
@pytest.mark.parametrize("case", CASES)
def test_kernels_neither_race_nor_leave_their_buffers(tmp_path: Path, case: str, isa: IsaName) -> None:
    network, options = CASES[case]()
    said, ours, theirs = complaints(tmp_path, generated(tmp_path, network, options, isa), isa)
    assert said == []
    assert np.linalg.norm(ours - theirs) <= NEAR[ISAS[isa].values] * np.linalg.norm(theirs)


def test_a_kernel_that_writes_too_far_is_noticed(tmp_path: Path) -> None:
    """Or these tests could not fail."""
    made = generated(tmp_path, *dense(), "opencl8")
    sources = tmp_path / "runtime" / "src" / "sources.cpp"
    text = sources.read_text()
    wrong = text.replace("write_vec(to + j * LANES, epilogue(", "write_vec(to + j * LANES + (1 << 24), epilogue(")
    assert wrong != text
    sources.write_text(wrong)
    said, _, _ = complaints(tmp_path, made, "opencl8")
    assert any(line.startswith("Invalid write") and "winograd" in line for line in said), said
