"""What every test gets: caches of its own run, one thread for torch, no network."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from npas.targets import compilers, opencl, process

# Before torch is imported: workers of xdist and the children of tests share few cores.
os.environ["OMP_NUM_THREADS"] = "1"

_FAILING = """
#include <dlfcn.h>
#include <unistd.h>
#include <cstddef>
#include <cstdlib>
#define FAILS(name, code, parameters, arguments)                                                      \\
    extern "C" int name parameters {                                                                  \\
        const char* mark = std::getenv("FAILING_" #name);                                             \\
        if (mark != nullptr && access(mark, F_OK) == 0) return code;                                  \\
        static const auto real = reinterpret_cast<int(*) parameters>(dlsym(RTLD_NEXT, #name));        \\
        return real arguments;                                                                        \\
    }
FAILS(clEnqueueNDRangeKernel, -36,  // CL_INVALID_COMMAND_QUEUE
      (void* queue, void* kernel, unsigned dimensions, const std::size_t* offset, const std::size_t* items,
       const std::size_t* group, unsigned waits, void* const* events, void* event),
      (queue, kernel, dimensions, offset, items, group, waits, events, event))
FAILS(clBuildProgram, -11,  // CL_BUILD_PROGRAM_FAILURE
      (void* program, unsigned count, void* const* devices, const char* options, void (*done)(void*, void*), void* own),
      (program, count, devices, options, done, own))
extern "C" void* clCreateImage(void* context, unsigned long flags, const void* format, const void* shape, void* data,
                               int* code) {
    const char* mark = std::getenv("FAILING_clCreateImage");
    if (mark != nullptr && access(mark, F_OK) == 0) {
        *code = -10;  // CL_IMAGE_FORMAT_NOT_SUPPORTED
        return nullptr;
    }
    static const auto real = reinterpret_cast<void* (*)(void*, unsigned long, const void*, const void*, void*, int*)>(
        dlsym(RTLD_NEXT, "clCreateImage"));
    return real(context, flags, format, shape, data, code);
}
"""
"""A library of OpenCL in front of the real one: a function fails as long as the file in $FAILING_<function> exists."""
_LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the whole run: the workers of xdist have folders of their own inside it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session", autouse=True)
def caches(run_folder: Path) -> Iterator[Path]:
    """Objects and results are cached beside the tests' other files: nothing is found that an earlier run left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(run_folder / "cache"))
        patch.setenv("NPAS_CACHE", str(run_folder / "cache" / "npas"))
        patch.delenv("NPAS_DEBUG", raising=False)
        yield run_folder / "cache" / "npas"


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """A test that leaves this machine fails."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in _LOCAL:
            raise AssertionError(f"tests need no network, got a connection to {address[0]}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def failing_opencl(run_folder: Path) -> Callable[[str, Path], Mapping[str, str]]:
    """What a program is told so that a function of OpenCL fails as long as a file exists."""
    folder = run_folder / f"failing_{os.environ.get('PYTEST_XDIST_WORKER', '')}"

    def told(function: str, mark: Path) -> Mapping[str, str]:
        usual = opencl.environment()
        real, library = usual["NPAS_OPENCL_LIBRARY"], folder / "libfailing.so"
        if not library.exists():
            folder.mkdir(exist_ok=True)
            (folder / "failing.cpp").write_text(_FAILING)
            flags = ["-shared", "-fPIC", "-Wl,--no-as-needed", real, f"-Wl,-rpath,{Path(real).parent}", "-ldl"]
            command = [*compilers.find_compiler().command, str(folder / "failing.cpp"), *flags, "-o", str(library)]
            done = process.run(command, 120)
            assert done.code == 0, done.stderr
        return {**usual, "NPAS_OPENCL_LIBRARY": str(library), f"FAILING_{function}": str(mark)}

    return told
