"""The spec as JSON Schema, draft-07 (the newest that the YAML language server reads), and walks over it.

Messages take their rules from here too, so that an editor and ``npas validate`` never disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from npas.spec.schema import Spec
from npas.spec.yaml_tree import Mapping, Node, Path, Scalar, Sequence

Fragment = dict[str, Any]
"""A schema, or a part of one."""


@cache
def json_schema() -> Fragment:
    """The whole schema. Shared: not to be changed."""
    schema = _draft07(Spec.model_json_schema(by_alias=True))
    assert isinstance(schema, dict)
    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "NPAS spec"}
    return {**head, **schema}


def text() -> str:
    """What ``npas schema`` prints and ``docs/npas.schema.json`` holds."""
    return json.dumps(json_schema(), indent=2) + "\n"


def resolve(fragment: Fragment) -> Fragment:
    """``fragment`` without references and without "or null"."""
    while True:
        if "$ref" in fragment:
            fragment = json_schema()["definitions"][fragment["$ref"].rpartition("/")[2]]
        elif len(fragment.get("allOf", ())) == 1:
            fragment = fragment["allOf"][0]
        elif "anyOf" in fragment and (some := [f for f in fragment["anyOf"] if f.get("type") != "null"]):
            fragment = some[0]
        else:
            return fragment


def variants(fragment: Fragment) -> dict[str, Fragment]:
    """The members of a discriminated union by their ``type``; empty where there is no union."""
    members = [resolve(member) for member in fragment.get("oneOf", ())]
    return {member["properties"]["type"]["const"]: member for member in members}


def descend(fragment: Fragment, node: Node) -> Fragment:
    """What ``node`` must be: resolved, and of a union the member that the node says it is (else the union)."""
    fragment = resolve(fragment)
    members = variants(fragment)
    if members and isinstance(node, Mapping) and "type" in node:
        tag = node.by_key["type"].value
        if isinstance(tag, Scalar) and isinstance(tag.value, str):
            return members.get(tag.value, fragment)
    return fragment


def walk(node: Node, fragment: Fragment, path: Path = ()) -> Iterator[tuple[Path, Node, Fragment]]:
    """Every node that the schema knows, with its path and what it must be, in file order."""
    fragment = descend(fragment, node)
    yield path, node, fragment
    if isinstance(node, Mapping):
        for entry in node.entries:
            if entry.key in fragment.get("properties", ()):
                yield from walk(entry.value, fragment["properties"][entry.key], (*path, entry.key))
    elif isinstance(node, Sequence) and "items" in fragment:
        items = fragment["items"]
        of_each = items if isinstance(items, list) else [items] * len(node.items)
        for index, (item, of_item) in enumerate(zip(node.items, of_each, strict=False)):
            yield from walk(item, of_item, (*path, index))


def homes(key: str, part: str) -> list[str]:
    """Where else the spec has a key of this name, ``part`` before all others: ``under search``."""
    found: dict[str, list[str]] = {}
    for name, fragment in json_schema()["properties"].items():
        whole = resolve(fragment)
        if key in whole.get("properties", ()):
            found.setdefault(name, []).append(f"under {name}")
        for tag, member in variants(whole).items():
            if key in member["properties"]:
                found.setdefault(name, []).append(f"to {name} of type {tag}")
    return found[part] if part in found else [place for places in found.values() for place in places]


def _draft07(value: Any, *, names: bool = False) -> Any:
    """Pydantic's 2020-12 as draft-07. ``names``: the keys of this dict are the user's, not keywords."""
    if isinstance(value, list):
        return [_draft07(item) for item in value]
    if not isinstance(value, dict):
        return value.replace("#/$defs/", "#/definitions/") if isinstance(value, str) else value
    if names:
        return {key: _draft07(item) for key, item in value.items()}
    out: Fragment = {}
    for key, item in value.items():
        match key:
            case "title":
                continue
            case "discriminator":
                out["type"], out["required"] = "object", [item["propertyName"]]
            case "prefixItems":
                out["items"], out["additionalItems"] = _draft07(item), False
            case "description":
                out[key] = " ".join(item.split())
            case "default" if isinstance(item, dict):
                continue  # of a part: its fields have theirs
            case "default" | "const" | "enum":
                out[key] = item
            case _:
                renamed = "definitions" if key == "$defs" else key
                out[renamed] = _draft07(item, names=key in ("properties", "$defs"))
    if "$ref" in out and len(out) > 1:  # draft-07 ignores what stands beside a reference
        out = {"allOf": [{"$ref": out.pop("$ref")}], **out}
    return out
