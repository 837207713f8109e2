"""Rules between fields, and rules about the world: what no single field can know.

A rule speaks only about what the user wrote: a default that does not suit the rest is no mistake of theirs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path as FilesystemPath
from typing import Any

from npas.spec.check import place
from npas.spec.json_schema import json_schema, resolve, walk
from npas.spec.violation import Violation, closest, quoted
from npas.spec.yaml_tree import Node, Path, Scalar, Sequence, dotted, plain, show

PATTERN_RATE = 2.25
"""The least rate of the scheme ``pattern``: 4 of 9 weights stay (PatDNN)."""

# C++ keywords a name may spell, and prefixes that the C library owns (``<name>_create`` would be its symbol).
_TAKEN = frozenset(
    """
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t char8_t class cnd
    co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default
    delete dl do double dynamic_cast else enum errno explicit export extern false float for friend goto if inline int
    linux long main mem mq mtx mutable namespace new noexcept not not_eq npas nullptr operator or or_eq posix private
    protected pthread public register reinterpret_cast requires return sem short signed sizeof static static_assert
    static_cast std str struct switch template this thrd thread_local throw timer true try tss typedef typeid typename
    union unix unsigned using virtual void volatile wchar_t while xor xor_eq
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class _AtMost:
    """``small`` may not be greater than ``large``."""

    small: str
    large: str
    why: str


_ORDERED = (
    _AtMost("search.batch", "search.trials", "a batch is part of the trials"),
    _AtMost("search.initial", "search.trials", "the initial trials are part of them"),
    _AtMost("search.batch", "search.pool", "a batch is picked from the pool"),
    _AtMost("pruning.trial_epochs", "pruning.epochs", "only the best algorithm is trained in full"),
    _AtMost("verify.samples", "data.test", "the data has no more test images"),
    _AtMost("data.classes", "data.train", "every class needs an image"),
)


def broken(root: Node, folder: FilesystemPath | None, known: dict[Path, Violation]) -> Iterator[Violation]:
    """The violations of all rules, except where ``known`` already says something about a field they read.

    Files and folders must exist from ``folder`` on; without one they are not looked for.
    """

    def clean(path: Path) -> bool:
        return not place(root, path).flawed and not any(path[: len(k)] == k or k[: len(path)] == path for k in known)

    for path, node, fragment in walk(root, json_schema()):
        if not clean(path):
            continue
        if isinstance(node, Sequence) and fragment.get("uniqueItems"):
            yield from _repeated(path, node)
        if folder is not None and isinstance(node, Scalar) and "x-path" in fragment and isinstance(node.value, str):
            yield from _file(path, node, folder, fragment["x-path"])
    for rule in (_name, _ordered, _pattern_rate, _something_to_choose):
        yield from rule(root, clean)


_Clean = Callable[[Path], bool]


def _written(root: Node, path: Path) -> Node | None:
    at = place(root, path)
    return at.node if at.path == path else None


def _value(root: Node, path: Path) -> Any:
    """What the field at ``path`` is: as written, or by default; None where it does not exist."""
    node = _written(root, path)
    if node is not None:
        return plain(node)
    at = place(root, path[:-1])
    fragment = at.fragment if at.path == path[:-1] else resolve(json_schema()["properties"][path[0]])
    return fragment.get("properties", {}).get(path[-1], {}).get("default")


def _repeated(path: Path, node: Sequence) -> Iterator[Violation]:
    seen: list[Any] = []
    for index, item in enumerate(node.items):
        value = plain(item)
        if value in seen:
            rule, hint = "every entry may stand once", "remove one"
            yield Violation(item.line, item.column, dotted((*path, index)), rule, f"{show(item)} again", hint)
        seen.append(value)


def _file(path: Path, node: Scalar, folder: FilesystemPath, kind: str) -> Iterator[Violation]:
    written = str(node.value)
    where = folder / written
    exists = "\0" not in written and (os.path.isfile(where) if kind == "file" else os.path.isdir(where))  # noqa: PTH112, PTH113
    if exists:
        return
    hint = "check the path" if FilesystemPath(written).is_absolute() else "paths start at the spec's folder"
    if written.startswith("~"):
        hint = "'~' is not expanded: write the whole path"
    elif "\0" not in written and os.path.exists(where):  # noqa: PTH110
        hint = "it is a folder" if kind == "file" else "it is a file"
    elif written and os.path.isdir(where.parent):  # noqa: PTH112
        word = closest(where.name, os.listdir(where.parent))  # noqa: PTH208
        hint = f"did you mean {(FilesystemPath(written).parent / word).as_posix()!r}?" if word else hint
    yield Violation(node.line, node.column, dotted(path), f"must be a {kind} that exists", quoted(written), hint)


def reserved(name: str) -> bool:
    """Whether C, C++ or their libraries keep this name, or one that starts with it, for themselves."""
    return name in _TAKEN or "__" in name


def _name(root: Node, clean: _Clean) -> Iterator[Violation]:
    node = _written(root, ("name",))
    if not isinstance(node, Scalar) or not isinstance(node.value, str) or not clean(("name",)):
        return
    name = node.value
    if reserved(name):
        rule = "must not be a word that C or C++ keeps for itself"
        free = "_".join(part for part in name.split("_") if part) if "__" in name else f"{name}_net"
        yield Violation(node.line, node.column, "name", rule, quoted(name), f"write {free!r}")


def _ordered(root: Node, clean: _Clean) -> Iterator[Violation]:
    for rule in _ORDERED:
        small, large = tuple(rule.small.split(".")), tuple(rule.large.split("."))
        node = _written(root, small)
        if node is None or not clean(small) or not clean(large):
            continue
        value, limit = plain(node), _value(root, large)
        if limit is not None and value > limit:
            given = "" if _written(root, large) is not None else " by default"
            text = f"must be at most {rule.large}, which is {limit}{given}"
            yield Violation(node.line, node.column, rule.small, text, show(node), rule.why)


def _pattern_rate(root: Node, clean: _Clean) -> Iterator[Violation]:
    path = ("search", "schemes")
    node = _written(root, path)
    rates = _value(root, ("search", "rates"))
    if not isinstance(node, Sequence) or not clean(path) or not clean(("search", "rates")):
        return
    for index, item in enumerate(node.items):
        if plain(item) == "pattern" and all(rate < PATTERN_RATE for rate in rates):
            rule = f"pattern needs a rate of at least {PATTERN_RATE}"
            got, hint = f"rates up to {max(rates):g}", "add such a rate or remove pattern"
            yield Violation(item.line, item.column, dotted((*path, index)), rule, got, hint)


def _something_to_choose(root: Node, clean: _Clean) -> Iterator[Violation]:
    rates, filter_types = ("search", "rates"), ("search", "filter_types")
    if not clean(rates) or not clean(filter_types) or _value(root, filter_types):
        return
    if all(rate == 1 for rate in _value(root, rates)):
        at = place(root, rates if _written(root, rates) is not None else filter_types)
        rule = "the search needs something to choose"
        yield Violation(at.line, at.column, "search", rule, "only rate 1 and no filter types", "add a rate above 1")
