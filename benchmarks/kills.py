"""Builds killed at random moments: what they lose, what they evaluate again, what they leave half-written.

    python benchmarks/kills.py [SPEC] [--kills 20] [--seed 0] [--folder DIR] [--json FILE] [--check]

First one build runs undisturbed: it takes T seconds. Then the same command runs in a new folder with an empty cache,
and its process group gets SIGKILL after a time drawn from (0, T); it runs again, is killed again, until it finishes;
then the next folder begins, until there were enough kills. After every kill all files must be whole or absent, and
every trial that was stored must be there, unchanged; no run may evaluate a stored trial again; each folder must end in
a finished build.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from common import finish, parser
from ruamel.yaml import YAML

NPAS = (sys.executable, "-m", "npas.cli", "-v")
SPEC = Path(__file__).parents[1] / "specs" / "digits.yaml"
MOST_S = 7200.0
_EVALUATED = re.compile(r"^DEBUG npas\.search: trial (\d+) is evaluated$", re.MULTILINE)
_STAGE = re.compile(r"^([a-z].*) \+\d+ s$", re.MULTILINE)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Attempt:
    """One run of the command. ``code`` is minus the signal where it was killed."""

    code: int
    seconds: float
    stage: str
    """The last that it announced."""
    trials: int
    """Stored when it ended."""
    again: tuple[int, ...]
    """Trials that it evaluated although they were stored when it began."""
    lost: tuple[int, ...]
    """Trials that were stored when it began, and are gone or changed."""
    broken: tuple[str, ...]
    """Files that are neither whole nor absent."""

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


def attempt(
    command: Sequence[str | Path],
    folder: Path,
    cache: Path,
    due: Callable[[float, str], bool],
    environment: Mapping[str, str] | None = None,
) -> Attempt:
    """Runs the command until it ends, or until ``due(seconds, stderr)``, when its process group is killed."""
    before = stored(folder)
    with tempfile.NamedTemporaryFile() as err:
        began = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in command],
            env={**os.environ, **(environment or {}), "NPAS_CACHE": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
        said = ""
        while child.poll() is None:
            said = Path(err.name).read_text(errors="replace")
            elapsed = time.monotonic() - began
            if elapsed > MOST_S or due(elapsed, said):
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            time.sleep(0.02)
        seconds = time.monotonic() - began
        said = Path(err.name).read_text(errors="replace")
    if child.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"{' '.join(map(str, command))}: must finish, got exit status {child.returncode}\n{said}")
    after = stored(folder)
    return Attempt(
        code=child.returncode,
        seconds=seconds,
        stage=next(iter(_STAGE.findall(said)[::-1]), "start").split(":")[0].split(",")[0],
        trials=len(after),
        again=tuple(n for n in map(int, _EVALUATED.findall(said)) if n < len(before)),
        lost=tuple(i for i, row in enumerate(before) if i >= len(after) or after[i] != row),
        broken=(*broken(folder), *broken(cache)),
    )


def stored(folder: Path) -> list[Row]:
    """Every column of every trial."""
    path = folder / "search" / "trials.db"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as db:
        if not db.execute("SELECT name FROM sqlite_master WHERE name = 'trials'").fetchall():
            return []
        return db.execute("SELECT * FROM trials ORDER BY id").fetchall()


def broken(folder: Path) -> Iterator[str]:
    """Files below ``folder`` that cannot be read to their end. Hidden ones are stages, which nobody reads."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file() or (check := _CHECKS.get(path.suffix)) is None:
            continue
        try:
            check(path)
        except Exception as error:  # noqa: BLE001  (whatever a reader says of a damaged file is the finding)
            yield f"{path.name}: {type(error).__name__}: {error}"
    runtime = folder / "runtime"
    wanted = ("CMakeLists.txt", "weights.bin", "test/golden.bin", "tools/bench.cpp", "src/forward.cpp")
    if runtime.exists():
        yield from (f"runtime/{name}: missing" for name in wanted if not (runtime / name).is_file())


def _json(path: Path) -> None:
    json.loads(path.read_text())


def _yaml(path: Path) -> None:
    if YAML(typ="safe", pure=True).load(path.read_text()) is None:
        raise ValueError("empty")


def _html(path: Path) -> None:
    if not path.read_text().rstrip().endswith("</html>"):
        raise ValueError("cut short")


def _onnx(path: Path) -> None:
    onnx.checker.check_model(onnx.load(str(path)))


def _database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        if (answer := db.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
            raise ValueError(answer)


def _arrays(path: Path) -> None:
    with np.load(path, allow_pickle=False) as archive:
        for name in archive.files:
            archive[name]


def _object(path: Path) -> None:
    if not path.read_bytes().startswith(b"\x7fELF"):
        raise ValueError("no object file")


def _source(path: Path) -> None:
    if not path.read_text().endswith("\n"):
        raise ValueError("cut short")


_CHECKS: Mapping[str, Callable[[Path], None]] = {
    ".json": _json,
    ".yaml": _yaml,
    ".lock": _yaml,
    ".html": _html,
    ".onnx": _onnx,
    ".db": _database,
    ".npz": _arrays,
    ".o": _object,
    ".cpp": _source,
    ".h": _source,
}


def rounds(spec: Path, root: Path, kills: int, lifetime: Callable[[], float]) -> Iterator[list[Attempt]]:
    """Folders, each with its attempts up to the one that finishes, until there were ``kills`` kills."""
    left, number = kills, 0
    while left > 0:
        folder, cache = root / f"round{number}" / "build", root / f"round{number}" / "cache"
        attempts: list[Attempt] = []
        while not attempts or attempts[-1].killed:
            end = lifetime() if left > 0 else MOST_S
            attempts.append(attempt([*NPAS, "build", spec, "--out", folder], folder, cache, _after(end)))
            left -= attempts[-1].killed
            print(_line(attempts[-1]), flush=True)
        yield attempts
        number += 1


def _after(end: float) -> Callable[[float, str], bool]:
    return lambda elapsed, _: elapsed > end


def _line(run: Attempt) -> str:
    how = "killed" if run.killed else "finished"
    wrong = f"{len(run.lost)} lost, {len(run.again)} evaluated again, {len(run.broken)} files broken"
    return f"{how} after {run.seconds:6.1f} s in {run.stage!r}, {run.trials} trials stored, {wrong}"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("spec", type=Path, nargs="?", default=SPEC)
    options.add_argument("--kills", type=int, default=20)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--folder", type=Path, help="where to build; by default a temporary folder")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = given.folder or Path(scratch)
        command = [*NPAS, "build", given.spec, "--out", root / "undisturbed" / "build"]
        whole = attempt(command, root / "undisturbed" / "build", root / "undisturbed" / "cache", lambda *_: False)
        print(_line(whole), flush=True)
        draw = random.Random(given.seed)
        done = list(rounds(given.spec, root, given.kills, lambda: draw.uniform(0.0, whole.seconds)))
    runs = [run for attempts in done for run in attempts]
    killed = [run for run in runs if run.killed]
    again, lost = sum(len(run.again) for run in runs), sum(len(run.lost) for run in runs)
    half = [name for run in runs for name in run.broken]
    short = sum(attempts[-1].trials != whole.trials for attempts in done)
    missed = [name for name, count in (("lost", lost), ("evaluated again", again)) if count]
    missed += [f"half-written: {name}" for name in half] + (["builds short of trials"] if short else [])
    stages = Counter(run.stage for run in killed)
    for stage, count in stages.most_common():
        print(f"{count:3} kills in {stage!r}")
    result = {
        "spec": given.spec.name,
        "undisturbed_s": whole.seconds,
        "kills": len(killed),
        "builds": len(done),
        "kills_with_stored_trials": sum(run.trials > 0 for run in killed),
        "stages": stages,
        "trials_lost": lost,
        "trials_evaluated_again": again,
        "half_written": half,
        "attempts": [asdict(run) for run in runs],
    }
    headline = (
        f"{len(killed)} kills in {len(done)} builds of {whole.seconds:.0f} s: all finished, {lost} trials lost, "
        f"{again} evaluated again, {len(half)} files half-written"
    )
    return finish(given, result, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
