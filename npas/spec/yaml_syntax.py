"""Syntax errors of YAML, for people who do not write parsers."""

from __future__ import annotations

from ruamel.yaml.error import MarkedYAMLError

from npas.spec.violation import Violation, quoted


def syntax(error: Exception, text: str, open_at: tuple[int, int] | None) -> Violation:
    """The parser's complaint in words. ``open_at``: line and column of the innermost list or mapping still open."""
    if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
        return Violation(1, 1, "spec", "must be YAML", quoted(str(error).splitlines()[0] if str(error) else "?"), "")
    problem, mark = str(error.problem), error.problem_mark
    lines = text.splitlines()
    here = lines[mark.line][mark.column :].strip() if mark.line < len(lines) else ""
    got = quoted(here) if here else "the end of the file" if mark.line >= len(lines) else "the end of the line"
    line, column = mark.line + 1, mark.column + 1
    if "'\\t'" in problem:
        return Violation(line, column, "spec", "tabs cannot stand where YAML counts spaces", "a tab", "use spaces")
    if "cannot start any token" in problem:
        return Violation(line, column, "spec", f"text cannot start with {here[:1]!r}", got, "put it in quotes")
    if "mapping values are not allowed" in problem:
        hint = "line keys up, and quote text that holds ': '"
        return Violation(line, column, "spec", "a key cannot stand here", got, hint)
    if "could not find expected ':'" in problem or "expected <block end>" in problem:
        return Violation(line, column, "spec", "must be 'key: value' lines", got, "line keys up and end each with ':'")
    opened = open_at if "<stream end>" in problem else None
    if (mark := error.context_mark) is not None and ("',' or" in problem or "end of stream" in problem):
        opened = (mark.line + 1, mark.column + 1)
    if opened is not None and opened[0] <= len(lines):
        start = lines[opened[0] - 1][opened[1] - 1 : opened[1]]
        closing = {"[": "']'", "{": "'}'", '"': "another", "'": "another"}
        if start in closing:
            return Violation(*opened, "spec", f"every {start} must be closed", got, f"close it with {closing[start]}")
    context = f" ({error.context})" if error.context else ""
    return Violation(line, column, "spec", f"must be YAML: {problem}{context}", got, "see https://yaml.org/spec/1.2.2")
