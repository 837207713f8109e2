"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SpecFile = Annotated[Path, typer.Argument(metavar="SPEC", help="The spec, a YAML file.")]
Out = Annotated[Path | None, typer.Option(help="The build's folder; by default generated/NAME.", show_default=False)]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start over instead of taking up what is there.")]
Folder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A build's folder: generated/NAME.", exists=True, file_okay=False)
]
