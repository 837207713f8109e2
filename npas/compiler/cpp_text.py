"""C++ text within the width of a line: calls, comments and tables, as a careful person would break them."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from npas.compiler.plan import Layout

WIDTH = 120
"""Columns of a generated file."""

_KEPT = "\N{NO-BREAK SPACE}"
"""A space at which no line may break, until the lines are made."""


def listing(head: str, items: Sequence[str], tail: str) -> str:
    """``head`` with the items behind it, separated by commas; further lines start below the first item, or, where
    the head is long, two steps in."""
    text = ", ".join(item.replace(" ", _KEPT) for item in items) + tail
    if len(head) + len(text) <= WIDTH:
        return head + text.replace(_KEPT, " ")
    margin = len(head) - len(head.lstrip())
    indent, start = (len(head), head) if len(head) <= WIDTH // 2 else (margin + 4, f"{head}\n" + " " * (margin + 4))
    return start + f"\n{' ' * indent}".join(_wrapped(text, WIDTH - indent))


def layout_text(layout: Layout) -> str:
    """The initialiser of a ``Layout``."""
    fields = (
        *(layout.channels, layout.height, layout.width),
        *(layout.pitch, layout.origin, layout.plane, layout.block),
    )
    return "{" + ", ".join(map(str, fields)) + "}"


def comment(text: str) -> tuple[str, ...]:
    """The lines of a comment, without their slashes."""
    return tuple(_wrapped(text, WIDTH - 3))


def with_note(code: str, note: str, indent: int) -> str:
    """Code with a note behind it, cut off where the line ends."""
    line = f"{code}  // {note}"
    return line if len(line) <= WIDTH - indent else textwrap.shorten(line, WIDTH - indent, placeholder=" ...")


def table(rows: Sequence[tuple[str, ...]], notes: Sequence[str]) -> tuple[str, ...]:
    """Initialisers in columns, each with a note behind it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ([cell.rjust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    return tuple(f"{{{', '.join(row)}}},  // {note}" for row, note in zip(cells, notes, strict=True))


def _wrapped(text: str, width: int) -> list[str]:
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    return [line.replace(_KEPT, " ") for line in lines]
