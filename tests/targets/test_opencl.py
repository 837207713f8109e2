"""OpenCL devices: what there is, what is chosen, what a program says where there is none or something is too much."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from npas.compiler.emit import emit
from npas.compiler.lower import lower
from npas.errors import CompileError, DeviceError
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.spec.schema import OpenClTarget
from npas.stages.program import Machine, opencl_device
from npas.targets import opencl
from npas.targets.isa import ISAS
from npas.targets.local import LocalDevice
from npas.targets.opencl import OpenClDevice
from npas.targets.toolchain import Program, compile_program
from npas.targets.tree_writer import write_tree

TARGET = OpenClTarget(type="opencl")
Failing = Callable[[str, Path], Mapping[str, str]]


def tree_of() -> dict[str, bytes]:
    """A small program, with its weights."""
    builder = Builder("net")
    graph = builder.graph(builder.act(builder.conv(builder.input((3, 9, 9)), 8, 3), "relu"))
    lowered = lower(initialise(graph, np.random.default_rng(0)), isa="opencl8", threads=2)
    return {**emit(lowered.plan), "weights.bin": lowered.weights()}


def built(folder: Path, change: Callable[[str], str] = lambda text: text) -> Program:
    """The program, with its kernels' text changed."""
    tree = tree_of()
    tree["src/sources.cpp"] = change(tree["src/sources.cpp"].decode()).encode()
    write_tree(folder / "tree", tree)
    return compile_program(folder / "tree", "verify", ISAS["opencl8"])


def run(folder: Path, program: Program, **told: str) -> np.ndarray:
    device = opencl_device(opencl.find(TARGET))
    device = replace(device, environment=tuple({**dict(device.environment), **told}.items()))
    (folder / "in").write_bytes(np.ones(3 * 9 * 9, np.float32).tobytes())
    argv = [str(program.binary), str(folder / "tree" / "weights.bin"), "run", "2"]
    device.run([*argv, str(folder / "in"), str(folder / "out")], 120)
    return np.fromfile(folder / "out", np.float32)


def test_devices_are_described() -> None:
    found = opencl.devices()
    assert found, "PoCL comes with the test extra"
    for device in found:
        assert device.name and device.platform and device.version.startswith("OpenCL ")
        assert device.lanes in (4, 8, 16) and 0 < device.most_allocation <= device.memory


def test_names_choose_a_device_in_any_case() -> None:
    first = opencl.devices()[0]
    half = first.name[: len(first.name) // 2].upper()
    assert opencl.find(TARGET.model_copy(update={"device": half, "platform": first.platform.lower()})) == first


def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(DeviceError, match="must be one of this machine's") as refused:
        opencl.find(TARGET.model_copy(update={"device": "no such card"}))
    assert opencl.devices()[0].name in str(refused.value) and "no such card" in str(refused.value)


def test_without_any_device_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl, "devices", tuple)
    with pytest.raises(DeviceError, match=r"npas\[opencl\]"):
        opencl.find(TARGET)


def test_without_pyopencl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opencl, "find_spec", lambda _: None)
    with pytest.raises(DeviceError, match=r"needs pyopencl.*npas\[opencl\]"):
        opencl.devices()


@pytest.mark.parametrize(("lanes", "width"), [(None, 8), (4, 4), (16, 16)])
def test_vectors_are_as_wide_as_the_target_says_or_the_device_prefers(lanes: int | None, width: int) -> None:
    device = OpenClDevice("p", "d", "OpenCL 3.0", "1", True, 2, 8, 2**30, 2**28, ())
    isa = opencl.isa_of(TARGET.model_copy(update={"lanes": lanes}), device)
    assert (isa.backend, isa.lanes, isa.items) == ("opencl", width, False)


@pytest.mark.parametrize(
    ("processor", "target", "name"),
    [
        (False, {}, "opencl_gpu"),
        (False, {"lanes": 4}, "opencl4"),
        (False, {"work_items": "threads"}, "opencl4"),
        (False, {"work_items": "threads", "lanes": 16}, "opencl16"),
        (True, {}, "opencl4"),
        (True, {"work_items": "lanes"}, "opencl_gpu"),
        (True, {"activations": "fp16"}, "opencl4_store16"),
        (False, {"activations": "fp16", "arithmetic": "fp16", "weights": "fp16"}, "opencl_gpu_math16"),
    ],
)
def test_work_items_are_what_the_target_says_or_the_device_has(
    processor: bool, target: dict[str, Any], name: str
) -> None:
    device = OpenClDevice("p", "d", "OpenCL 3.0", "1", processor, 2, 4, 2**30, 2**28, ())
    assert opencl.isa_of(TARGET.model_copy(update=target), device).name == name


def test_arithmetic_that_the_device_has_not_is_refused() -> None:
    device = OpenClDevice("p", "d", "OpenCL 3.0", "1", False, 2, 4, 2**30, 2**28, ())
    wanted = ISAS["opencl_gpu_math16"]
    with pytest.raises(DeviceError, match=r"target.arithmetic: .*got fp16 on d of p, which has no cl_khr_fp16"):
        opencl.require(wanted, device)
    opencl.require(wanted, replace(device, extensions=("cl_khr_fp16",)))
    opencl.require(ISAS["opencl_gpu_store16"], device)


def test_a_program_says_that_its_device_has_not_its_arithmetic(tmp_path: Path) -> None:
    """On one that has it, a name that none has stands for the extension's."""
    tree = tree_of()
    tree["src/sources.cpp"] = tree["src/sources.cpp"].replace(b'return {"", "", false};', b'return {"", "", true};')
    source = tree["src/device.cpp"]
    tree["src/device.cpp"] = source.replace(
        b'kDeviceExtensions), "cl_khr_fp16")', b'kDeviceExtensions), "cl_khr_none")'
    )
    assert tree["src/device.cpp"] != source
    write_tree(tmp_path / "tree", tree)
    program = compile_program(tmp_path / "tree", "verify", ISAS["opencl8"])
    with pytest.raises(DeviceError, match=r"has no cl_khr_fp16, which this program's arithmetic takes"):
        run(tmp_path, program)


def test_a_machine_says_what_it_computes_on() -> None:
    machine = Machine.of(TARGET)
    assert machine.isa.backend == "opencl"
    assert machine.device.describe().startswith(opencl.devices()[0].name)


def test_a_program_without_a_library_ends_with_7_and_what_it_tried(tmp_path: Path) -> None:
    program = built(tmp_path)
    with pytest.raises(DeviceError, match=r"no OpenCL library, or no such device: no OpenCL library: .*nowhere\.so"):
        run(tmp_path, program, NPAS_OPENCL_LIBRARY="/nowhere.so")


def test_a_library_that_is_none_is_refused(tmp_path: Path) -> None:
    program = built(tmp_path)
    with pytest.raises(DeviceError, match="has no cl"):
        run(tmp_path, program, NPAS_OPENCL_LIBRARY="libm.so.6")


def test_a_device_of_another_name_is_not_taken(tmp_path: Path) -> None:
    program = built(
        tmp_path, lambda text: text.replace('return {"", "", false};', 'return {"", "no such card", false};')
    )
    with pytest.raises(DeviceError, match=r'no OpenCL device is called "no such card".*there are: '):
        run(tmp_path, program)


def test_a_kernel_that_does_not_compile_ends_with_8_and_the_compilers_words(tmp_path: Path) -> None:
    program = built(tmp_path, lambda text: text.replace("inline vec relu", "inline vek relu"))
    with pytest.raises(CompileError, match=r"(?s)exit status 8 .*vek"):
        run(tmp_path, program)


def test_more_memory_than_the_device_gives_ends_with_7(tmp_path: Path) -> None:
    tree, most = tree_of(), opencl.find(TARGET).most_allocation
    text = tree["src/description.cpp"].decode()
    arena = next(line for line in text.splitlines() if line.strip().startswith("0x")).split(",")[2].strip()
    floats = most // 4 + 1024
    larger = text.replace(f", {arena},\n", f", std::size_t{{{floats}}},\n")
    assert larger != text
    write_tree(tmp_path / "tree", {**tree, "src/description.cpp": larger.encode()})
    program = compile_program(tmp_path / "tree", "verify", ISAS["opencl8"])
    with pytest.raises(DeviceError, match=f"more than the device has, or gives at once: a buffer of {4 * floats}"):
        run(tmp_path, program)


def test_a_device_that_is_lost_ends_with_7_and_its_words(tmp_path: Path, failing_opencl: Failing) -> None:
    told = failing_opencl("clEnqueueNDRangeKernel", tmp_path)  # which exists
    with pytest.raises(DeviceError, match="the OpenCL device failed at a kernel, error -36"):
        run(tmp_path, built(tmp_path), **told)


def test_compiled_kernels_are_kept_and_damaged_ones_compiled_again(tmp_path: Path) -> None:
    program, kept = built(tmp_path), tmp_path / "kept"
    first = run(tmp_path, program, NPAS_OPENCL_CACHE=str(kept))
    written = {file: (file.stat().st_ino, file.read_bytes()) for file in kept.iterdir()}
    assert written and kept.stat().st_mode & 0o077 == 0
    assert np.array_equal(run(tmp_path, program, NPAS_OPENCL_CACHE=str(kept)), first)
    assert {file: file.stat().st_ino for file in kept.iterdir()} == {file: facts[0] for file, facts in written.items()}
    for file, (_, data) in written.items():
        middle = len(data) // 2
        file.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    assert np.array_equal(run(tmp_path, program, NPAS_OPENCL_CACHE=str(kept)), first)
    again = {file: file.stat().st_ino for file in kept.iterdir()}
    assert again.keys() == written.keys() and all(again[file] != written[file][0] for file in written)
    kept.chmod(0o777)
    for file in written:
        file.write_bytes(b"planted by another")
    assert np.array_equal(run(tmp_path, program, NPAS_OPENCL_CACHE=str(kept)), first)
    assert all(file.read_bytes() == b"planted by another" for file in written)
    shutil.rmtree(kept)
    kept.write_bytes(b"no folder")
    assert np.array_equal(run(tmp_path, program, NPAS_OPENCL_CACHE=str(kept)), first)


def test_a_program_for_a_processor_needs_no_opencl() -> None:
    assert LocalDevice().environment == ()
