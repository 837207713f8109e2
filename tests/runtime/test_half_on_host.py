"""Half precision on the host, against numpy's: every number there is, and floats between and beyond them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from test_runtime_unit import STRICT, includes

PROGRAM = """
#include <cstdio>

#include "npas/half.h"

// Floats in, halves out; then the floats of all halves.
int main() {
    float x = 0.0f;
    while (std::fread(&x, sizeof x, 1, stdin) == 1) {
        const std::uint16_t half = NPAS_NAMESPACE::narrowed(x);
        std::fwrite(&half, sizeof half, 1, stdout);
    }
    for (int i = 0; i < 65536; ++i) {
        x = NPAS_NAMESPACE::widened(static_cast<std::uint16_t>(i));
        std::fwrite(&x, sizeof x, 1, stdout);
    }
}
"""


def test_halves_are_numpys(tmp_path: Path) -> None:
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    exact = halves.astype(np.float32)
    finite = np.unique(exact[np.isfinite(exact)])
    middles = (finite[1:] + finite[:-1]) / 2  # as near to one as to the other
    rng = np.random.default_rng(0)
    random = (rng.standard_normal(20_000) * 2.0 ** rng.integers(-30, 20, 20_000)).astype(np.float32)
    edges = np.array([65519.996, 65520.0, 1e30, -1e30, np.nan, 1e-45], np.float32)
    around = np.concatenate([np.nextafter(middles, np.float32(s * np.inf)) for s in (-1, 1)])
    floats = np.concatenate([exact, middles, around, random, edges])

    (tmp_path / "half.cpp").write_text(PROGRAM)
    program = str(tmp_path / "half")
    subprocess.run(
        ["g++", *STRICT, *includes("opencl"), str(tmp_path / "half.cpp"), "-o", program], check=True, timeout=120
    )
    said = subprocess.run([program], input=floats.tobytes(), capture_output=True, check=True, timeout=120).stdout

    narrowed = np.frombuffer(said[: 2 * floats.size], np.float16)
    with np.errstate(over="ignore"):
        wanted = floats.astype(np.float16)
    np.testing.assert_array_equal(narrowed, wanted)
    np.testing.assert_array_equal(np.signbit(narrowed), np.signbit(wanted))
    np.testing.assert_array_equal(np.frombuffer(said[2 * floats.size :], np.float32), exact)
