"""Which of our operators reads which operator of ONNX, from the union."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from npas.ops import AnyOp, Op

_UNION: tuple[type[Op], ...] = get_args(get_args(AnyOp)[0])

IMPORTERS: Mapping[str, type[Op]] = {kind: cls for cls in _UNION for kind in cls.onnx_types}
