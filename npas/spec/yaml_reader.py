"""YAML text to tree (``yaml_tree``), event by event, with every violation of the YAML rules on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml import events as ev
from ruamel.yaml.error import YAMLError

from npas.spec.violation import Violation, quoted
from npas.spec.yaml_syntax import syntax
from npas.spec.yaml_tree import (
    MAX_ALIASES,
    MAX_DEPTH,
    MAX_NODES,
    BadNumberError,
    Entry,
    Mapping,
    Node,
    Path,
    Scalar,
    Sequence,
    dotted,
    resolve,
    show,
)

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _StopError(Exception):
    """Nothing behind this violation can be read."""

    def __init__(self, violation: Violation) -> None:
        self.violation = violation


@dataclass
class _Open:
    """A list or mapping whose end has not come yet."""

    line: int
    column: int
    path: Path
    anchor: str | None
    mapping: bool
    flawed: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: Scalar | None = None
    """The key whose value comes next."""
    dropped: bool = False
    """Whether that key is one of those that were refused."""


@dataclass
class _Reader:
    violations: list[Violation] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)
    root: Node | None = None
    documents: int = 0
    nodes: int = 0
    aliases: int = 0

    def event(self, event: Any) -> None:
        line, column = event.start_mark.line + 1, event.start_mark.column + 1
        match event:
            case ev.DocumentStartEvent():
                self._document(event, line, column)
            case ev.ScalarEvent():
                self._count(line, column, 1, 1)
                self._place(self._scalar(event, line, column), event.anchor)
            case ev.AliasEvent():
                self._place(self._alias(event.anchor, line, column), None)
            case ev.MappingStartEvent() | ev.SequenceStartEvent():
                self._count(line, column, 1, 1)
                mapping = isinstance(event, ev.MappingStartEvent)
                flawed = self._tagged(event, line, column)
                self.stack.append(_Open(line, column, self._path(), event.anchor, mapping, flawed))
            case ev.MappingEndEvent() | ev.SequenceEndEvent():
                self._close()

    def _document(self, event: ev.DocumentStartEvent, line: int, column: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _StopError(
                Violation(line, column, "spec", "one document per file", "a second one", "remove what follows '---'")
            )
        if event.version is not None and tuple(event.version) != (1, 2):
            got = f"%YAML {'.'.join(map(str, event.version))}"
            raise _StopError(Violation(1, 1, "spec", "is read as YAML 1.2", got, "remove the directive"))

    def _count(self, line: int, column: int, size: int, height: int) -> None:
        self.nodes += size
        if self.nodes > MAX_NODES:
            rule = f"holds at most {MAX_NODES:,} values, aliases written out"
            raise _StopError(Violation(line, column, "spec", rule, "more", "shorten it"))
        if len(self.stack) + height > MAX_DEPTH:
            rule = f"nests at most {MAX_DEPTH} levels deep"
            raise _StopError(Violation(line, column, "spec", rule, "more", "close the brackets"))

    def _path(self) -> Path:
        if not self.stack:
            return ()
        top = self.stack[-1]
        if not top.mapping:
            return (*top.path, len(top.items))
        return (*top.path, str(top.key.value)) if top.key else top.path

    def _tagged(self, event: ev.ScalarEvent | ev.CollectionStartEvent, line: int, column: int) -> bool:
        if event.tag is None:
            return False
        tag = str(event.tag).replace("tag:yaml.org,2002:", "!!")
        self._refuse(line, column, "tags are not allowed", quoted(tag), "remove the tag")
        return True

    def _refuse(self, line: int, column: int, rule: str, got: str, hint: str) -> None:
        self.violations.append(Violation(line, column, dotted(self._path()), rule, got, hint))

    def _scalar(self, event: ev.ScalarEvent, line: int, column: int) -> Scalar:
        if self._tagged(event, line, column):
            return Scalar(line, column, event.value, flawed=True)
        if not event.implicit[0]:
            return Scalar(line, column, event.value)
        try:
            return Scalar(line, column, resolve(event.value))
        except BadNumberError as error:
            self._refuse(line, column, str(error), quoted(event.value), "write an ordinary number")
            return Scalar(line, column, event.value, flawed=True)

    def _alias(self, anchor: str, line: int, column: int) -> Node:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            rule = f"holds at most {MAX_ALIASES} aliases"
            raise _StopError(Violation(line, column, "spec", rule, "more", "write the values out"))
        if anchor not in self.anchors:
            rule, hint = "an alias needs a finished anchor before it", "quote text that starts with '*'"
            self._refuse(line, column, rule, quoted(f"*{anchor}"), hint)
            return Scalar(line, column, None, flawed=True)
        node = self.anchors[anchor]
        self._count(line, column, node.size, node.height)
        return node

    def _close(self) -> None:
        top = self.stack.pop()
        children = [entry.value for entry in top.entries.values()] if top.mapping else top.items
        size = 1 + sum(child.size for child in children) + len(top.entries)
        height = 1 + max((child.height for child in children), default=0)
        node: Node
        if top.mapping:
            node = Mapping(top.line, top.column, tuple(top.entries.values()), top.flawed, size, height)
        else:
            node = Sequence(top.line, top.column, tuple(top.items), top.flawed, size, height)
        self._place(node, top.anchor)

    def _place(self, node: Node, anchor: str | None) -> None:
        if anchor is not None:
            self.anchors[anchor] = node
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if not top.mapping:
            top.items.append(node)
        elif top.key is None:
            self._key(top, node)
        else:
            if not top.dropped:
                key = top.key
                top.entries[str(key.value)] = Entry(key.line, key.column, str(key.value), node)
            top.key = None

    def _key(self, top: _Open, node: Node) -> None:
        top.key = node if isinstance(node, Scalar) else Scalar(node.line, node.column, "?")
        top.dropped = node.flawed
        if node.flawed:
            return
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            top.dropped = True
            rule, hint = "keys must be text", "write 'key: value'"
            self.violations.append(Violation(node.line, node.column, dotted(top.path), rule, show(node), hint))
        elif node.value in top.entries:
            top.dropped = True
            first = top.entries[node.value].line
            self._refuse(
                node.line, node.column, "every key may stand once", "it again", f"line {first} has it: remove one"
            )


def read(text: str) -> tuple[Node | None, list[Violation]]:
    """The tree of ``text`` (None where there is none) and everything that YAML itself forbids in it."""
    reader = _Reader()
    if found := _UNPRINTABLE.search(text):
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
        got = f"U+{ord(found[0]):04X}"
        return None, [Violation(line, column, "spec", "must be printable text", got, "remove the character")]
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            reader.event(event)
    except _StopError as stop:
        return None, [*reader.violations, stop.violation]
    # ruamel lets some of its own slip; the assertion is about the version in a %YAML line.
    except (YAMLError, ValueError, OverflowError, AttributeError, AssertionError) as error:
        opened = (reader.stack[-1].line, reader.stack[-1].column) if reader.stack else None
        return None, [*reader.violations, syntax(error, text, opened)]
    if reader.root is None or (isinstance(reader.root, Scalar) and reader.root.value is None):
        reader.violations.append(
            Violation(1, 1, "spec", "must not be empty", "nothing", "start from what 'npas init' writes")
        )
        return None, reader.violations
    return reader.root, reader.violations
