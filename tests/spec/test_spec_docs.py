"""docs/spec.md tells of everything that a user may write."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from npas.spec.json_schema import json_schema, resolve, variants

TEXT = (Path(__file__).parents[2] / "docs/spec.md").read_text(encoding="utf-8")


def words() -> Iterator[tuple[str, str]]:
    """(section, word) of every key, type and choice of the schema."""
    for name, fragment in json_schema()["properties"].items():
        yield "Top level", name
        part = resolve(fragment)
        for tag, member in variants(part).items():
            yield f"`{name}`", f"type: {tag}"
            yield from of_part(f"`{name}`", member)
        yield from of_part(f"`{name}`", part)


def of_part(section: str, part: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, field in part.get("properties", {}).items():
        if key != "type":
            yield section, key
        field = resolve(field)
        items = field.get("items")
        choices = items.get("enum", ()) if isinstance(items, dict) else field.get("enum", ())
        yield from ((section, str(choice)) for choice in choices)


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/spec.md has no section {title}"
    return found[1]


@pytest.mark.parametrize(("title", "word"), sorted(set(words())))
def test_it_is_there(title: str, word: str) -> None:
    assert re.search(rf"`[^`]*\b{re.escape(word)}\b[^`]*`|\b{re.escape(word)}\b", section(title))
