"""Every weight, kernel order: per group of R filters [K][R], the last group filled up with zeros."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.compiler.formats.base import Floats, Format, FormatName, Geometry, Packed


class Dense(Format):
    name: ClassVar[FormatName] = "dense"

    def takes(self, matrix: Floats, geometry: Geometry) -> bool:
        return geometry.depth == 1

    def pack(self, matrix: Floats, geometry: Geometry) -> Packed:
        g, r, k = geometry.groups, geometry.rows, geometry.columns
        per_group = geometry.filters // g
        blocks = -(-per_group // r)
        full = np.zeros((g, blocks * r, k), np.float32)
        full[:, :per_group] = matrix.reshape(g, per_group, k)
        return Packed(full.reshape(g, blocks, r, k).transpose(0, 1, 3, 2).ravel())

    def unpack(self, packed: Packed, geometry: Geometry) -> Floats:
        g, r, k = geometry.groups, geometry.rows, geometry.columns
        per_group = geometry.filters // g
        full = packed.weights.reshape(g, -(-per_group // r), k, r).transpose(0, 1, 3, 2)
        return np.ascontiguousarray(full.reshape(g, -1, k)[:, :per_group].reshape(geometry.filters, k))
