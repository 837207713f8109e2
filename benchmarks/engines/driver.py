"""What every engine's runner shares: its arguments, the timing loop, and the one line of JSON that it prints.

A runner is a script of its own, since it runs in its engine's environment, which has nothing of NPAS in it:

    python run_<engine>.py MODEL INPUT REFERENCE --threads N --runs N --min-s S
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

MOST_S = 20.0
"""Enough of an engine that takes seconds for one inference."""


def arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser()
    options.add_argument("model", type=Path, help="what the engine's converter made, without its ending")
    options.add_argument("input", type=Path, help="[1, 3, H, W] as .npy")
    options.add_argument("reference", type=Path, help="ONNX Runtime's output as .npy")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--runs", type=int, default=30)
    options.add_argument("--min-s", type=float, default=0.5)
    return options.parse_args()


def finish(given: argparse.Namespace, version: str, infer: Callable[[], object], output: Callable[[], object]) -> None:
    """Warms up, times ``infer`` (one inference, done when it returns) and prints times, error and version."""
    infer()
    reference = np.load(given.reference).ravel().astype(np.float64)
    error = np.linalg.norm(np.asarray(output(), np.float64).ravel() - reference) / np.linalg.norm(reference)
    began = time.perf_counter()
    while time.perf_counter() - began < given.min_s / 2:
        infer()
    times: list[float] = []
    began = time.perf_counter()
    while (
        len(times) < given.runs and time.perf_counter() - began < MOST_S
    ) or time.perf_counter() - began < given.min_s:
        start = time.perf_counter()
        infer()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"times_ms": times, "error": float(error), "version": version}))
