"""``report.html``: one offline file that shows a whole build and works without scripts."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from mako.template import Template

from npas.errors import NpasError
from npas.report import reading, view
from npas.report.trials import TrialRow, read_trials
from npas.targets import atomic

TEMPLATES = Path(__file__).parent / "templates"


def render(folder: Path) -> str:
    """The report of a build folder as HTML: the same files give the same text.

    Raises UsageError where ``folder`` is no build folder. Files that are missing or broken are named in the report.
    """
    build = reading.read(folder)
    trials: tuple[TrialRow, ...] = ()
    notes: tuple[str, ...] = ()
    try:
        trials = read_trials(folder / "search" / "trials.db")
    except ValueError as error:
        notes = (f"search/trials.db: unreadable ({error})",)
    style, script = _asset("report.css"), _asset("report.js")
    page = _template().render(
        view=view.of(build, trials, notes),
        style=style,
        script=script,
        style_hash=_integrity(style),
        script_hash=_integrity(script),
    )
    return str(page)


def write(folder: Path) -> Path:
    """Writes ``report.html`` into the folder, whole or not at all; gives its path.

    Raises UsageError as ``render`` does, and NpasError where the folder cannot be written to.
    """
    path = folder / "report.html"
    page = render(folder)
    try:
        atomic.write_text(path, page)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise NpasError(f"{path}: must be writable, got {reason!r}, free space or change the folder's mode") from error
    return path


@cache
def _template() -> Template:
    return Template(
        text=(TEMPLATES / "report.html.mako").read_text("utf-8"),
        default_filters=["h"],
        strict_undefined=True,
    )


@cache
def _asset(name: str) -> str:
    """A style sheet or script, as it goes into the page (the markers that would end its element must not occur)."""
    content = (TEMPLATES / name).read_text("utf-8")
    assert "</" not in content, name
    return content


def _integrity(content: str) -> str:
    """The source expression that lets exactly this inline content through the page's own content security policy."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
