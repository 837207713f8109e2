"""One broken rule of a spec, with its place; and the error that carries all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from npas.errors import SpecError

SHOWN = 60
"""How much of a value a message shows, in characters."""


@dataclass(frozen=True, slots=True, order=True)
class Violation:
    """``line:column field: rule, got value, hint``. Lines and columns count from 1."""

    line: int
    column: int
    field: str
    rule: str
    got: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f", {self.hint}" if self.hint else ""
        return f"{self.line}:{self.column} {self.field}: {self.rule}, got {self.got}{hint}"


class InvalidSpecError(SpecError):
    """A spec with its violations, in file order."""

    def __init__(self, path: Path, violations: Iterable[Violation]) -> None:
        self.path = path
        self.violations = tuple(sorted(violations))
        super().__init__("\n".join(f"{path}:{violation}" for violation in self.violations))


def quoted(text: str) -> str:
    """Text as a message shows it, in quotes."""
    return f"'{on_one_line(text)}'"


def on_one_line(text: str) -> str:
    """Text with what cannot be printed escaped, cut where it is long."""
    shown = text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` probably means: case and separators do not count, a few letters may differ."""
    plain = {_plain(k): k for k in known}
    found = get_close_matches(_plain(word[:SHOWN]), plain, n=1, cutoff=0.65)
    return plain[found[0]] if found else None


def listed(words: Iterable[str], last: str = "or") -> str:
    """``a, b or c``."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


def _plain(word: str) -> str:
    return word.lower().replace("-", "_").replace(" ", "_")
