"""Runs ONNX's checker on one file and exits with 0 or 1: ``python onnx_check.py FILE``.

A program of its own, with limits on time and memory, because a hostile file can crash or exhaust the checker.
"""

from __future__ import annotations

import resource
import sys

CPU_SECONDS = 120
MEMORY_BYTES = 16 << 30


def main(path: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    import onnx

    try:
        onnx.checker.check_model(path)
    except onnx.checker.ValidationError as error:
        sys.stdout.write(" ".join(str(error).split()))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
