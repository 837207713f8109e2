"""Writes ``weights.bin``; the reader, and the format's description, is ``runtime/common/include/npas/weights.h``."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain

import numpy as np

from npas.compiler.indexed import Section

MAGIC = b"NPASWTS1"
VERSION = 2
ALIGNMENT = 64
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.uint16): 1, np.dtype(np.uint32): 2, np.dtype(np.float16): 3}
_HEADER = struct.Struct("<8sIIQQ")
_ENTRY = struct.Struct("<IIQQ")
_HASHES = 1024
_START, _PRIME = 14695981039346656037, 1099511628211


def hash_bytes(data: bytes | bytearray | memoryview) -> int:
    """FNV-1a over 64-bit words, in rows; as ``hash_bytes`` in the runtime."""
    words = np.frombuffer(data, "<u8", len(data) // 8)
    rows = words[: words.size // _HASHES * _HASHES].reshape(-1, _HASHES)
    hashes = np.full(_HASHES, _START, np.uint64)
    for row in rows:
        hashes ^= row
        hashes *= np.uint64(_PRIME)
    value = _START
    for word in chain(hashes.tolist(), words[rows.size :].tolist(), data[words.size * 8 :]):
        value = ((value ^ word) * _PRIME) % 2**64
    return value


def write(sections: Sequence[Section], fingerprint: int) -> bytes:
    """The whole file. ``fingerprint`` ties it to one plan."""
    end = _HEADER.size + _ENTRY.size * len(sections)
    starts = []
    for section in sections:
        starts.append(_aligned(end))
        end = starts[-1] + section.nbytes
    file = bytearray(_aligned(end))
    for i, (section, start) in enumerate(zip(sections, starts, strict=True)):
        _ENTRY.pack_into(file, _HEADER.size + _ENTRY.size * i, _TYPES[section.dtype], 0, section.size, start)
        stored = section.astype(section.dtype.newbyteorder("<"), copy=False)
        file[start : start + section.nbytes] = np.ascontiguousarray(stored).data.cast("B")
    digest = hash_bytes(memoryview(file)[_HEADER.size :])
    _HEADER.pack_into(file, 0, MAGIC, VERSION, len(sections), fingerprint, digest)
    return bytes(file)


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
