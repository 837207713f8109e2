"""Live progress on stderr: bars on a terminal, a few plain lines anywhere else. Results never come this way."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

QUIET_S = 10.0
"""Without a terminal a bar speaks at most this often, and when it ends."""


@dataclass
class Bar:
    """One piece of work whose size is known."""

    total: int
    _show: Callable[[Bar], None]
    done: int = 0
    best: str = ""

    def advance(self, steps: int = 1, best: str | float | None = None) -> None:
        """``steps`` more are done; ``best`` is the best so far, and stays on show until a new one is given."""
        self.done += steps
        if best is not None:
            self.best = best if isinstance(best, str) else f"{best:.4g}"
        self._show(self)


def _stderr() -> Console:
    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


@dataclass
class Progress:
    """What a command is doing. ``clock`` in seconds."""

    console: Console = field(default_factory=_stderr)
    clock: Callable[[], float] = time.monotonic
    _began: float | None = None

    @property
    def live(self) -> bool:
        """Whether a person is watching a terminal that can redraw lines."""
        return self.console.file.isatty() and not self.console.is_dumb_terminal

    def stage(self, name: str) -> None:
        """A new part of the work begins."""
        now = self.clock()
        self._began = now if self._began is None else self._began
        self.console.print(f"[bold]{escape(name)}[/bold] [dim]+{now - self._began:.0f} s[/dim]")

    def log(self, text: str) -> None:
        """One line that stays; above the bar where there is one."""
        self.console.print(f"  {escape(text)}")

    @contextmanager
    def bar(self, total: int, what: str = "") -> Iterator[Bar]:
        """A bar over ``total`` steps: ``with progress.bar(40, "trials") as bar: bar.advance(best=0.97)``."""
        if self.live:
            with self._drawn(total, what) as bar:
                yield bar
        else:
            yield from self._spoken(total, what)

    @contextmanager
    def _drawn(self, total: int, what: str) -> Iterator[Bar]:
        columns = (
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[best]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with RichProgress(*columns, console=self.console) as drawn:
            task = drawn.add_task(escape(what), total=total, best="")

            def show(bar: Bar) -> None:
                drawn.update(task, completed=bar.done, best=escape(f"best {bar.best}") if bar.best else "")

            yield Bar(total, show)

    def _spoken(self, total: int, what: str) -> Iterator[Bar]:
        last, said = self.clock(), 0

        def show(bar: Bar) -> None:
            nonlocal last, said
            if bar.done >= bar.total or self.clock() - last >= QUIET_S:
                last, said = self.clock(), bar.done
                best = f", best {bar.best}" if bar.best else ""
                self.log(f"{what} {bar.done}/{bar.total}{best}".strip())

        bar = Bar(total, show)
        try:
            yield bar
        finally:
            if bar.done < total and said != bar.done:  # it ended early: say where
                last -= QUIET_S
                show(bar)
