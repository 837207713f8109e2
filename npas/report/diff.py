"""What changed between two builds, in words a reviewer needs: schemes, accuracy, latency, size, ABI, then code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from npas.errors import UsageError
from npas.report.abi import declarations
from npas.report.code import Tree, compare, read_tree
from npas.report.diff_text import to_text
from npas.report.reading import Json, at, clean, interval, number, read_json, require_folder, text

__all__ = ["CATEGORIES", "FailOn", "diff", "to_text", "violations"]

FailOn = Literal["schemes", "accuracy", "latency", "size", "abi", "code"]
CATEGORIES: tuple[FailOn, ...] = get_args(FailOn)


def diff(a: Path, b: Path) -> dict[str, Any]:
    """What changed from build ``a`` to build ``b``, as a JSON-like dict in a deterministic order.

    Every category is there: ``schemes``, ``accuracy``, ``latency``, ``size``, ``abi``, ``code``. A category that cannot
    be compared, because one build lacks the file, has ``"unknown": reason`` and no figures.
    Raises UsageError where a folder or its manifest is missing or unreadable.
    """
    before, after = _side(a), _side(b)
    return {
        "a": {"folder": clean(str(a)), "name": before.name},
        "b": {"folder": clean(str(b)), "name": after.name},
        "schemes": _schemes(before, after),
        "accuracy": _accuracy(before, after),
        "latency": _latency(before, after),
        "size": _size(before, after),
        "abi": _abi(before, after),
        "code": compare(before.tree, after.tree),
    }


def violations(found: dict[str, Any], fail_on: Sequence[str]) -> list[str]:
    """One line for each category in ``fail_on`` that drifted; empty where nothing did.

    Of accuracy only a drop counts, of latency only a significant rise, of size only growth; any change of schemes, ABI
    or code counts. A category that cannot be compared counts too: a gate that cannot see must not open.
    Raises UsageError for a category that does not exist.
    """
    for category in fail_on:
        if category not in CATEGORIES:
            known = ", ".join(CATEGORIES)
            raise UsageError(f"--fail-on: must be among {known}, got {clean(category)!r}, name one of these")
    chosen = [category for category in CATEGORIES if category in fail_on]
    return [f"{category}: {reason}" for category in chosen if (reason := _drift(category, found[category]))]


def _drift(category: FailOn, part: dict[str, Any]) -> str | None:
    """Why a category drifted, or None."""
    if "unknown" in part:
        return f"cannot be compared: {part['unknown']}"
    match category:
        case "schemes":
            return f"{len(part['changed'])} layers changed" if part["changed"] else None
        case "accuracy":
            return f"dropped from {part['before']:.4f} to {part['after']:.4f}" if part["change"] < 0 else None
        case "latency":
            rose = part["verdict"] == "slower"
            return f"rose from {part['before_ms']:g} ms to {part['after_ms']:g} ms" if rose else None
        case "size":
            grown = [
                f"{what} grew by {part[what]['change']} bytes" for what in ("weights", "sources") if _grew(part[what])
            ]
            return "; ".join(grown) or None
        case "abi":
            return (
                f"{len(part['removed'])} declarations removed, {len(part['added'])} added" if part["changed"] else None
            )
        case "code":
            return f"{len(part['files'])} files differ" if part["files"] else None


def _grew(part: dict[str, Any]) -> bool:
    return bool(part["change"] > 0)


# --- one build -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Side:
    """One of the two builds, read once. ``bench`` is empty where the build was not measured."""

    folder: Path
    name: str
    manifest: Json
    bench: Json
    tree: Tree


def _side(folder: Path) -> _Side:
    require_folder(folder)
    manifest = _json(folder / "manifest.json")
    bench = _json(folder / "bench.json") if (folder / "bench.json").exists() else {}
    name = text(manifest, "name") or clean(folder.resolve().name)
    return _Side(folder, name, manifest, bench, read_tree(folder / "runtime"))


def _json(path: Path) -> Json:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise UsageError(f"{path}: must exist, got nothing there, give a folder that `npas build` finished") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}: must be a readable JSON object, got {clean(str(error))!r}, build it again"
        ) from error


# --- the categories --------------------------------------------------------------------------------------


def _schemes(a: _Side, b: _Side) -> dict[str, Any]:
    before, after = at(a.manifest, "candidate"), at(b.manifest, "candidate")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {"unknown": "a manifest.json records no candidate"}
    sites = list(dict.fromkeys([*before, *after]))
    changed = [
        {"layer": clean(site), "before": _choice(before.get(site)), "after": _choice(after.get(site))}
        for site in sites
        if _choice(before.get(site)) != _choice(after.get(site))
    ]
    return {"changed": changed, "layers": len(sites)}


def _choice(value: object) -> dict[str, Any] | None:
    """Filter type, scheme and rate of a site; at rate 1 the scheme means nothing."""
    if value is None:
        return None
    rate = number(value, "rate")
    scheme = None if rate == 1 else text(value, "scheme")
    return {"filter_type": text(value, "filter_type"), "scheme": scheme, "rate": rate}


def _accuracy(a: _Side, b: _Side) -> dict[str, Any]:
    before, after = (number(side.manifest, "accuracy", "final") for side in (a, b))
    if before is None or after is None:
        return {"unknown": "a manifest.json records no final accuracy"}
    return {"before": before, "after": after, "change": round(after - before, 9)}


def _latency(a: _Side, b: _Side) -> dict[str, Any]:
    """Medians and intervals. The verdict needs intervals that do not touch, of the same device and threads."""
    before, after = (number(side.bench, "latency_ms", "median") for side in (a, b))
    if before is None or after is None:
        missing = a if before is None else b
        return {"unknown": f"{clean(str(missing.folder / 'bench.json'))} has no median latency; run npas bench on it"}
    old, new = (interval(side.bench, "latency_ms", "interval") for side in (a, b))
    where = [tuple(text(side.bench, key) for key in ("device", "threads")) for side in (a, b)]
    if where[0] != where[1]:
        spelt = [", ".join(part or "unknown" for part in place) + " threads" for place in where]
        return {"unknown": f"measured on different machines ({spelt[0]}; {spelt[1]})"}
    if old is None or new is None:
        return {"unknown": "a bench.json has no interval, so noise cannot be told from change"}
    verdict = "slower" if new[0] > old[1] else "faster" if new[1] < old[0] else "within noise"
    return {
        "before_ms": before,
        "before_interval": list(old),
        "after_ms": after,
        "after_interval": list(new),
        "verdict": verdict,
    }


def _size(a: _Side, b: _Side) -> dict[str, Any]:
    weights = [side.tree.files["weights.bin"].size if "weights.bin" in side.tree.files else None for side in (a, b)]
    if None in weights:
        weights_recorded = [number(side.manifest, "weights_bytes") for side in (a, b)]
        weights = [None if count is None else int(count) for count in weights_recorded]
    before, after = weights
    if before is None or after is None:
        return {"unknown": "a build has neither runtime/weights.bin nor a recorded size"}
    return {"weights": _counts(before, after), "sources": _counts(a.tree.source_bytes, b.tree.source_bytes)}


def _counts(before: int, after: int) -> dict[str, int]:
    return {"before": before, "after": after, "change": after - before}


def _abi(a: _Side, b: _Side) -> dict[str, Any]:
    """Every declaration of the C header, spaces and comments aside, and the recorded ABI version."""
    headers = [side.tree.text(f"include/{side.name}/{side.name}.h") for side in (a, b)]
    if headers[0] is None or headers[1] is None:
        missing = a if headers[0] is None else b
        return {
            "unknown": f"{clean(str(missing.folder))} has no header runtime/include/{missing.name}/{missing.name}.h"
        }
    before, after = declarations(headers[0]), declarations(headers[1])
    versions = [text(side.manifest, "abi") for side in (a, b)]
    removed, added = [d for d in before if d not in after], [d for d in after if d not in before]
    return {
        "before": versions[0],
        "after": versions[1],
        "declarations": len(after),
        "removed": removed,
        "added": added,
        "changed": bool(removed or added or versions[0] != versions[1]),
    }
