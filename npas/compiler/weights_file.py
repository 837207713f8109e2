"""Writes ``weights.bin``; the reader, and the format's description, is ``runtime/include/npas/weights.h``."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from npas.compiler.indexed import Section

MAGIC = b"NPASWTS1"
VERSION = 1
ALIGNMENT = 64
_TYPES = {np.dtype(np.float32): 0, np.dtype(np.uint16): 1, np.dtype(np.uint32): 2}
_HEADER = struct.Struct("<8sIIQQ")
_ENTRY = struct.Struct("<IIQQ")


def hash_bytes(data: bytes) -> int:
    """FNV-1a over 64-bit words, then single bytes; as ``hash_bytes`` in the runtime."""
    value = 14695981039346656037
    whole = len(data) // 8 * 8
    for word in struct.unpack(f"<{whole // 8}Q", data[:whole]):
        value = ((value ^ word) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    for byte in data[whole:]:
        value = ((value ^ byte) * 1099511628211) & 0xFFFFFFFFFFFFFFFF
    return value


def write(sections: Sequence[Section], fingerprint: int) -> bytes:
    """The whole file. ``fingerprint`` ties it to one plan."""
    table, body = bytearray(), bytearray()
    start = _HEADER.size + _ENTRY.size * len(sections)
    body += bytes(-start % ALIGNMENT)
    for section in sections:
        table += _ENTRY.pack(_TYPES[section.dtype], 0, section.size, start + len(body))
        body += section.astype(section.dtype.newbyteorder("<")).tobytes()
        body += bytes(-(start + len(body)) % ALIGNMENT)
    rest = bytes(table + body)
    return _HEADER.pack(MAGIC, VERSION, len(sections), fingerprint, hash_bytes(rest)) + rest
