"""The C interface, as Python calls it: ctypes on the shared libraries, no compiler in between."""

from __future__ import annotations

import ctypes
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from runtime_trees import Floats, Model, alpha, beta, call, compile_tree

OK, ARGUMENT, FILE, FORMAT, CORRUPT, OTHER, MEMORY = range(7)
POINTER = ctypes.POINTER(ctypes.c_float)


class Library:
    """One model's C interface."""

    def __init__(self, shared: Path, trees: Path, model: Model) -> None:
        self.model, self.weights = model, trees / model.name / "weights.bin"
        self.c = ctypes.CDLL(str(shared / model.name / f"lib{model.name}.so"))
        self.header = (trees / model.name / "include" / model.name / f"{model.name}.h").read_text()
        for name, result, arguments in (
            ("create", ctypes.c_int, [ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p)]),
            (
                "create_from_memory",
                ctypes.c_int,
                [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_int, ctypes.POINTER(ctypes.c_void_p)],
            ),
            ("run", ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(POINTER), ctypes.POINTER(POINTER)]),
            ("destroy", None, [ctypes.c_void_p]),
            ("input_size", ctypes.c_size_t, [ctypes.c_int]),
            ("output_size", ctypes.c_size_t, [ctypes.c_int]),
            ("status_text", ctypes.c_char_p, [ctypes.c_int]),
            ("abi_version", ctypes.c_int, []),
        ):
            function = self.function(name)
            function.restype, function.argtypes = result, arguments

    def function(self, name: str) -> ctypes._NamedFuncPointer:
        return getattr(self.c, f"{self.model.name}_{name}")

    def create(self, threads: int = 0, path: Path | None = None) -> tuple[int, ctypes.c_void_p]:
        handle = ctypes.c_void_p(1)  # must be overwritten
        return self.function("create")(bytes(path or self.weights), threads, ctypes.byref(handle)), handle

    @contextmanager
    def opened(self, threads: int = 0) -> Iterator[ctypes.c_void_p]:
        status, handle = self.create(threads)
        assert status == OK and handle.value
        yield handle
        self.function("destroy")(handle)

    def run(self, handle: ctypes.c_void_p, image: Floats) -> list[Floats]:
        shapes = [port.shape[1:] for port in self.model.lowered.plan.outputs]
        outputs = [np.full(shape, np.nan, np.float32) for shape in shapes]
        assert self.function("run")(handle, arrays([image]), arrays(outputs)) == OK
        return outputs


def arrays(values: list[Floats | None]) -> ctypes.Array[POINTER]:
    """A C array of pointers to the values' floats; null for None."""
    return (POINTER * len(values))(*(None if v is None else v.ctypes.data_as(POINTER) for v in values))


@pytest.fixture(scope="module", params=[alpha, beta], ids=["alpha", "beta"])
def library(request: pytest.FixtureRequest, shared: Path, trees: Path) -> Library:
    return Library(shared, trees, request.param())


@pytest.mark.parametrize("threads", [0, 1, 2, 3, 7])
def test_results_are_the_references(library: Library, threads: int) -> None:
    wanted = library.model.outputs()
    with library.opened(threads) as handle:
        for _ in range(3):  # nothing of one inference is left in the next
            for i, image in enumerate(library.model.images):
                got = library.run(handle, image)
                for output, reference in zip(got, wanted, strict=True):
                    np.testing.assert_allclose(output, reference[i], rtol=0, atol=2e-6 * np.abs(reference).max())


def test_run_after_run_is_equal_to_the_bit_with_any_number_of_threads(library: Library) -> None:
    """Threads share out outputs, never the terms of a sum."""
    image = library.model.images[0]
    with library.opened(1) as handle:
        wanted = [output.tobytes() for output in library.run(handle, image)]
    for threads in (1, 2, 3, 16):
        with library.opened(threads) as handle:
            for _ in range(5):
                library.run(handle, library.model.images[1])
                assert [output.tobytes() for output in library.run(handle, image)] == wanted


@pytest.mark.parametrize("threads", [-1, 257, 2**31 - 1, -(2**31)])
def test_numbers_of_threads_out_of_range(library: Library, threads: int) -> None:
    status, handle = library.create(threads)
    assert status == ARGUMENT and handle.value is None


def test_as_many_threads_as_are_allowed(library: Library) -> None:
    with library.opened(256) as handle:
        got = library.run(handle, library.model.images[0])[0]
    np.testing.assert_allclose(got, library.model.outputs()[0][0], atol=1e-5)


def test_null_arguments(library: Library) -> None:
    create, run = library.function("create"), library.function("run")
    from_memory = library.function("create_from_memory")
    handle = ctypes.c_void_p(1)
    assert create(None, 1, ctypes.byref(handle)) == ARGUMENT and handle.value is None
    assert create(bytes(library.weights), 1, None) == ARGUMENT
    handle = ctypes.c_void_p(1)
    assert from_memory(None, 100, 1, ctypes.byref(handle)) == ARGUMENT and handle.value is None
    assert from_memory(b"", 0, 1, None) == ARGUMENT
    image = arrays([library.model.images[0]])
    outputs = [np.zeros(port.shape, np.float32) for port in library.model.lowered.plan.outputs]
    with library.opened() as opened:
        assert run(None, image, arrays(outputs)) == ARGUMENT
        assert run(opened, None, arrays(outputs)) == ARGUMENT
        assert run(opened, image, None) == ARGUMENT
        assert run(opened, arrays([None]), arrays(outputs)) == ARGUMENT
        for i in range(len(outputs)):
            assert run(opened, image, arrays([None if k == i else o for k, o in enumerate(outputs)])) == ARGUMENT
        assert run(opened, image, arrays(outputs)) == OK
    library.function("destroy")(None)


def test_from_memory_and_its_copy(library: Library) -> None:
    """The caller's bytes may go as soon as create_from_memory returns, and may lie at any address."""
    data = library.weights.read_bytes()
    buffer = ctypes.create_string_buffer(b"x" + data, len(data) + 1)
    source = ctypes.cast(ctypes.addressof(buffer) + 1, ctypes.c_char_p)
    handle = ctypes.c_void_p()
    assert library.function("create_from_memory")(source, len(data), 1, ctypes.byref(handle)) == OK
    ctypes.memset(buffer, 0xFF, len(data) + 1)
    got = library.run(handle, library.model.images[0])[0]
    library.function("destroy")(handle)
    np.testing.assert_allclose(got, library.model.outputs()[0][0], atol=1e-5)
    for size in (0, 1, 31, len(data) - 1):
        status = library.function("create_from_memory")(data, size, 1, ctypes.byref(handle))
        assert status in (FORMAT, CORRUPT) and handle.value is None
    # No array is that long: there is no memory for it, and nothing is read.
    assert library.function("create_from_memory")(data, 2**64 - 1, 1, ctypes.byref(handle)) == MEMORY


def test_two_handles_in_two_threads(library: Library) -> None:
    wanted = library.model.outputs()[0]
    wrong: list[str] = []

    def work(which: int) -> None:
        with library.opened(2) as handle:
            for _ in range(20):
                got = library.run(handle, library.model.images[which])[0]
                if not np.allclose(got, wanted[which], atol=1e-5):
                    wrong.append(f"image {which}")

    workers = [threading.Thread(target=work, args=(i,)) for i in (0, 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_sizes(library: Library) -> None:
    plan = library.model.lowered.plan
    for name, ports in (("input_size", plan.inputs), ("output_size", plan.outputs)):
        size = library.function(name)
        assert [size(i) for i in range(len(ports))] == [int(np.prod(port.shape)) for port in ports]
        assert [size(i) for i in (-1, len(ports), 2**31 - 1, -(2**31))] == [0] * 4


def test_status_texts(library: Library) -> None:
    """Every status that the header names has a text of its own, which says what the header says."""
    upper = library.model.name.upper()
    declared = dict(re.findall(rf"{upper}_(?:ERROR_)?\w+ = (\d+),?(?:\s*/\* (.+) \*/)?", library.header))
    texts = [library.function("status_text")(i).decode() for i in range(11)]
    assert texts[0] == "ok" and len(set(texts)) == 11 and list(declared) == [str(i) for i in range(11)]
    assert texts[1:] == [declared[str(i)] for i in range(1, 11)]
    assert {library.function("status_text")(i) for i in (11, -1, 2**31 - 1)} == {b"unknown status"}


def test_abi_version(library: Library) -> None:
    declared = re.search(rf"{library.model.name.upper()}_ABI_VERSION (\d+)", library.header)
    assert declared and library.function("abi_version")() == int(declared[1]) == 1


def test_no_threads_left(library: Library, shared: Path) -> None:
    """A process that may not have more memory for stacks gets an error, and the threads that had begun end."""
    script = f"""
import ctypes, resource
library = ctypes.CDLL({str(shared / library.model.name / f"lib{library.model.name}.so")!r})
handle = ctypes.c_void_p(1)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27,) * 2)
create = library.{library.model.name}_create
print(create({bytes(library.weights)!r}, 256, ctypes.byref(handle)), handle.value)
print(create({bytes(library.weights)!r}, 1, ctypes.byref(handle)), handle.value is not None)
"""
    assert call([sys.executable, "-c", script]).split() == [str(MEMORY), "None", str(OK), "True"]


def test_threads_do_not_race(once: Callable[..., Path]) -> None:
    """All of a model under ThreadSanitizer, also with more threads than tiles, channels or groups."""

    def make(folder: Path) -> None:
        tree = alpha().write(folder / "tree")
        flags = ("-O1", "-g", "-fsanitize=thread")
        compile_tree(tree, Path(__file__).parent / "races.cpp", folder / "races", *flags)

    folder = once("races", make)
    said = call([str(folder / "races"), str(folder / "tree" / "weights.bin")], env={"TSAN_OPTIONS": "exitcode=66"})
    assert said.split() == ["1", "2", "3", "40"]
