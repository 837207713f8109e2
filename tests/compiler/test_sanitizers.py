"""A generated program under AddressSanitizer and UndefinedBehaviorSanitizer, with good weights files and bad ones.

A bad file here has a hash that fits: whoever wrote it meant it. It is refused by a status, or it is merely another
network; in no case does the program read or write where it must not.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from programs import generated, images_of, machine, network_of, rehashed
from sanitized import sanitizing_compiler

from npas.compiler.indexed import Options
from npas.compiler.schedules.records import Schedule
from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.search.candidate import Pruning
from npas.stages.runtime import Runtime
from npas.targets import process
from npas.targets.compilers import Compiler
from npas.targets.toolchain import compile_program
from npas.verify.reference import onnx_runtime

HEADER, ENTRY = 32, 24
ROUNDS = 60
PRUNINGS = {
    "csr": Pruning("unstructured", 3.0),
    "fkw": Pruning("pattern", 3.0),
    "bcs": Pruning("block_punched", 3.0),
    "depthwise": Pruning("pattern", 2.25),
    "rows": Pruning("block", 3.0),
    "row": Pruning("unstructured", 3.0),
}
# One of the layers with lists of their own reads its input as it lies, which it would not by itself.
OPTIONS = Options(prunings=PRUNINGS, schedules={"fkw": Schedule(rows=1, vectors=2, channel_block=5)})


def graph() -> Graph:
    """Every format in a layer of its own, every template, margins on all sides."""
    builder = Builder("net")
    x = builder.input((3, 9, 7))
    x = builder.act(builder.conv(x, 10, 3, pads=(2, 0, 1, 2), bias=True, name="dense"), "relu")
    x = builder.add(builder.conv(x, 10, 3, name="csr"), x)
    x = builder.conv(x, 9, 3, name="fkw", dilation=(2, 1))
    x = builder.conv(x, 17, 3, stride=(2, 3), name="bcs", bias=True)
    x = builder.conv(x, 17, 3, groups=17, name="depthwise")
    x = builder.concat(builder.max_pool(x, 2, 1), builder.avg_pool(x, 2, 1))
    x = builder.mul(x, builder.act(builder.conv(builder.global_avg_pool(x), 34, 1, name="gate"), "hard_swish"))
    x = builder.linear(builder.linear(builder.flatten(x), 21, name="rows"), 5, name="row")
    return builder.graph(x)


class Sanitized:
    """The verify program of a written tree, and a folder for its files."""

    def __init__(self, folder: Path, compiler: Compiler) -> None:
        self.folder, self.compiler = folder, compiler
        self.made: Runtime = generated(folder, network_of(graph()), OPTIONS, threads=2)
        self.binary = compile_program(folder / "runtime", "verify", machine().isa, compiler).binary
        self.images = images_of(self.made.network, 2)
        (folder / "in").write_bytes(self.images.tobytes())

    @property
    def weights(self) -> bytes:
        return self.made.files["runtime/weights.bin"]

    def run(self, weights: bytes, threads: int = 1, mode: str = "run") -> process.Finished:
        (self.folder / "weights").write_bytes(weights)
        files = [str(self.folder / name) for name in ("in", "out")]
        return process.run([str(self.binary), str(self.folder / "weights"), mode, str(threads), *files], 120)

    def sections(self) -> list[tuple[int, int, int]]:
        """(type, elements, offset) of every section of the weights file."""
        table = [
            struct.unpack_from("<IIQQ", self.weights, HEADER + ENTRY * i)
            for i in range(self.made.lowered.plan.sections)
        ]
        return [(kind, count, offset) for kind, _, count, offset in table]


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Sanitized:
    folder = tmp_path_factory.mktemp("sanitized")
    compiler = sanitizing_compiler(folder)
    if isinstance(compiler, str):
        pytest.skip(compiler)
    return Sanitized(folder, compiler)


def assert_no_report(done: process.Finished) -> None:
    assert "Sanitizer" not in done.stderr, done.stderr[:4000]
    assert done.code in (0, 1), (done.code, done.stderr[:4000])


@pytest.mark.parametrize("threads", [1, 2, 3, 33])
def test_good_weights_run_clean(sanitized: Sanitized, threads):
    done = sanitized.run(sanitized.weights, threads)
    assert_no_report(done)
    assert done.code == 0
    (wanted,) = onnx_runtime(sanitized.made.model, sanitized.images, 1)
    np.testing.assert_allclose(np.fromfile(sanitized.folder / "out", np.float32), wanted.ravel(), rtol=1e-4, atol=1e-5)


def test_every_format_is_there(sanitized: Sanitized):
    assert {layer.stored.format for layer in sanitized.made.lowered.plan.weights_layers} == {
        "dense",
        "csr",
        "fkw",
        "bcs",
    }


def test_every_kind_of_kernel_is_there(sanitized: Sanitized):
    kinds = {layer.stored.schedule.kind for layer in sanitized.made.lowered.plan.weights_layers}
    assert kinds >= {"pixels", "lanes", "depthwise"}


@pytest.mark.parametrize("seed", range(4))
def test_wrong_indices_never_leave_their_arrays(sanitized: Sanitized, seed):
    """Random edits of index sections: extreme numbers, flipped bits, numbers that belong elsewhere."""
    rng = np.random.default_rng(seed)
    indices = [(kind, count, offset) for kind, count, offset in sanitized.sections() if kind != 0 and count]
    codes = []
    for _ in range(ROUNDS // 4):
        data = bytearray(sanitized.weights)
        for _ in range(int(rng.integers(1, 4))):
            kind, count, offset = indices[int(rng.integers(len(indices)))]
            size, form = (2, "<H") if kind == 1 else (4, "<I")
            at = offset + size * int(rng.integers(count))
            (old,) = struct.unpack_from(form, data, at)
            most = 2 ** (8 * size) - 1
            new = rng.choice(
                [0, 1, old + 1, old - 1, old ^ (1 << int(rng.integers(8 * size))), most, most - 1, most // 2]
            )
            struct.pack_into(form, data, at, int(new) & most)
        done = sanitized.run(rehashed(bytes(data)), threads=int(rng.integers(1, 4)))
        assert_no_report(done)
        codes.append(done.code)
    assert 1 in codes  # some were refused


@pytest.mark.parametrize("seed", range(2))
def test_wrong_tables_are_refused(sanitized: Sanitized, seed):
    """Random edits of the table of sections: types, lengths, places."""
    rng = np.random.default_rng(seed)
    for _ in range(ROUNDS // 4):
        data = bytearray(sanitized.weights)
        at = HEADER + ENTRY * int(rng.integers(len(sanitized.sections()))) + int(rng.choice([0, 8, 16]))
        (old,) = struct.unpack_from("<Q", data, at)
        new = rng.choice(np.array([0, 1, old + 1, old + 64, 2**31, 2**62, 2**64 - 64, 2**64 - 1], np.uint64))
        struct.pack_into("<Q", data, at, int(new))
        assert_no_report(sanitized.run(rehashed(bytes(data))))


def test_files_that_end_early_are_refused(sanitized: Sanitized):
    kind, count, offset = sanitized.sections()[-1]
    last = offset + count * (2 if kind == 1 else 4) - 1  # behind it there is padding
    for size in (0, 7, HEADER - 1, HEADER, HEADER + ENTRY, len(sanitized.weights) // 2, last):
        cut = sanitized.weights[:size]
        done = sanitized.run(rehashed(cut) if size >= HEADER else cut)
        assert_no_report(done)
        assert done.code == 1


def test_the_sanitizers_see_what_is_planted(sanitized: Sanitized, tmp_path: Path):
    """A tap far outside its plane is found: a clean run above means something."""
    made = generated(tmp_path, network_of(graph()), OPTIONS, threads=2)
    file = tmp_path / "runtime" / "src" / "description.cpp"
    taps = ", ".join(map(str, made.lowered.plan.weights_layers[0].indexed.tap_offsets))
    text = file.read_text()
    assert taps in text
    file.write_text(text.replace(taps, taps.replace(taps.split(", ")[0], "-9999999", 1)))
    program = compile_program(tmp_path / "runtime", "verify", machine().isa, sanitized.compiler)
    files = [str(sanitized.folder / name) for name in ("in", "out")]
    done = process.run([str(program.binary), str(tmp_path / "runtime" / "weights.bin"), "run", "1", *files], 120)
    assert "AddressSanitizer" in done.stderr
