"""Trials on disk: one SQLite file, one writer, nothing acknowledged is lost.

The rollback journal with synchronous=FULL survives a kill at any moment and a power cut; WAL is not used, because the
SQLite that Python bundles has had a bug there. ``identity`` is what the trials depend on (see ``identity``): a store is
only opened with the identity that it was made with, since accuracies of another model would mislead the search.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from npas.errors import DriftError, NpasError
from npas.search.candidate import Candidate
from npas.search.trial import Evaluation, Trial
from npas.spec.schema import Spec

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    candidate TEXT NOT NULL,
    accuracy REAL,
    latency_ms REAL,
    reward REAL,
    status TEXT NOT NULL CHECK (status IN ('done', 'failed')),
    error TEXT,
    seconds_accuracy REAL,
    seconds_latency REAL,
    origin TEXT NOT NULL CHECK (origin IN ('agent', 'mutation', 'initial'))
);
"""

COLUMNS = "id, key, candidate, accuracy, latency_ms, reward, status, error, seconds_accuracy, seconds_latency, origin"


def identity(spec: Spec) -> dict[str, Any]:
    """What a spec's trials depend on. Not its name, not phase 3, and neither how many trials there may be nor the
    constraint (rewards are made anew), so that a search that met none can go on: for longer, or with a looser one."""
    parts = spec.model_dump(mode="json", include={"model", "data", "target", "training", "rewrite"})
    return parts | {"search": spec.search.model_dump(mode="json", exclude={"trials"})}


class TrialStore:
    """The one writer of a file of trials; a context manager.

    Raises DriftError where the file's trials were made with another identity, NpasError where another process is
    writing to it or it is not a store.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any] | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._pid = os.getpid()
        self._lock = _lock(path)
        try:
            self._db = _open(path)
            self._claim(identity)
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()
        os.close(self._lock)

    def trials(self) -> tuple[Trial, ...]:
        """Every trial, in the order of evaluation."""
        return tuple(_rows(self._db, self.path))

    def add(self, trial: Trial) -> None:
        """Store a trial; it is on the disk when this returns."""
        assert os.getpid() == self._pid, "a store has one writer, not a forked copy"
        done = trial.evaluation
        row = (
            trial.number,
            trial.key,
            json.dumps(trial.candidate.to_json()),
            done.accuracy if done else None,
            done.latency_ms if done else None,
            trial.reward,
            "done" if done else "failed",
            trial.error,
            done.seconds_accuracy if done else None,
            done.seconds_latency if done else None,
            trial.origin,
        )
        try:
            with self._db:
                self._db.execute(f"INSERT INTO trials ({COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)
        except sqlite3.OperationalError as error:
            message = f"{self.path}: trials must be writable, got '{error}', free disk space or close readers"
            raise NpasError(message) from error

    def _claim(self, identity: Mapping[str, Any] | None) -> None:
        """Compare with the identity that the store was made with, or become its maker's."""
        if identity is None:
            return
        text = json.dumps(identity, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        stored = dict(self._db.execute("SELECT key, value FROM meta").fetchall())
        if not stored:
            with self._db:
                rows = [("digest", digest), ("identity", text)]
                self._db.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", rows)
        elif stored["digest"] != digest:
            changes = "; ".join(_differences(json.loads(stored["identity"]), json.loads(text)))
            self._db.close()
            raise DriftError(
                f"{self.path}: its trials were made with another spec, got {changes}; "
                "undo the change, or start over with --fresh"
            )


def read(path: Path) -> tuple[Trial, ...]:
    """The trials of a store, without becoming its writer: a running search goes on undisturbed.

    Opened for writing all the same, because a killed search may have left a journal that must first be rolled back.
    Raises NpasError where there is no store.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30.0)) as db:
            db.execute("PRAGMA query_only=ON")
            return tuple(_rows(db, path))
    except sqlite3.DatabaseError as error:
        raise NpasError(f"{path}: needs a store of trials, got '{error}', run npas search first") from error


def _lock(path: Path) -> int:
    """Lock the folder: a lock on the file itself would share its fate with SQLite's own."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(folder)
        raise NpasError(f"{path}: one search may write, got a second one, wait for the first to end") from error
    return folder


def _open(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=30.0)
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(SCHEMA)
    except sqlite3.DatabaseError as error:
        raise NpasError(f"{path}: needs a store of trials, got '{error}', move the file away") from error
    return db


def _rows(db: sqlite3.Connection, path: Path) -> Iterator[Trial]:
    try:
        for row in db.execute(f"SELECT {COLUMNS} FROM trials ORDER BY id"):
            yield _trial(row)
    except sqlite3.OperationalError:
        raise
    except (sqlite3.DatabaseError, ValueError, TypeError, AttributeError) as error:
        raise NpasError(f"{path}: needs rows of trials, got '{error}', start over with --fresh") from error


def _trial(row: tuple[Any, ...]) -> Trial:
    number, _, candidate, accuracy, latency_ms, reward, status, error, seconds_accuracy, seconds_latency, origin = row
    done = Evaluation(accuracy, latency_ms, seconds_accuracy, seconds_latency) if status == "done" else None
    return Trial(number, Candidate.from_json(json.loads(candidate)), origin, done, reward, error)


def _differences(old: Any, new: Any, at: str = "") -> list[str]:
    """``path: old -> new`` of every leaf that differs."""
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        return [line for k in keys for line in _differences(old.get(k), new.get(k), f"{at}.{k}" if at else k)]
    return [] if old == new else [f"{at}: {json.dumps(old)} -> {json.dumps(new)}"]
