"""The YAML reader on anything at all: a tree or violations, never an exception, never a hang."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from npas.spec.yaml_reader import read
from npas.spec.yaml_tree import BadNumberError, plain, resolve

# Pieces that YAML gives a meaning to, and some that nobody should.
MARKS = [
    *"[]{}:,-?*&!|>'\"%@`#~\n\t ",
    ": ",
    "- ",
    "\n  ",
    "\n    ",
    "a",
    "b",
    "1",
    "&x ",
    "*x",
    "---",
    "...",
    "\\",
    "\0",
]
ODD = ["%YAML 1.2", "%TAG ! x", "!!str ", "<<: ", "\\UFFFFFFFF", "\\x", "\ufeff", "\x85", "\u2028", "é", "\r", "1e999"]
PIECES = st.sampled_from([*MARKS, *ODD])


@settings(max_examples=150, deadline=None)
@example("%YAML 1.21")
@example("---[\u2028[: !!str ")
@given(st.lists(PIECES, max_size=25).map("".join))
def test_any_text_gives_a_tree_or_violations(text: str) -> None:
    root, violations = read(text)
    assert (root is None) <= bool(violations)
    for violation in violations:
        assert violation.line >= 1 and violation.column >= 1
        assert "\n" not in str(violation) and str(violation).isprintable()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.text(st.characters(codec="ascii"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc ", min_size=1, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


def _tuples(value: object) -> object:
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return {key: _tuples(item) for key, item in value.items()} if isinstance(value, dict) else value


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text("abc ", min_size=1, max_size=4), VALUES, min_size=1, max_size=3))
def test_json_reads_as_itself(value: dict[str, object]) -> None:
    import json

    root, violations = read(json.dumps(value))
    assert not violations and root is not None
    assert plain(root) == _tuples(value)


WORDS = ["", "~", "null", "NULL", "nULL", "true", "TRUE", "tRUE", "yes", "on", ".", "e1", "1e", "0x", "١"]
NUMBERS = ["1", "-1", "+1", "010", "0o17", "0x1F", "1.", ".5", "1e3", "1.5E+2", "12e03", "1:30", "-1.5e-3"]
OTHERWISE: dict[str, str | float] = {"1_000": "1_000", "0b1": "0b1", "2001-01-01": "2001-01-01", "-.5e3": -500.0}
"""Where that library leaves the core schema."""


@pytest.mark.parametrize("text", [*WORDS, *NUMBERS, *OTHERWISE])
def test_plain_scalars_resolve_as_in_a_yaml_1_2_library(text: str) -> None:
    known = YAML(typ="safe", pure=True).load(f"a: {text}")["a"]
    mine = resolve(text)
    if text in OTHERWISE:
        assert mine == OTHERWISE[text] and (type(mine), mine) != (type(known), known)
    else:
        assert (type(mine), mine) == (type(known), known)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.INF", "+.Inf", "1e999", "-1e999", str(2**63), "9" * 5000])
def test_numbers_that_no_field_can_take(text: str) -> None:
    with pytest.raises(BadNumberError):
        resolve(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 3000,
        "{a: " * 3000,
        "- " * 3000,
        "? " * 3000,
        "a: &a [*a]",
        "a: [" + "1," * 20000 + "]",
        "*a " * 5000,
        "'" * 9999,
    ],
    ids=lambda text: text[:4],
)
def test_hostile_texts_are_refused(text: str) -> None:
    _, violations = read(text)
    assert violations


def test_aliases_are_capped() -> None:
    _, violations = read("a: &a 1\nb: [" + "*a, " * 101 + "]")
    assert [v.rule for v in violations] == ["holds at most 100 aliases"]
