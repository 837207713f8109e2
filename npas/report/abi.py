"""The declarations of a generated C header, one by one, so that two headers compare by what they declare.

No C parser: the headers are ours, plain C with include guards, comments, ``extern "C"``, macros and declarations.
"""

from __future__ import annotations

import re

from npas.report.reading import clean

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_CONTINUED = re.compile(r"\\\r?\n")
_EXTERN = re.compile(r'extern\s*"C"\s*\{')
_MACRO = re.compile(r"#\s*define\s+(?P<macro>\w+)(?P<rest>.*)")


def declarations(header: str) -> tuple[str, ...]:
    """Macros with a value and declarations, each on one line with single spaces, in the header's order."""
    plain = _CONTINUED.sub(" ", _COMMENT.sub(" ", header))
    found: list[str] = []
    body: list[str] = []
    for line in plain.splitlines():
        if not line.lstrip().startswith("#"):
            body.append(line)
        elif (macro := _MACRO.match(line.lstrip())) and macro["rest"].strip():
            found.append(f"#define {macro['macro']}{_spaced(macro['rest'], keep_lead=True)}")
    return tuple(clean(entry) for entry in (*found, *_split(_EXTERN.sub(" ", "\n".join(body)))))


def _split(body: str) -> list[str]:
    """Cuts at semicolons outside braces; the brace that closes ``extern "C"`` has no partner and is dropped."""
    found: list[str] = []
    start = depth = 0
    for index, char in enumerate(body):
        if char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif char == "}":
            start = index + 1
        elif char == ";" and not depth:
            found.append(_spaced(body[start:index]))
            start = index + 1
    return [entry for entry in found if entry]


def _spaced(entry: str, *, keep_lead: bool = False) -> str:
    """One way to space a declaration: ``int f(const char *a, int b)``. ``keep_lead`` tells an object-like macro's value
    from a function-like macro's parenthesis."""
    lead = " " if keep_lead and entry[:1].isspace() else ""
    close = re.sub(r"\s*([(),*{}=\[\]])\s*", r"\1", re.sub(r"\s+", " ", entry.strip()))
    loose = re.sub(r"([={}])", r" \1 ", re.sub(r"(\*+)", r" \1", close)).replace(",", ", ")
    return lead + re.sub(r"\s+", " ", loose).strip()
