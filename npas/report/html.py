"""``report.html``: one offline file that shows a whole build and works without scripts."""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path

from mako.template import Template

from npas.report import reading, view
from npas.report.trials import TrialRow, read_trials

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
    """Writes ``report.html`` into the folder, whole or not at all; gives its path. Raises as ``render``."""
    path = folder / "report.html"
    data = render(folder).encode("utf-8")
    handle, staged = tempfile.mkstemp(prefix=".report-", suffix=".html", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(staged).chmod(0o644)
        Path(staged).replace(path)
    except BaseException:
        Path(staged).unlink(missing_ok=True)
        raise
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
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
