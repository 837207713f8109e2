"""Reads what a build left behind. Files may be missing, edited by hand or hostile: their shape is not trusted."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from npas.errors import UsageError

Json = Mapping[str, Any]

MAX_JSON_BYTES = 64 << 20
MAX_NUMBER = 1e18
"""Beyond any time, size or count of ours; with larger ones the arithmetic of a drawing overflows."""

MAX_TEXT = 300
"""Characters of one string that are shown: a name of a megabyte is somebody's joke."""

# Control characters (an escape sequence would reach a terminal), lone surrogates (which UTF-8 cannot write) and marks
# that reverse the reading direction of what follows.
_UNPRINTABLE = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u2028-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class BuildFolder:
    """The JSON files of ``generated/<name>/``; a file that could not be read is empty here and named in ``unread``."""

    path: Path
    manifest: Json
    bench: Json
    verify: Json
    profile: Json
    spec: str | None
    unread: tuple[str, ...]

    @property
    def name(self) -> str:
        return text(self.manifest, "name") or clean(self.path.resolve().name)


def read(folder: Path) -> BuildFolder:
    """Reads a build folder, whole or not.

    Raises UsageError where ``folder`` is no folder or holds none of the files that a build leaves.
    """
    require_folder(folder)
    found: dict[str, Json] = {}
    unread: list[str] = []
    for name in ("manifest.json", "bench.json", "verify.json", "profile.json"):
        try:
            found[name] = read_json(folder / name)
        except FileNotFoundError:
            unread.append(f"{name}: missing")
        except (OSError, ValueError, RecursionError) as error:
            unread.append(f"{name}: unreadable ({_reason(error)})")
    if all(note.endswith(": missing") for note in unread) and not found and not (folder / "search").is_dir():
        raise UsageError(f"{folder}: must be a build folder, got one without manifest.json, give generated/<name>")
    return BuildFolder(
        path=folder,
        manifest=found.get("manifest.json", {}),
        bench=found.get("bench.json", {}),
        verify=found.get("verify.json", {}),
        profile=found.get("profile.json", {}),
        spec=_read_spec(folder / "spec.yaml"),
        unread=tuple(unread),
    )


def require_folder(folder: Path) -> None:
    """Raises UsageError unless ``folder`` is a folder that this user may list."""
    if not folder.is_dir():
        got = "a file" if folder.exists() else "nothing there"
        raise UsageError(f"{folder}: must be a build folder, got {got}, give a folder that `npas build` wrote")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise UsageError(f"{folder}: must be readable, got no permission, change its mode or run as its owner")


def read_json(path: Path) -> Json:
    """The object in a JSON file. Raises OSError, or ValueError where it is no JSON object of a sane size."""
    with path.open("rb") as file:
        data = file.read(MAX_JSON_BYTES + 1)
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(f"more than {MAX_JSON_BYTES >> 20} MiB")
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def _read_spec(path: Path) -> str | None:
    try:
        lines = path.read_text("utf-8")[:100_000].splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    return "\n".join(clean(line) for line in lines)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return clean(str(error)) or type(error).__name__


# --- values of unknown shape -----------------------------------------------------------------------------


def at(value: object, *keys: str) -> object:
    """The value under nested keys, or None where any of them is missing."""
    for key in keys:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def number(value: object, *keys: str) -> float | None:
    """A number of sane size under nested keys; None for anything else (booleans, NaN and strings among it)."""
    found = at(value, *keys)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        converted = float(found)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) and abs(converted) <= MAX_NUMBER else None


def interval(value: object, *keys: str) -> tuple[float, float] | None:
    """A pair [low, high] of finite numbers, or None."""
    found = at(value, *keys)
    if not isinstance(found, Sequence) or isinstance(found, str) or len(found) != 2:
        return None
    low, high = number(found[0]), number(found[1])
    return (low, high) if low is not None and high is not None and low <= high else None


def speed_up(bench: Json) -> tuple[float | None, tuple[float, float] | None]:
    """How many times as fast as dense, and its interval; ``bench.json`` has the inverse, time / dense time."""
    ratio, around = number(bench, "ratio", "median"), interval(bench, "ratio", "interval")
    inverted = (1 / around[1], 1 / around[0]) if around is not None and around[0] > 0 else None
    return (1 / ratio if ratio is not None and ratio > 0 else None), inverted


def flag(value: object, *keys: str) -> bool | None:
    found = at(value, *keys)
    return found if isinstance(found, bool) else None


def text(value: object, *keys: str) -> str | None:
    """A string (or a finite number, spelt) under nested keys, cleaned for showing; None where it is absent or empty."""
    found = at(value, *keys)
    if isinstance(found, str):
        return clean(found) or None
    amount = number(found)
    return None if amount is None else f"{amount:g}"


def rows(value: object, *keys: str) -> tuple[Json, ...]:
    """The objects of a list under nested keys; whatever else the list holds is left out."""
    found = at(value, *keys)
    if not isinstance(found, Sequence) or isinstance(found, str):
        return ()
    return tuple(row for row in found if isinstance(row, Mapping))


def items(value: object, *keys: str) -> tuple[tuple[str, object], ...]:
    """The pairs of an object under nested keys, in its own order."""
    found = at(value, *keys)
    return tuple((clean(str(key)), entry) for key, entry in found.items()) if isinstance(found, Mapping) else ()


def printable(string: str) -> str:
    """The string with U+FFFD for everything that may not be shown; tabs stay, newlines do not."""
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", string)


def clean(string: str) -> str:
    """One printable line of at most MAX_TEXT characters: for names and messages."""
    shown = printable(string[: MAX_TEXT + 1])
    return shown if len(shown) <= MAX_TEXT else shown[: MAX_TEXT - 1] + "…"
