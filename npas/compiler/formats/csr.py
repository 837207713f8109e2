"""Compressed rows: values, row pointers, columns. One filter a group (R = 1)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from npas.compiler.formats.base import Floats, Format, FormatName, Geometry, Packed


class Csr(Format):
    name: ClassVar[FormatName] = "csr"

    def takes(self, matrix: Floats, geometry: Geometry) -> bool:
        return geometry.rows == 1 and geometry.depth == 1

    def pack(self, matrix: Floats, geometry: Geometry) -> Packed:
        rows, columns = np.nonzero(matrix)
        pointers = np.searchsorted(rows, np.arange(geometry.filters + 1))
        first = np.array([geometry.first_column(f) for f in range(geometry.filters)], np.int64)
        return Packed(matrix[rows, columns], (pointers.astype(np.int64), columns + first[rows]))

    def unpack(self, packed: Packed, geometry: Geometry) -> Floats:
        pointers, columns = packed.indices
        matrix = np.zeros((geometry.filters, geometry.columns), np.float32)
        for f in range(geometry.filters):
            part = slice(pointers[f], pointers[f + 1])
            matrix[f, columns[part] - geometry.first_column(f)] = packed.weights[part]
        return matrix
