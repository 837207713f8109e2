"""The weights file is untrusted: whatever is wrong with it is an error code, under the sanitizers, never a crash."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runtime_trees import Model, alpha, call, compile_tree

from npas.compiler.indexed import Section
from npas.compiler.lower import fingerprint
from npas.compiler.schedules.records import LaneSchedule, Schedule
from npas.compiler.stored import Indexed, Stored
from npas.compiler.weights_file import hash_bytes, write

OK, ARGUMENT, FILE, FORMAT, CORRUPT, OTHER, MEMORY = range(7)
HEADER, ENTRY = 32, 24


@pytest.fixture(scope="module")
def model() -> Model:
    return alpha()


class Program:
    """The model under AddressSanitizer and UndefinedBehaviorSanitizer."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.folder, self.binary = folder, binary

    def statuses(self, cases: Sequence[bytes], path: Path) -> list[int]:
        file = self.folder / "cases"
        file.write_bytes(b"".join(struct.pack("<Q", len(case)) + case for case in cases))
        said = call([str(self.binary), str(file), str(path)])
        return [int(line) for line in said.split()]

    def memory(self, *cases: bytes) -> list[int]:
        return self.statuses(cases, self.folder)[:-1]

    def file(self, path: Path) -> int:
        return self.statuses([], path)[-1]


@pytest.fixture(scope="module")
def program(model: Model, once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Program:
    def make(folder: Path) -> None:
        main = Path(__file__).parent / "weights_cases.cpp"
        sanitizers = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
        compile_tree(model.write(folder / "tree"), main, folder / "cases", *sanitizers)

    return Program(once("weights_cases", make) / "cases", tmp_path_factory.mktemp("weights"))


def hashed(data: bytes) -> bytes:
    """With the hash that belongs to the bytes."""
    return data[:24] + struct.pack("<Q", hash_bytes(data[HEADER:])) + data[HEADER:]


def put(data: bytes, offset: int, form: str, value: int) -> bytes:
    return data[:offset] + struct.pack(form, value) + data[offset + struct.calcsize(form) :]


def entry(data: bytes, i: int) -> tuple[int, int, int, int]:
    """(type, zero, elements, offset) of a section."""
    kind, zero, count, offset = struct.unpack_from("<IIQQ", data, HEADER + ENTRY * i)
    return kind, zero, count, offset


def with_section(model: Model, at: int, section: Section) -> bytes:
    """A well-formed file with another array in one place."""
    sections = list(model.lowered.sections)
    sections[at] = section
    return write(sections, fingerprint(model.lowered.plan))


def stored(model: Model, node: str) -> Stored:
    return next(x.stored for x in model.lowered.plan.weights_layers if node in x.nodes)


def layer(model: Model, node: str) -> Indexed:
    found = stored(model, node)
    assert isinstance(found, Indexed)
    return found


def test_the_right_file_is_taken(model: Model, program: Program, tmp_path: Path) -> None:
    assert program.memory(model.weights) == [OK]
    (tmp_path / "weights.bin").write_bytes(model.weights)
    assert program.file(tmp_path / "weights.bin") == OK


def test_all_formats_take_part(model: Model) -> None:
    """Or the cases below would prove little."""
    layers = {
        i: layer(model, node) for i, node in enumerate(["dense", "block", "pattern", "sparse", "columns", "last"])
    }
    assert [ix.format for ix in layers.values()] == ["dense", "bcs", "fkw", "csr", "bcs", "csr"]
    assert layers[1].schedule.rows > 1 and layers[4].schedule.rows > 1
    lanes = [stored(model, node) for node in ("strided", "punched", "channels")]
    assert [(x.schedule.kind, x.format) for x in lanes] == [
        ("lanes", "dense"),
        ("lanes", "bcs"),
        ("depthwise", "dense"),
    ]


def test_files_that_cannot_be_read(program: Program, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert program.file(tmp_path / "absent") == FILE
    assert program.file(tmp_path) == FILE
    assert program.file(tmp_path / "empty") == FORMAT


@pytest.mark.parametrize("size", [1, HEADER - 1, HEADER, 4096, 3 * 2**20])
def test_mapped_files_that_are_wrong(program: Program, tmp_path: Path, size: int) -> None:
    """Files, unlike memory, are mapped: up to their last page, and not beyond."""
    (tmp_path / "noise").write_bytes(np.random.default_rng(0).bytes(size))
    assert program.file(tmp_path / "noise") == FORMAT


def test_mapped_files_that_are_cut_or_flipped(model: Model, program: Program, tmp_path: Path) -> None:
    data, path = model.weights, tmp_path / "weights.bin"
    for end in (HEADER, HEADER + ENTRY, 4096, len(data) - 64):
        for wrong, status in ((data[:end], CORRUPT), (hashed(data[:end]), FORMAT)):
            path.write_bytes(wrong)
            assert program.file(path) == status
    path.write_bytes(put(data, len(data) // 2, "<B", data[len(data) // 2] ^ 1))
    assert program.file(path) == CORRUPT


def test_a_pipe_cannot_be_mapped(model: Model, program: Program, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = os.open(tmp_path / "pipe", os.O_RDWR)  # or opening it to read would wait
    assert program.file(tmp_path / "pipe") == FILE
    os.close(writer)


def test_truncated(model: Model, program: Program) -> None:
    data = model.weights
    ends = {HEADER - 1, HEADER, HEADER + ENTRY, len(data) - 1, 0, 7, 8}
    for i in range(len(model.lowered.sections)):
        kind, _, count, offset = entry(data, i)
        end = offset + count * (2 if kind == 1 else 4)
        ends |= {HEADER + ENTRY * i, offset - 1, offset, offset + 1, end - 1, end}
    ends |= set(np.random.default_rng(0).integers(0, len(data), 100).tolist())
    cases = [data[:end] for end in sorted(ends) if 0 <= end < len(data)]
    got = program.memory(*cases)
    # A hash of nothing but padding lost is still another hash.
    assert got == [FORMAT if len(case) < HEADER else CORRUPT for case in cases]
    got = program.memory(*(hashed(case) if len(case) >= HEADER else case for case in cases))
    last = max(
        entry(data, i)[3] + entry(data, i)[2] * (2 if entry(data, i)[0] == 1 else 4)
        for i in range(len(model.lowered.sections))
    )
    assert got == [OK if len(case) >= last else FORMAT for case in cases]


def test_flipped_bits(model: Model, program: Program) -> None:
    data, rng = model.weights, np.random.default_rng(1)
    table = HEADER + ENTRY * len(model.lowered.sections)
    places = [*rng.integers(0, HEADER, 60), *rng.integers(HEADER, table, 70), *rng.integers(table, len(data), 70)]
    cases = []
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1 << int(rng.integers(8))
        cases.append(bytes(flipped))
    expected = [FORMAT if p < 12 else OTHER if p < 24 else CORRUPT for p in places]
    assert program.memory(*cases) == expected
    # With the hash put right, an index may still be a good one, and any weight is: but nothing else happens.
    got = program.memory(*map(hashed, cases))
    for place, status in zip(places, got, strict=True):
        allowed = {FORMAT} if place < 12 else {OTHER} if place < 24 else {OK} if place < HEADER else {OK, FORMAT}
        assert status in allowed, (place, status)
    assert FORMAT in got[60:130] and OK in got[130:]


@pytest.mark.parametrize(
    ("offset", "form", "value", "status"),
    [
        (0, "<Q", 0, FORMAT),
        (8, "<I", 1, FORMAT),
        (8, "<I", 3, FORMAT),
        (12, "<I", 0, OTHER),
        (12, "<I", 0xFFFFFFFF, OTHER),
        (16, "<Q", 1, OTHER),
    ],
    ids=["magic", "older", "newer", "no sections", "too many sections", "another build"],
)
def test_headers(model: Model, program: Program, offset: int, form: str, value: int, status: int) -> None:
    assert program.memory(hashed(put(model.weights, offset, form, value))) == [status]


def test_tables(model: Model, program: Program) -> None:
    data = model.weights
    wrong = []
    for i in range(len(model.lowered.sections)):
        at = HEADER + ENTRY * i
        for count in (2**64 - 1, 2**63, 2**62, 2**32, len(data), entry(data, i)[2] + 1 + 2**20):
            wrong.append(put(data, at + 8, "<Q", count))
        for offset in (2**64 - 64, 2**63, 2**32, (len(data) + 64) // 64 * 64, entry(data, i)[3] + 4):
            wrong.append(put(data, at + 16, "<Q", offset))
        wrong.append(put(data, at, "<I", 3))
    assert program.memory(*map(hashed, wrong)) == [FORMAT] * len(wrong)


def test_types_of_sections(model: Model, program: Program) -> None:
    """Floats where indices belong, indices where floats belong; 32-bit indices in place of 16-bit ones are fine."""
    wrong, fine = [], []
    for i, section in enumerate(model.lowered.sections):
        if section.dtype == np.float32:
            wrong += [with_section(model, i, np.zeros(section.size, kind)) for kind in (np.uint16, np.uint32)]
        else:
            wrong.append(with_section(model, i, section.astype(np.uint32).view(np.float32)))
            fine.append(with_section(model, i, section.astype(np.uint32)))
    assert program.memory(*wrong) == [FORMAT] * len(wrong)
    assert program.memory(*fine) == [OK] * len(fine)


def test_sections_of_another_length(model: Model, program: Program) -> None:
    wrong = []
    starts = {layer(model, node).first_section + 4 for node in ("block", "punched", "columns")}
    for i, section in enumerate(model.lowered.sections):
        wrong.append(with_section(model, i, section[:-1]))
        wrong.append(with_section(model, i, section[:0]))
        if i not in starts:  # where it would be one more list, empty and unused
            wrong.append(with_section(model, i, np.concatenate([section, section[-1:]])))
    assert program.memory(*wrong) == [FORMAT] * len(wrong)


def test_indices_out_of_bounds(model: Model, program: Program) -> None:
    """Every index section with its first, middle and last entry replaced by each number around a bound."""
    cases = []
    for i, section in enumerate(model.lowered.sections):
        if section.dtype == np.float32:
            continue
        for place in {0, section.size // 2, section.size - 1}:
            for value in (2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1, 477218589, 65535):
                wrong = section.astype(np.uint32)
                if wrong[place] == value:
                    continue  # a filler in the last group
                wrong[place] = value
                cases.append(with_section(model, i, wrong))
    assert program.memory(*cases) == [FORMAT] * len(cases)


def test_filters_twice_absent_or_in_an_order_that_the_kernel_does_not_follow(model: Model, program: Program) -> None:
    cases = []
    for node in ("block", "punched", "columns"):
        at = layer(model, node).first_section + 2
        rows = model.lowered.sections[at].astype(np.uint32)
        twice, absent, swapped = rows.copy(), rows.copy(), rows.copy()
        twice[0] = rows[1]
        absent[0] = 2**32 - 1
        swapped[[0, 1]] = rows[[1, 0]]
        cases += [with_section(model, at, r) for r in (twice, absent, swapped)]
    # With pixels in lanes each filter's plane is written wherever the file says, with filters in lanes in order only.
    assert program.memory(*cases) == [FORMAT, FORMAT, OK, *[FORMAT] * 6]


def test_entries_that_are_not_of_a_pair(model: Model, program: Program) -> None:
    """Where an entry covers two channels it names the even one: the other lies beside it in the same pixel."""
    ix = layer(model, "punched")
    assert isinstance(ix.schedule, LaneSchedule) and ix.schedule.depth == 2
    at = ix.first_section + 5
    columns = model.lowered.sections[at].astype(np.uint32)
    cases = []
    for channels in (1, 2):
        moved = columns.copy()
        moved[0] += channels * ix.taps
        cases.append(with_section(model, at, moved))
    assert columns[0] // ix.taps + 4 <= ix.channels
    assert program.memory(*cases) == [FORMAT, OK]


def test_groups_of_no_filters(model: Model, program: Program) -> None:
    """One more group, of fillers only, would be written behind the output."""
    for node in ("block", "punched", "columns"):
        ix = layer(model, node)
        at, sections = ix.first_section, list(model.lowered.sections)
        schedule = ix.schedule
        floats = schedule.rows if isinstance(schedule, Schedule) else schedule.vectors * model.lowered.plan.lanes
        width = floats if isinstance(schedule, Schedule) else floats // schedule.depth
        rows, lists = sections[at + 2], sections[at + 3]
        empty = np.diff(sections[at + 4].astype(np.int64))
        filler = np.full(width, 2**32 - 1, np.uint32)
        sections[at] = np.concatenate([sections[at], np.zeros(int(empty[0]) * floats, np.float32)])
        sections[at + 2] = np.concatenate([rows.astype(np.uint32), filler])
        sections[at + 3] = np.concatenate([lists, lists[:0], np.zeros(1, lists.dtype)])
        data = write(sections, fingerprint(model.lowered.plan))
        assert program.memory(data) == [OK if node == "block" else FORMAT]


def test_another_models_weights(model: Model, program: Program) -> None:
    other = replace(model, lowered=replace(model.lowered, plan=model.lowered.plan.model_copy(update={"threads": 3})))
    assert program.memory(other.weights) == [OTHER]
