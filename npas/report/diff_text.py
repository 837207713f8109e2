"""A diff of two builds for a terminal: a headline for each category, then the code."""

from __future__ import annotations

from typing import Any

from npas.report import units

RESET, BOLD, DIM, RED, GREEN, CYAN = "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[36m"
LABEL = 10
"""Columns of the category names at the left edge."""


def to_text(found: dict[str, Any], color: bool) -> str:
    """The dict of ``diff`` as aligned lines, without a newline at the end; with ANSI colours where ``color``."""
    lines = [_paint(f"{found['a']['folder']} → {found['b']['folder']}", BOLD, color)]
    for category, words in (
        ("schemes", _schemes),
        ("accuracy", _accuracy),
        ("latency", _latency),
        ("size", _size),
        ("abi", _abi),
        ("code", _code),
    ):
        part = found[category]
        said = [(f"cannot be compared: {part['unknown']}", DIM)] if "unknown" in part else words(part)
        for index, (line, style) in enumerate(said):
            name = _paint(f"{category:<{LABEL}}", BOLD, color) if index == 0 else " " * LABEL
            lines.append(f"{name}{_paint(line, style, color)}")
    for entry in found["code"].get("files", ()):
        lines += [_paint(line, _line_style(line), color) for line in entry["diff"] or ()]
    return "\n".join(lines)


Said = list[tuple[str, str]]
"""Lines, each with its ANSI style."""


def _schemes(part: dict[str, Any]) -> Said:
    changed = part["changed"]
    if not changed:
        return [(f"same in all {part['layers']} layers", DIM)]
    width = max(len(entry["layer"]) for entry in changed)
    head = [(f"{len(changed)} of {part['layers']} layers changed", "")]
    return head + [(f"{e['layer']:<{width}}  {_choice(e['before'])} → {_choice(e['after'])}", "") for e in changed]


def _choice(choice: dict[str, Any] | None) -> str:
    if choice is None:
        return "(no such site)"
    rate = None if choice["rate"] is None else f"{choice['rate']:g}x"
    if choice["rate"] == 1:
        rate = None if choice["filter_type"] == "skip" else "unpruned"
    return " ".join(word for word in (choice["filter_type"], choice["scheme"], rate) if word) or "(empty)"


def _accuracy(part: dict[str, Any]) -> Said:
    style = RED if part["change"] < 0 else GREEN if part["change"] > 0 else DIM
    values = f"{units.percent(part['before'])} → {units.percent(part['after'])}"
    return [
        (
            f"{values}  {units.points(part['change'])}" if part["change"] else f"same, {units.percent(part['after'])}",
            style,
        )
    ]


def _latency(part: dict[str, Any]) -> Said:
    style = {"slower": RED, "faster": GREEN}.get(part["verdict"], DIM)
    sides = [
        f"{units.milliseconds(part[f'{s}_ms'])} {units.bounds(tuple(part[f'{s}_interval']))}"
        for s in ("before", "after")
    ]
    change = units.relative(part["before_ms"], part["after_ms"])
    return [(f"{sides[0]} → {sides[1]}  {change}, {part['verdict']}", style)]


def _size(part: dict[str, Any]) -> Said:
    def line(what: str) -> tuple[str, str]:
        counts = part[what]
        if counts["change"] == 0:
            return f"{what} same, {units.size(counts['after'])}", DIM
        style = RED if counts["change"] > 0 else GREEN
        change = units.relative(counts["before"], counts["after"])
        return f"{what} {units.size(counts['before'])} → {units.size(counts['after'])}  {change}", style

    return [line("weights"), line("sources")]


def _abi(part: dict[str, Any]) -> Said:
    version = part["after"] or "not recorded"
    if not part["changed"]:
        return [(f"same, version {version}, {part['declarations']} declarations", DIM)]
    said: Said = []
    if part["before"] != part["after"]:
        said.append((f"version {part['before'] or 'not recorded'} → {version}", RED))
    said += [(f"- {declaration}", RED) for declaration in part["removed"]]
    return said + [(f"+ {declaration}", GREEN) for declaration in part["added"]]


def _code(part: dict[str, Any]) -> Said:
    files = part["files"]
    if not files:
        return [(f"same in all {part['compared']} files", DIM)]
    said: Said = [(f"{len(files)} of {part['compared']} files differ", "")]
    for entry in files:
        binary = (
            "" if entry["diff"] is not None else f"  {_hash(entry['before_sha256'])} → {_hash(entry['after_sha256'])}"
        )
        said.append((f"{entry['change']:<8} {entry['path']}{binary}", ""))
    return said


def _hash(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:12]


def _line_style(line: str) -> str:
    if line.startswith(("+++", "---")):
        return BOLD
    return {"+": GREEN, "-": RED, "@": CYAN}.get(line[:1], "")


def _paint(line: str, style: str, color: bool) -> str:
    return f"{style}{line}{RESET}" if color and style and line else line
