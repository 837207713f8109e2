"""What a part of the schema asks for, in words; and what to do about a value that is not that."""

from __future__ import annotations

import re
from typing import Any

from npas.spec.json_schema import Fragment, variants
from npas.spec.violation import closest, listed
from npas.spec.yaml_tree import Mapping, Node, Scalar, Sequence

_UNIT = re.compile(r"(?P<number>[-+]?[0-9]+(?:\.[0-9]+)?) ?(?P<unit>ms|s|us|x|%|px|MB|mb|KB|kb)\Z")
_PLURALS = {"integer": "whole numbers", "number": "numbers", "string": "words", "object": "mappings"}

EXAMPLES = {
    "apiVersion": "apiVersion: npas/v1",
    "name": "name: my_model",
    "model": "model: {type: onnx, path: model.onnx}",
    "data": "data: {type: digits}",
    "constraint": "constraint: {max_latency_ratio: 0.5}",
    "path": "path: ...",
    "factory": "factory: my_package.models:build",
}
"""What to add where a required key is missing."""


def rule(fragment: Fragment) -> str:
    """``must be a whole number from 8 to 64``."""
    if "const" in fragment:
        return f"must be {_literal(fragment['const'])}"
    if "enum" in fragment:
        return f"must be {listed(map(_literal, fragment['enum']))}"
    if tags := variants(fragment):
        return f"must be a mapping with type {listed(tags)}"
    if "patternErrorMessage" in fragment:
        return f"must be {fragment['patternErrorMessage']}"
    match fragment.get("type"):
        case "integer":
            return f"must be a whole number{_range(fragment)}"
        case "number":
            return f"must be a number{_range(fragment)}"
        case "boolean":
            return "must be true or false"
        case "array":
            return f"must be {_list(fragment)}"
        case "object":
            return "must be a mapping"
        case "string" if "x-path" in fragment:
            return f"must be the path of a {fragment['x-path']}"
    return "must be text"


def hint(fragment: Fragment, node: Node, *, required: bool = False) -> str:
    """The likeliest repair; empty where none is obvious."""
    if isinstance(node, Scalar):
        return _scalar_hint(fragment, node.value, required=required)
    kind = fragment.get("type")
    if kind == "object":
        return "write 'key: value' without the '-'" if isinstance(node, Sequence) else ""
    if kind == "array":
        return _array_hint(fragment, node)
    if isinstance(node, Mapping):
        return "write one value, without keys"
    return "write one value, without brackets"


def _array_hint(fragment: Fragment, node: Node) -> str:
    if isinstance(node, Mapping):
        return "write [a, b]"
    return "add one" if not node.size > 1 and fragment.get("minItems") else ""


def _scalar_hint(fragment: Fragment, value: Any, *, required: bool) -> str:
    if value is None:
        return "give a value" if required else "give a value or remove the key"
    kind = fragment.get("type")
    if isinstance(value, str):
        return _text_hint(fragment, value)
    if kind == "array":
        return "write it in brackets: [...]"
    if kind == "object":
        return "write 'key: value' lines under it"
    if kind == "string" and "enum" not in fragment and "const" not in fragment:
        return "put it in quotes"
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return f"write {int(value)}"
    return ""


def _text_hint(fragment: Fragment, value: str) -> str:
    kind = fragment.get("type")
    options = fragment.get("enum") or ([fragment["const"]] if "const" in fragment else [])
    if options and kind == "string":
        word = closest(value, options)
        return f"did you mean {word!r}?" if word else ""
    if kind in ("integer", "number"):
        return _number_hint(value, whole=kind == "integer")
    if kind == "boolean":
        answer = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
        word = answer.get(value.lower(), value.lower())
        return f"write {word}" + (" without quotes" if word == value else "") if word in ("true", "false") else ""
    if kind == "array":
        return f"write it in brackets: [{value}]" if value.replace("_", "").isalnum() else "write [a, b]"
    if kind == "object":
        members = variants(fragment)
        for tag, member in members.items():
            for key, field in member["properties"].items():
                if value in field.get("enum", ()):
                    return f"write {{type: {tag}, {key}: {value}}}"
        near = closest(value, members)
        return f"did you mean {{type: {near}}}?" if near else "write 'key: value' lines under it"
    if "patternErrorMessage" in fragment and "pattern" in fragment:
        plain = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
        return f"did you mean {plain!r}?" if plain != value and re.match(fragment["pattern"], plain) else ""
    return ""


def _number_hint(value: str, *, whole: bool) -> str:
    if found := _UNIT.match(value):
        if found["unit"] == "%":
            return "" if whole else f"write {float(found['number']) / 100:g}"
        return f"write {found['number']}: the field has its unit"
    if re.match(r"[-+]?[0-9]+,[0-9]+\Z", value):
        return f"write {value.replace(',', '.')}"
    try:
        float(value)
    except ValueError:
        return ""
    return f"write {value.replace('_', '')}" if "_" in value else f"write {value} without quotes"


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _range(fragment: Fragment) -> str:
    low, high = fragment.get("minimum"), fragment.get("maximum")
    above, below = fragment.get("exclusiveMinimum"), fragment.get("exclusiveMaximum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:.15g}"
    bounds = []
    if low is not None:
        bounds.append(f"of at least {low:g}")
    if above is not None:
        bounds.append(f"above {above:g}")
    if high is not None:
        bounds.append(f"at most {high:.15g}")
    if below is not None:
        bounds.append(f"below {below:g}")
    return "".join(f" {bounds[0]}" if i == 0 else f" and {bound}" for i, bound in enumerate(bounds))


def _list(fragment: Fragment) -> str:
    items = fragment["items"]
    if isinstance(items, list):
        return f"a list of {len(items)} {_PLURALS[items[0]['type']]}"
    least = "at least one of" if fragment.get("minItems") else "some of"
    if "enum" in items:
        return f"a list of {least} {listed(map(_literal, items['enum']), 'and')}"
    return f"a list of {_PLURALS[items['type']]}{', at least one' if fragment.get('minItems') else ''}"
