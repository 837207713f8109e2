"""The command line. Results go to stdout, logs and progress to stderr; commands import what they need when they run."""

from __future__ import annotations

import importlib.metadata
import logging
import signal
from types import FrameType
from typing import Annotated

import typer

from npas.commands import building, results, specs
from npas.commands.group import NpasGroup

_EPILOG = (
    "Exit codes: 0 ok, 1 internal, 2 usage, 3 spec invalid, 4 unsupported model or operator, 5 constraint not met,"
    " 6 numerics differ, 7 device missing, 8 compile failed, 9 lock or diff drift, 130 interrupted."
)

app = typer.Typer(
    name="npas",
    cls=NpasGroup,
    help="Prunes a vision network to a latency budget and generates the C++ runtime for exactly that network.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# In the order of the help.
for _command in (
    specs.init,
    specs.validate,
    building.plan,
    building.build,
    building.search,
    building.generate,
    building.verify,
    building.bench,
    results.diff,
    results.report,
    results.doctor,
    specs.schema,
):
    app.command()(_command)


def main() -> None:
    """The entry point of the ``npas`` command."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores SIGHUP: so do we then
            signal.signal(number, _interrupted)
    app(prog_name="npas")


def _interrupted(number: int, frame: FrameType | None) -> None:
    """Who ends us from outside gets what Ctrl-C gets: children end, stages are cleaned up, exit 130."""
    raise KeyboardInterrupt


def _print_version(asked: bool) -> None:
    if not asked:
        return
    try:
        version = importlib.metadata.version("npas")
    except importlib.metadata.PackageNotFoundError:
        version = "(not installed: run from its source folder)"
    typer.echo(f"npas {version}")
    raise typer.Exit


@app.callback()
def _every_command(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what goes on, to stderr.")] = False,
) -> None:
    del version  # its callback has answered
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")  # to stderr
    logging.getLogger("npas").setLevel(logging.DEBUG if verbose else logging.WARNING)


if __name__ == "__main__":
    main()
