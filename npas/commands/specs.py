"""The commands around specs: ``init``, ``validate``, ``schema``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from npas.commands import show
from npas.commands.options import Json
from npas.errors import SpecError, UsageError


def init(
    file: Annotated[
        Path | None, typer.Argument(help="The spec to write; by default NAME.yaml.", show_default=False)
    ] = None,
    model: Annotated[Path | None, typer.Option(help="An ONNX file to start from.", show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="The model's name.", show_default=False)] = None,
) -> None:
    """Write a spec to start from; never over an existing file."""
    from npas.commands.starter import starter

    chosen, text = starter(name, model, file.parent if file else Path())
    path = file or Path(f"{chosen}.yaml")
    try:
        with path.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise UsageError(f"{path}: must not exist yet, got a file, name another one") from None
    except OSError as error:
        raise UsageError(f"{path}: must be writable, got {error.strerror}, name another place") from None
    typer.echo(str(path))
    typer.echo(f"next: npas validate {path} && npas build {path}", err=True)


def validate(
    specs: Annotated[list[Path], typer.Argument(metavar="SPEC...", help="Specs to check.")], json: Json = False
) -> None:
    """Check specs: every violation at once, with file, line and column."""
    from dataclasses import asdict

    from npas.spec import InvalidSpecError, load

    results: list[dict[str, Any]] = []
    errors: list[SpecError] = []
    for path in specs:
        try:
            name = load(path).spec.name
        except InvalidSpecError as error:
            errors.append(error)
            results.append({"path": str(path), "valid": False, "violations": [asdict(v) for v in error.violations]})
        else:
            results.append({"path": str(path), "valid": True, "name": name, "violations": []})
    text = "\n".join(f"{result['path']}: valid" for result in results if result["valid"])
    if json or text:
        show.emit({"valid": not errors, "specs": results}, text, as_json=json)
    if errors:
        raise SpecError("\n".join(str(error) for error in errors))


def schema(
    out: Annotated[Path | None, typer.Option(help="Write it here instead of to stdout.", show_default=False)] = None,
) -> None:
    """Print the spec's JSON Schema (draft-07), for editors."""
    from npas.spec.json_schema import text

    if out is None:
        typer.echo(text(), nl=False)
        return
    try:
        out.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{out}: must be writable, got {error.strerror}, name another place") from None
