"""The JSON Schema that editors use: draft-07, current, and of one mind with the loader."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from npas.spec.json_schema import json_schema, text
from npas.spec.schema import Spec
from npas.spec.yaml_reader import read
from npas.spec.yaml_tree import plain

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft7Validator(json_schema())
# What the loader refuses and the schema cannot: YAML itself, the world, rules between fields, 8.0 for 8.
ONLY_LOADED = {
    *("float_for_whole", "keyword_name", "batch_over_trials", "initial_over_trials", "pattern_without_rate"),
    *("nothing_to_choose", "samples_over_test", "model_file_missing", "data_folder_missing", "path_is_folder"),
}


def data(path: Path) -> Any:
    root, violations = read(path.read_text(encoding="utf-8"))
    return None if root is None or violations else lists(plain(root))


def lists(value: Any) -> Any:
    if isinstance(value, tuple):
        return [lists(item) for item in value]
    return {key: lists(item) for key, item in value.items()} if isinstance(value, dict) else value


def test_it_is_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"
    for newer in ("$defs", "prefixItems", "discriminator"):
        assert f'"{newer}"' not in text()


def test_nothing_stands_beside_a_reference() -> None:
    def look(value: Any) -> None:
        if isinstance(value, dict):
            assert "$ref" not in value or len(value) == 1
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(json_schema())


def test_the_committed_file_is_current() -> None:
    committed = (ROOT / "docs/npas.schema.json").read_text(encoding="utf-8")
    assert committed == text(), "run: npas schema --out docs/npas.schema.json"


@pytest.mark.parametrize("path", sorted((ROOT / "specs").glob("*.yaml")), ids=lambda path: path.stem)
def test_it_takes_the_examples(path: Path) -> None:
    VALIDATOR.validate(data(path))


@pytest.mark.parametrize(
    "path",
    [p for p in sorted((ROOT / "tests/spec/broken").glob("*.yaml")) if data(p) is not None],
    ids=lambda path: path.stem,
)
def test_it_refuses_what_the_loader_refuses(path: Path) -> None:
    assert VALIDATOR.is_valid(data(path)) == (path.stem in ONLY_LOADED)


SMALL: dict[str, Any] = {
    "apiVersion": "npas/v1",
    "name": "digits",
    "model": {"type": "zoo", "name": "mobilenet_v2"},
    "data": {"type": "synthetic", "shape": [3, 8, 8]},
    "constraint": {"max_latency_ms": 2},
}
PARTS = st.sampled_from(["name", "model", "data", "target", "constraint", "search", "pruning", "verify", "rewrite"])
WORDS = st.sampled_from(["type", "name", "shape", "epochs", "trials", "rates", "path", "enabled", "x", "isa", "width"])
LEAVES = st.sampled_from(
    [None, True, 0, 1, 3, -1, 0.5, 1.5, 1e7, "zoo", "npz", "cpu", "relu", "", [], [1, 2], [3, 8], {}]
)


@settings(max_examples=150, deadline=None)
@given(PARTS, st.dictionaries(WORDS, LEAVES, max_size=2) | LEAVES)
def test_schema_and_models_agree(part: str, value: Any) -> None:
    """On specs with one part replaced by anything. (Uniqueness and files are the loader's.)"""
    changed = {**SMALL, part: {**SMALL.get(part, {}), **value} if isinstance(value, dict) and part != "name" else value}
    try:
        Spec.model_validate(_tuples(changed), strict=True)
        accepted = True
    except ValidationError:
        accepted = False
    assert VALIDATOR.is_valid(changed) == accepted


def _tuples(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value
