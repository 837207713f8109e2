"""The weights file's hash: one definition, written twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from runtime_trees import call

from npas.compiler.weights_file import hash_bytes


def test_both_hashes_agree(tmp_path: Path) -> None:
    """``hash_bytes`` here and in the runtime, at lengths around whole words and rows."""
    row = 8 * 1024
    lengths = [*range(101), *(k * row + d for k in (1, 2, 3) for d in (-9, -8, -1, 0, 1, 7, 8, 9)), 3 * row + 4321]
    main = tmp_path / "hash.cpp"
    main.write_text(
        '#include <cinttypes>\n#include <cstdio>\n#include <vector>\n#include "npas/weights.h"\n'
        f"int main() {{\n    std::vector<unsigned char> bytes({max(lengths)});\n"
        "    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = i * 37 + i / 251 + 11;\n"
        f"    for (int n : {{{', '.join(map(str, lengths))}}})"
        ' std::printf("%" PRIu64 "\\n", npas::hash_bytes(bytes.data(), n));\n}\n'
    )
    runtime = Path(__file__).parents[2] / "runtime" / "common"
    sources = [str(main), *(str(runtime / "src" / f"{name}.cpp") for name in ("weights", "memory"))]
    call(["g++", "-std=c++17", "-O2", f"-I{runtime / 'include'}", *sources, "-o", str(tmp_path / "hash")])
    data = bytes((i * 37 + i // 251 + 11) % 256 for i in range(max(lengths)))
    assert [int(x) for x in call([str(tmp_path / "hash")]).split()] == [hash_bytes(data[:n]) for n in lengths]


def test_every_byte_counts() -> None:
    """In rows, behind the last whole row and behind the last whole word; and so does the order of words and rows."""
    data = np.random.default_rng(2).integers(0, 256, 2 * 8192 + 8 * 5 + 3, dtype=np.uint8).tobytes()
    right = hash_bytes(data)
    for place in (0, 8191, 8192, 16383, 16384, 16423, 16424, len(data) - 1):
        assert hash_bytes(data[:place] + bytes([data[place] ^ 128]) + data[place + 1 :]) != right
    assert hash_bytes(data[8:16] + data[:8] + data[16:]) != right
    assert hash_bytes(data[8192:16384] + data[:8192] + data[16384:]) != right
