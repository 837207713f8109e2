"""The commands that run the pipeline or a part of it. Torch comes in with ``npas.pipeline``, after the checks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from npas.commands import show
from npas.commands.options import Folder, Fresh, Json, Out, SpecFile
from npas.errors import ConstraintError, NumericsError, UsageError

if TYPE_CHECKING:
    from npas.spec import LoadedSpec


def plan(
    file: Annotated[Path, typer.Argument(metavar="SPEC|ONNX", help="A spec or an ONNX file.", exists=True)],
    json: Json = False,
) -> None:
    """Show what would be built, layer by layer, without training. The dense program is compiled and timed."""
    from npas import pipeline

    result = pipeline.plan(file)
    show.emit(result, show.outline(result), as_json=json)


def build(
    spec: SpecFile,
    out: Out = None,
    locked: Annotated[
        bool, typer.Option("--locked", help="Exactly what npas.lock says: no search, no training.")
    ] = False,
    fresh: Fresh = False,
    json: Json = False,
) -> None:
    """Run everything: search, prune, generate, verify, measure."""
    from npas.spec import load

    if locked and fresh:
        raise UsageError("--locked: must not go with --fresh, got both, drop one")
    loaded = load(spec)
    from npas import pipeline

    folder = _out(loaded, out)
    manifest = pipeline.build(loaded, folder, locked=locked, fresh=fresh)
    show.emit(manifest, "" if json else _summary(manifest, folder), as_json=json)
    if not manifest["constraint_met"]:
        raise ConstraintError(f"{folder}: must meet the constraint, got {manifest['latency_ms']:.4g} ms, raise it")


def search(spec: SpecFile, out: Out = None, fresh: Fresh = False, json: Json = False) -> None:
    """Run the search alone, or take it up again; trials are kept in DIR/search/trials.db."""
    from npas.spec import load

    loaded = load(spec)
    from npas import pipeline

    result = pipeline.search(loaded, _out(loaded, out), fresh=fresh)
    show.emit(result, show.outline(result), as_json=json)


def generate(folder: Folder, json: Json = False) -> None:
    """Generate a build's runtime again from its plan and weights."""
    from npas import pipeline

    result = pipeline.generate(folder)
    show.emit(result, show.outline(result), as_json=json)


def verify(
    folder: Folder,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Images to compare; by default as the spec says.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Compare a build's program with ONNX Runtime on its pruned model."""
    from npas import pipeline

    result = pipeline.verify(folder, samples)
    show.emit(result, show.outline(result), as_json=json)
    if not result["passed"]:
        where = result.get("first_difference") or "the output"
        rule, got = "must compute what ONNX Runtime computes", f"a relative L2 of {result['relative_l2']:.3g}"
        raise NumericsError(f"{folder}: {rule}, got {got}, first at {where}")


def bench(folder: Folder, json: Json = False) -> None:
    """Measure a build's latency on its device."""
    from npas import pipeline

    result = pipeline.bench(folder)
    show.emit(result, show.outline(result), as_json=json)


def _summary(manifest: dict[str, Any], folder: Path) -> str:
    """What a build came to, and where it lies."""
    from npas.report.reading import read_json
    from npas.report.text import summary

    bench, verified = (read_json(folder / name) for name in ("bench.json", "verify.json"))
    return f"{summary(manifest, bench, verified)}\n{folder / 'report.html'}"


def _out(loaded: LoadedSpec, out: Path | None) -> Path:
    return out if out is not None else Path("generated") / loaded.spec.name
