"""A candidate: one choice per site. Pure values, without torch, that every phase can read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from npas.spec.schema import FilterType, SchemeName

OwnType = str
"""A filter type of the search, or the layer's own kind: ``3x3``, ``1x1``, ``7x7``, ``3x3dw``, ``fc``, ..."""


@dataclass(frozen=True, slots=True)
class Pruning:
    """How one layer's weights are pruned: rate = weights before / weights kept."""

    scheme: SchemeName
    rate: float


@dataclass(frozen=True, slots=True)
class Choice:
    """What one site becomes. Rate 1 means unpruned, whatever the scheme; ``skip`` has rate 1."""

    filter_type: FilterType | OwnType
    scheme: SchemeName
    rate: float

    def __str__(self) -> str:
        return self.filter_type if self.rate == 1 else f"{self.filter_type} {self.scheme} {self.rate:g}x"


@dataclass(frozen=True)
class Candidate:
    """Site (node name) -> choice, in the order of the graph."""

    choices: Mapping[str, Choice]

    @cached_property
    def key(self) -> str:
        """A digest that names the candidate in stores and caches."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, dict[str, Any]]:
        return {
            site: {"filter_type": choice.filter_type, "scheme": choice.scheme, "rate": choice.rate}
            for site, choice in self.choices.items()
        }

    @staticmethod
    def from_json(choices: Mapping[str, Mapping[str, Any]]) -> Candidate:
        return Candidate({site: Choice(**choice) for site, choice in choices.items()})
