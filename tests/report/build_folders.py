"""Small build folders, made in code, in the shapes that a build leaves."""

from __future__ import annotations

import json
import math
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

SITES = ("stem", "block1_expand", "block1_project", "block2_dw", "head_conv", "classifier")
SCHEMES = ("block_punched", "block", "pattern", "pattern", "unstructured", "block")


def candidate(rate: float = 5.0) -> dict[str, dict[str, Any]]:
    return {
        site: {"filter_type": "3x3", "scheme": scheme, "rate": 1.0 if site == "stem" else rate}
        for site, scheme in zip(SITES, SCHEMES, strict=True)
    }


def latency(median: float, width: float = 0.02) -> dict[str, Any]:
    return {
        "mean": median * 1.02,
        "median": median,
        "p90": median * 1.1,
        "p99": median * 1.3,
        "min": median * 0.95,
        "count": 500,
        "interval": [median * (1 - width), median * (1 + width)],
    }


def manifest() -> dict[str, Any]:
    return {
        "name": "digits",
        "accuracy": {"pretrained": 0.9822, "friendly": 0.9800, "final": 0.9733},
        "latency_ms": 0.412,
        "dense_latency_ms": 1.63,
        "weights_bytes": 91_204,
        "dense_weights_bytes": 402_112,
        "constraint_met": True,
        "constraint": {"max_latency_ms": 0.5, "max_latency_ratio": None},
        "budget_ms": 0.5,
        "npas_version": "0.1.0",
        "algorithm": "admm",
        "algorithms": {"magnitude": 0.9640, "iterative_magnitude": 0.9689, "admm": 0.9733, "geometric_median": 0.9511},
        "candidate": candidate(),
        "replacements": [{"node": "stem_act", "from": "silu", "to": "hard_swish"}],
        "macs": 1_204_000,
        "dense_macs": 6_120_000,
        "abi": "1",
    }


def bench() -> dict[str, Any]:
    return {
        "latency_ms": latency(0.412),
        "dense_latency_ms": latency(1.63),
        "ratio": {"median": 0.412 / 1.63, "interval": [0.2457, 0.2625]},
        "stable": True,
        "conditions": {"governor": "performance", "clock_mhz": None, "load": 0.25},
        "threads": 2,
        "device": "AMD EPYC 9B14, avx512",
        "compiler": "g++ 12.2.0",
        "flags": ["-O3", "-march=x86-64-v4", "-fno-exceptions"],
        "binary_sha256": "4f" * 32,
    }


def verify() -> dict[str, Any]:
    return {
        "passed": True,
        "relative_l2": 3.1e-7,
        "max_abs_error": 2.4e-6,
        "top1_agreement": 1.0,
        "samples": 64,
        "exact_layers": 5,
        "layers": [
            {"name": site, "relative_l2": 1e-7 * (index + 1), "exact": None if index == 5 else True, "passed": True}
            for index, site in enumerate(SITES)
        ],
        "first_difference": None,
    }


def profile() -> dict[str, Any]:
    times = (0.081, 0.072, 0.064, 0.051, 0.122, 0.022)
    layers = [
        {
            "name": site,
            "op": "linear" if site == "classifier" else "conv2d",
            "shape": "1x64x8x8",
            "scheme": "dense" if site == "stem" else scheme,
            "rate": 1.0 if site == "stem" else 5.0,
            "format": "dense" if site == "stem" else "bcs",
            "kernel": "conv_bcs_avx512_r4p3_relu",
            "time_ms": time,
            "dense_time_ms": time * 3.7,
            "share": time / sum(times),
            "weights_bytes": 4096 * (index + 1),
            "built_dense_because": "only 9 input values per filter" if site == "stem" else None,
        }
        for index, (site, scheme, time) in enumerate(zip(SITES, SCHEMES, times, strict=True))
    ]
    return {"layers": layers, "total_ms": sum(times)}


def write_trials(path: Path, rows: list[tuple[Any, ...]]) -> None:
    """Rows of (candidate, accuracy, latency_ms, reward, status, error, origin), as the search stores it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as store:
        store.execute(
            "CREATE TABLE trials (id INTEGER PRIMARY KEY, key TEXT, candidate TEXT, accuracy REAL, latency_ms REAL,"
            " reward REAL, status TEXT, error TEXT, seconds_accuracy REAL, seconds_latency REAL, origin TEXT)"
        )
        for index, (chosen, accuracy, latency_ms, reward, status, error, origin) in enumerate(rows):
            store.execute(
                "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    index,
                    f"key{index}",
                    json.dumps(chosen),
                    accuracy,
                    latency_ms,
                    reward,
                    status,
                    error,
                    3.5,
                    1.25,
                    origin,
                ),
            )
        store.commit()


def trial_rows(count: int = 36, budget: float = 0.5) -> list[tuple[Any, ...]]:
    """A search that finds its way: later trials lie closer to the front; the built candidate is the 30th."""
    generator = np.random.default_rng(7)
    rows: list[tuple[Any, ...]] = []
    for index in range(count):
        rate = float(generator.uniform(1.5, 9.0))
        origin = "initial" if index < 8 else ("agent", "mutation")[int(generator.integers(2))]
        if index in (11, 23):
            rows.append((candidate(rate), None, None, None, "failed", "compile: 60 s deadline passed", origin))
            continue
        latency_ms = 1.63 / rate * float(generator.uniform(0.95, 1.35)) + 0.12
        accuracy = 0.975 - 0.10 * math.exp(rate / 4 - 3) - float(generator.uniform(0, 0.25 * math.exp(-index / 14)))
        chosen = candidate(rate)
        if index == 29:
            chosen, latency_ms, accuracy = candidate(), 0.431, 0.9611
        reward = accuracy - max(0.0, latency_ms - budget) / budget
        rows.append((chosen, accuracy, latency_ms, reward, "done", None, origin))
    return rows


HEADER = """#ifndef DIGITS_H
#define DIGITS_H
/* Opaque; made by digits_create. */
#define DIGITS_INPUT_SIZE 1024
typedef struct digits_model digits_model;
typedef enum { DIGITS_OK = 0, DIGITS_BAD_WEIGHTS = 1 } digits_status;
#ifdef __cplusplus
extern "C" {
#endif
digits_status digits_create(const char *weights, int threads, digits_model **model); // owns nothing
void digits_destroy(digits_model *model);
#ifdef __cplusplus
}
#endif
#endif
"""

SOURCES = {
    "include/digits/digits.h": HEADER,
    "src/network.cpp": "// forward\nvoid forward() {\n  conv0();\n  conv1();\n}\n",
    "kernels/conv_dense_avx2_r8p3_relu.cpp": "// kernel\n",
    "CMakeLists.txt": "project(digits)\n",
}


def make(folder: Path, *, weights: bytes = b"NPAS\0" + bytes(995), sources: dict[str, str] | None = None) -> Path:
    """A whole build folder."""
    for name, content in (("manifest", manifest()), ("bench", bench()), ("verify", verify()), ("profile", profile())):
        change(folder, f"{name}.json", content)
    (folder / "spec.yaml").write_text("apiVersion: npas/v1\nname: digits\n")
    write_trials(folder / "search" / "trials.db", trial_rows())
    for path, text in (SOURCES if sources is None else sources).items():
        (folder / "runtime" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "runtime" / path).write_text(text)
    (folder / "runtime" / "weights.bin").write_bytes(weights)
    return folder


def change(folder: Path, name: str, content: dict[str, Any]) -> None:
    """Writes one JSON file of a build folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(content))
