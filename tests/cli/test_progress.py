"""Progress: bars on a terminal, a few plain lines elsewhere."""

import io

import pytest
from rich.console import Console

from npas.progress import Progress


class Clock:
    """Seconds that pass only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def plain() -> tuple[Progress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    return Progress(Console(file=stream, highlight=False, soft_wrap=True), clock), stream, clock


def test_stages_and_logs_are_lines_with_seconds_since_the_first() -> None:
    progress, stream, clock = plain()
    progress.stage("search")
    clock.now = 12.4
    progress.log("trial [3/40] failed")  # brackets are text, not markup
    progress.stage("prune")
    assert stream.getvalue() == "search +0 s\n  trial [3/40] failed\nprune +12 s\n"


def test_without_a_terminal_a_bar_speaks_rarely_and_at_the_end() -> None:
    progress, stream, clock = plain()
    with progress.bar(100, "trials") as bar:
        for step in range(100):
            clock.now += 0.3
            bar.advance(best=0.9 + step / 1000)
    lines = stream.getvalue().splitlines()
    assert lines[-1] == "  trials 100/100, best 0.999"
    assert 2 < len(lines) <= 4


def test_a_bar_that_ends_early_says_where() -> None:
    progress, stream, _ = plain()
    with pytest.raises(KeyboardInterrupt), progress.bar(10, "trials") as bar:
        bar.advance(3, best="98 %")
        raise KeyboardInterrupt
    assert stream.getvalue() == "  trials 3/10, best 98 %\n"


def test_the_best_stays_on_show() -> None:
    progress, stream, _ = plain()
    with progress.bar(2, "trials") as bar:
        bar.advance(best=0.5)
        bar.advance()
    assert stream.getvalue() == "  trials 2/2, best 0.5\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    progress = Progress(Console(file=stream, force_terminal=True, width=100, no_color=True))
    assert progress.live
    with progress.bar(4, "trials") as bar:
        bar.advance(4, best=0.97)
    assert "4/4" in stream.getvalue() and "best 0.97" in stream.getvalue() and "━" in stream.getvalue()


def test_it_writes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Progress().log("hello")
    assert capsys.readouterr() == ("", "  hello\n")
