"""The pruning schemes: which weights of a layer may go. A new scheme is its file and its line in ``SCHEMES``."""

from __future__ import annotations

from npas.schemes.base import Mask, Scheme, Weight
from npas.schemes.block import Block
from npas.schemes.block_punched import BlockPunched
from npas.schemes.filter import Filter
from npas.schemes.kind import LayerKind, kind_of
from npas.schemes.pattern import Pattern
from npas.schemes.unstructured import Unstructured
from npas.spec.schema import SchemeName

SCHEMES: dict[SchemeName, Scheme] = {
    "unstructured": Unstructured(),
    "filter": Filter(),
    "pattern": Pattern(),
    "block": Block(),
    "block_punched": BlockPunched(),
}

__all__ = ["SCHEMES", "LayerKind", "Mask", "Scheme", "Weight", "kind_of"]
