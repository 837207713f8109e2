"""The commands that look at what is there: ``diff``, ``report``, ``doctor``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from npas.commands import show
from npas.commands.options import Folder, Json
from npas.errors import DriftError


def diff(
    a: Annotated[Path, typer.Argument(metavar="A", help="A build's folder.", exists=True, file_okay=False)],
    b: Annotated[Path, typer.Argument(metavar="B", help="The newer build's folder.", exists=True, file_okay=False)],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Exit 9 where this got worse or changed: schemes, accuracy, latency, size, abi, code;"
            " several with commas or by repeating.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show what changed from one build to another."""
    from npas.report import diff as differences

    categories = [word.strip() for option in fail_on or () for word in option.split(",")]
    differences.violations({}, [word for word in categories if word not in differences.CATEGORIES])
    found = differences.diff(a, b)
    show.emit(found, "" if json else differences.to_text(found, color=show.coloured()), as_json=json)
    if drifted := differences.violations(found, categories):
        raise DriftError("\n".join(f"{b}: must be as {a}, got {reason}" for reason in drifted))


def report(folder: Folder, json: Json = False) -> None:
    """Render a build's report.html again."""
    from npas.report import html

    path = html.write(folder)
    show.emit({"report": str(path)}, str(path), as_json=json)


def doctor(json: Json = False) -> None:
    """Tell whether a build can run here, and how to get what is missing."""
    from dataclasses import asdict

    from npas import doctor as doctors

    findings = doctors.examine()
    code = doctors.exit_code(findings)
    result = {"ready": code == 0, "findings": [{**asdict(f), "ok": f.ok} for f in findings]}
    show.emit(result, doctors.text(findings), as_json=json)
    raise typer.Exit(code)
