"""A YAML file as a tree in which every key and value knows its place, read with limits.

YAML is untrusted: size, depth, nodes and aliases are capped while the events come in, so that no input costs
more than a second, and tags construct nothing. Plain scalars follow the core schema of YAML 1.2 (section
10.3.2): ``yes`` is text, ``0o17`` is a number.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from npas.spec.violation import on_one_line, quoted

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_ALIASES = 100

Value = str | int | float | bool | None
Path = tuple[str | int, ...]

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INT = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf. ``flawed``: already reported, so that nothing else is said about it."""

    line: int
    column: int
    value: Value
    flawed: bool = False
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list; ``size`` counts its nodes with every alias written out, ``height`` its levels."""

    line: int
    column: int
    items: tuple[Node, ...]
    flawed: bool = False
    size: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A key, where it stands, and its value."""

    line: int
    column: int
    key: str
    value: Node


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys in file order, each of them once."""

    line: int
    column: int
    entries: tuple[Entry, ...]
    flawed: bool = False
    size: int = 1
    height: int = 1
    by_key: dict[str, Entry] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_key", {entry.key: entry for entry in self.entries})

    def __contains__(self, key: object) -> bool:
        return key in self.by_key


Node = Scalar | Sequence | Mapping


class BadNumberError(ValueError):
    """A number that no field can take."""


def resolve(text: str) -> Value:
    """The value of a plain scalar by the core schema. Raises BadNumberError for NaN, infinities and giants."""
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text) or _BASED.match(text):
        if len(text) > 20 or abs(number := int(text, 0 if _BASED.match(text) else 10)) >= 2**63:
            raise BadNumberError("numbers must fit 64 bits")
        return number
    if _NOT_FINITE.match(text) or (_FLOAT.match(text) and not math.isfinite(float(text))):
        raise BadNumberError("numbers must be finite")
    return float(text) if _FLOAT.match(text) else text


def plain(node: Node) -> Any:
    """The tree as dicts, tuples and scalars. (Tuples: the strict schema takes those and not lists.)"""
    if isinstance(node, Mapping):
        return {entry.key: plain(entry.value) for entry in node.entries}
    if isinstance(node, Sequence):
        return tuple(plain(item) for item in node.items)
    return node.value


def dotted(path: Path) -> str:
    """``search.rates[1]``; the root is called ``spec``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{on_one_line(step)}" for step in path)
    return text.removeprefix(".") or "spec"


def show(node: Node) -> str:
    """A value as a message shows it."""
    if isinstance(node, Mapping):
        return "a mapping" if node.entries else "an empty mapping"
    if isinstance(node, Sequence):
        return f"a list of {len(node.items)}" if node.items else "an empty list"
    if isinstance(node.value, str):
        return quoted(node.value)
    if node.value is None:
        return "nothing"
    return str(node.value).lower() if isinstance(node.value, bool) else repr(node.value)
