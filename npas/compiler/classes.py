"""Classes of values that must agree in something: union-find over names."""

from __future__ import annotations

from collections.abc import Sequence


class Classes:
    """Every name begins in a class of its own; ``root`` names the class."""

    def __init__(self, names: Sequence[str]) -> None:
        self.parent = {name: name for name in names}

    def root(self, name: str) -> str:
        while self.parent[name] != name:
            self.parent[name] = self.parent[self.parent[name]]
            name = self.parent[name]
        return name

    def join(self, a: str, b: str) -> None:
        self.parent[self.root(a)] = self.root(b)
