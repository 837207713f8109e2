"""Storage formats. ``FORMATS`` is the registry: a new format is its file, its line here and its name in ``base``."""

from __future__ import annotations

from npas.compiler.formats.base import Format, FormatName
from npas.compiler.formats.bcs import Bcs
from npas.compiler.formats.csr import Csr
from npas.compiler.formats.dense import Dense
from npas.compiler.formats.fkw import Fkw

FORMATS: dict[FormatName, Format] = {"dense": Dense(), "csr": Csr(), "fkw": Fkw(), "bcs": Bcs()}

__all__ = ["FORMATS", "Format", "FormatName"]
