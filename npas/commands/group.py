"""How a command ends: every exception becomes one message on stderr and one exit code."""

from __future__ import annotations

import os
import traceback
from typing import Any

import typer
from typer.core import TyperGroup

from npas.errors import NpasError, SpecError

INTERNAL = 1
INTERRUPTED = 130
DEBUG = "NPAS_DEBUG"


class NpasGroup(TyperGroup):
    """The command group; typer itself answers wrong usage, with 2."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            _say("npas: interrupted; finished work is kept, the same command takes it up again")
            raise typer.Exit(INTERRUPTED) from None
        except NpasError as error:
            _debug()
            # A spec's violations stay as they are: editors and terminals make links of file:line:column.
            _say(str(error) if isinstance(error, SpecError) else f"npas: {error}")
            raise typer.Exit(error.exit_code) from None
        except Exception as error:
            if _is_usage(error):
                raise
            _debug()
            more = "" if os.environ.get(DEBUG) else f"; run it again with {DEBUG}=1 for the traceback"
            _say(f"npas: internal error, a bug of ours: {type(error).__name__}: {error}{more}")
            raise typer.Exit(INTERNAL) from None


def _is_usage(error: Exception) -> bool:
    """Whether typer knows what to do with it. (Its base class moved between versions: ``exit_code`` and ``show``.)"""
    return hasattr(error, "exit_code") and hasattr(error, "show")


def _debug() -> None:
    if os.environ.get(DEBUG):
        _say(traceback.format_exc().rstrip())


def _say(text: str) -> None:
    typer.echo(text, err=True)
