"""From a tree to what is wrong with it: Pydantic decides, this module finds the places and the words.

One mistake gives one message: a misspelt key is not also a missing one, and nothing is said about the inside
of what is wrong as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from npas.spec import describe
from npas.spec.json_schema import Fragment, descend, homes, json_schema, resolve, variants
from npas.spec.schema import Spec
from npas.spec.violation import Violation, closest, listed, quoted
from npas.spec.yaml_tree import Mapping, Node, Path, Sequence, dotted, plain, show


@dataclass(frozen=True)
class Place:
    """Where a path leads: the node, what it must be, and where a message about it points."""

    path: Path
    node: Node
    fragment: Fragment
    line: int
    column: int
    """Of the key where there is one: that is where something is missing."""
    flawed: bool
    """Whether it, or something around it, has been reported already."""


def check(root: Node) -> tuple[Spec | None, dict[Path, Violation]]:
    """The spec, or what forbids it: by path, at most one each."""
    try:
        return Spec.model_validate(plain(root), strict=True), {}
    except ValidationError as error:
        found: dict[Path, Violation] = {}
        # Unknown keys first: they explain missing ones.
        for detail in sorted(error.errors(), key=lambda e: e["type"] != "extra_forbidden"):
            _add(found, detail, root)
        return None, found


def place(root: Node, path: Path) -> Place:
    """The place of ``path``, or of the deepest part of it that exists."""
    node, fragment = root, descend(json_schema(), root)
    line, column, flawed = root.line, root.column, root.flawed
    for depth, step in enumerate(path):
        if isinstance(node, Mapping) and step in node:
            entry = node.by_key[str(step)]
            node, line, column = entry.value, entry.line, entry.column
            fragment = descend(fragment.get("properties", {}).get(step, {}), node)
        elif isinstance(node, Sequence) and isinstance(step, int) and step < len(node.items):
            items = fragment["items"]
            node = node.items[step]
            fragment = descend(items[step] if isinstance(items, list) else items, node)
            line, column = node.line, node.column
        else:
            return Place(path[:depth], node, fragment, line, column, flawed)
        flawed = flawed or node.flawed
    return Place(path, node, fragment, line, column, flawed)


def _path(location: tuple[int | str, ...], root: Node) -> Path:
    """Pydantic's location without the tags of unions in it."""
    path: Path = ()
    fragment: Fragment = json_schema()
    steps = list(location)
    while steps:
        fragment = resolve(fragment)
        if (members := variants(fragment)) and steps[0] in members:
            fragment = members[str(steps.pop(0))]
            continue
        step = steps.pop(0)
        path = (*path, step)
        if isinstance(step, int):
            items = fragment.get("items", {})
            fragment = items[step] if isinstance(items, list) and step < len(items) else items if items else {}
            fragment = fragment if isinstance(fragment, dict) else {}
        else:
            fragment = fragment.get("properties", {}).get(step, {})
    return path


def _add(found: dict[Path, Violation], detail: ErrorDetails, root: Node) -> None:
    path = _path(detail["loc"], root)
    at = place(root, path)
    match detail["type"]:
        case "extra_forbidden":
            violation = _unknown_key(at, place(root, path[:-1]))
        case "missing" if isinstance(at.node, Mapping):
            key = str(path[-1])
            if _explained(found, at, key):
                return
            violation = _missing(at, key)
        case "union_tag_not_found":
            path, violation = _missing_tag(at)
        case "union_tag_invalid":
            path = (*path, "type")
            tag = place(root, path)
            options = {"type": "string", "enum": list(variants(at.fragment))}
            violation = _wrong(tag, options)
        case "value_error":
            violation = _own_rule(at, detail)
        case _:
            path = at.path
            violation = _wrong(at, at.fragment)
    if not place(root, path).flawed:
        found.setdefault(path, violation)


def _wrong(at: Place, fragment: Fragment) -> Violation:
    # An empty value has no place of its own worth showing, and block values start a line late: the key it is.
    scalar = not isinstance(at.node, Mapping | Sequence) and plain(at.node) is not None
    line, column = (at.node.line, at.node.column) if scalar else (at.line, at.column)
    required = bool(at.path) and at.path[-1] in json_schema()["required"]
    repair = describe.hint(fragment, at.node, required=required)
    return Violation(line, column, dotted(at.path), describe.rule(fragment), show(at.node), repair)


def _unknown_key(at: Place, parent: Place) -> Violation:
    name = str(at.path[-1])
    known = list(parent.fragment.get("properties", {}))
    if word := closest(name, known):
        repair = f"did you mean {word!r}?"
    elif name == "<<":
        repair = "YAML 1.2 has no merge keys: write the keys out"
    elif elsewhere := homes(name, str(at.path[0])):
        repair = f"{name!r} belongs {listed(elsewhere)}"
    else:
        repair = f"known here: {', '.join(known)}"
    return Violation(at.line, at.column, dotted(at.path), "unknown key", quoted(name), repair)


def _explained(found: dict[Path, Violation], at: Place, key: str) -> bool:
    """Whether an unknown key beside the missing one is a misspelling of it."""
    known = at.fragment.get("properties", {})
    return any(
        path[:-1] == at.path and closest(str(path[-1]), known) == key and violation.rule == "unknown key"
        for path, violation in found.items()
    )


def _missing(at: Place, key: str) -> Violation:
    example = describe.EXAMPLES.get(key, f"{key}: ...")
    return Violation(at.line, at.column, dotted((*at.path, key)), "required", "nothing", f"add {example!r}")


def _missing_tag(at: Place) -> tuple[Path, Violation]:
    assert isinstance(at.node, Mapping)
    for entry in at.node.entries:
        if closest(entry.key, ["type"]):
            path = (*at.path, entry.key)
            return path, Violation(
                entry.line, entry.column, dotted(path), "unknown key", quoted(entry.key), "did you mean 'type'?"
            )
    options = listed(variants(at.fragment))
    violation = Violation(
        at.line, at.column, dotted((*at.path, "type")), "required", "nothing", f"add 'type: ...', one of {options}"
    )
    return (*at.path, "type"), violation


def _own_rule(at: Place, detail: ErrorDetails) -> Violation:
    """A validator's message is already ``rule, got value, hint``."""
    rule, _, rest = str(detail["ctx"]["error"]).partition(", got ")
    got, _, repair = rest.partition(", ")
    return Violation(at.line, at.column, dotted(at.path), rule, got or show(at.node), repair)
