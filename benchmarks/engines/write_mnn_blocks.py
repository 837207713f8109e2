"""Compression parameters by which MNN's converter makes lists for 8 filters each: python write_mnn_blocks.py FILE.

MNN takes the size of its blocks from a file of compression parameters (its MNN_compression.proto); of one that names
no layer, the size holds for all. Layers that are not sparse enough stay dense, by MNN's own thresholds.
"""

import sys
from pathlib import Path

FILTERS = 8


def field(number: int, value: bytes | int) -> bytes:
    """One field of a protocol buffer: a number below 128, or bytes, shorter than that."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


PRUNE, SIMD_OC = 1, 1
blocks = field(3, field(4, FILTERS))  # SIMDOCPrunerParams.oc_blocks
algorithm = field(1, PRUNE) + field(3, field(1, SIMD_OC) + blocks)
pipeline = field(1, b"0.0.0") + field(2, algorithm)

Path(sys.argv[1]).write_bytes(pipeline)
