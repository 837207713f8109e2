"""Results as text for people, or as JSON for machines; both on stdout."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import typer


def emit(result: Any, text: str, *, as_json: bool) -> None:
    """Prints ``result`` as JSON or else ``text``."""
    typer.echo(json.dumps(result, indent=2, ensure_ascii=False) if as_json else text)


def coloured() -> bool:
    """Whether stdout may be coloured: a terminal, and nobody said NO_COLOR (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def outline(value: Any, indent: str = "") -> str:
    """Any JSON value, readable: lists of alike mappings as tables, the rest as ``key: value`` lines."""
    if isinstance(value, Mapping):
        return "\n".join(_line(key, item, indent) for key, item in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        rows = [item for item in value if isinstance(item, Mapping) and not _nested(item)]
        if rows and len(rows) == len(value):
            return table(rows, indent)
        return "\n".join(f"{indent}- {scalar(v)}" if not _deep(v) else outline(v, indent + "  ") for v in value)
    return indent + scalar(value)


def table(rows: Sequence[Mapping[str, Any]], indent: str = "") -> str:
    """Rows under a header; a column's width is that of its widest cell."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    cells = [keys, *([scalar(row[key]) if key in row else "" for key in keys] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(keys))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join((indent + line).rstrip() for line in lines)


def scalar(value: Any) -> str:
    """A leaf; floats to four digits."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(scalar(item) for item in value)
    return str(value)


def _line(key: str, value: Any, indent: str) -> str:
    if _deep(value):
        return f"{indent}{key}:\n{outline(value, indent + '  ')}" if value else f"{indent}{key}: none"
    return f"{indent}{key}: {scalar(value)}"


def _deep(value: Any) -> bool:
    """Whether it needs lines of its own."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, Sequence) and not isinstance(value, str) and any(_deep(v) for v in value)


def _nested(row: Mapping[str, Any]) -> bool:
    return any(_deep(value) for value in row.values())
