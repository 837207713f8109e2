import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from npas.errors import DriftError, NpasError
from npas.search.candidate import Candidate, Choice
from npas.search.store import TrialStore, identity, read
from npas.search.trial import Evaluation, Trial
from npas.spec.schema import Spec


def trial(number: int) -> Trial:
    candidate = Candidate({"conv0": Choice("3x3", "unstructured", 1.0), "fc": Choice("fc", "block", 2.0 + number)})
    if number % 5 == 4:
        return Trial(number, candidate, "agent", None, None, "compiler: refused")
    return Trial(number, candidate, "mutation", Evaluation(0.1 + number / 1e3, 1.0 / (number + 1), 2.5, 0.5), 0.25)


def spec(**changes: object) -> Spec:
    base = {
        "apiVersion": "npas/v1",
        "name": "digits",
        "model": {"type": "zoo", "name": "resnet18"},
        "data": {"type": "digits"},
        "constraint": {"max_latency_ms": 2.0},
    }
    return Spec.model_validate(base | changes)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    path = tmp_path / "search" / "trials.db"
    trials = tuple(trial(i) for i in range(7))
    with TrialStore(path) as store:
        for t in trials:
            store.add(t)
        assert store.trials() == trials == read(path)
    with TrialStore(path) as store:
        assert store.trials() == trials


def test_durability_settings_and_columns(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    with TrialStore(path) as store:
        store.add(trial(0))
        assert store._db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert store._db.execute("PRAGMA synchronous").fetchone() == (2,)
    names = [row[1] for row in sqlite3.connect(path).execute("PRAGMA table_info(trials)")]
    columns = "id key candidate accuracy latency_ms reward status error seconds_accuracy seconds_latency origin"
    assert " ".join(names) == columns


def test_another_spec_is_refused_with_the_difference(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    with TrialStore(path, identity(spec())) as store:
        store.add(trial(0))
    changed = identity(spec(search={"alpha": 2.0}, target={"type": "cpu", "threads": 2}))
    with pytest.raises(DriftError) as error:
        TrialStore(path, changed)
    for part in ("search.alpha: 1.0 -> 2.0", "target.threads: 1 -> 2", "--fresh", str(path)):
        assert part in str(error.value)
    assert "search.seed" not in str(error.value)
    with TrialStore(path, identity(spec())) as store:
        assert len(store.trials()) == 1


def test_more_trials_another_constraint_or_phase_3_are_the_same_search() -> None:
    other = spec(search={"trials": 400}, name="other", pruning={"epochs": 3}, verify={"samples": 1})
    assert identity(other) == identity(spec())
    assert identity(spec(constraint={"max_latency_ratio": 0.5})) == identity(spec())
    assert identity(spec(search={"seed": 1})) != identity(spec())
    assert identity(spec(training={"epochs": 1})) != identity(spec())


def test_one_writer_many_readers(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    with TrialStore(path) as store:
        with pytest.raises(NpasError, match="one search may write"):
            TrialStore(path)
        store.add(trial(0))
        assert len(read(path)) == 1
        store.add(trial(1))
    with TrialStore(path) as store:
        assert len(store.trials()) == 2


def test_refused_store_frees_its_lock(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    TrialStore(path, {"a": 1}).close()
    for _ in range(2):
        with pytest.raises(DriftError):
            TrialStore(path, {"a": 2})
    TrialStore(path, {"a": 1}).close()


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like one" * 40, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_file_that_is_no_store_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trials.db"
    path.write_bytes(content)
    with pytest.raises(NpasError, match=r"trials\.db"):
        TrialStore(path)
    with pytest.raises(NpasError, match=r"trials\.db"):
        read(path)


def test_rows_that_are_no_trials_are_named(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    TrialStore(path).close()
    for candidate in ("{", "[]", '{"conv0": {"colour": "red"}}'):
        with sqlite3.connect(path) as db:
            db.execute("DELETE FROM trials")
            db.execute(
                "INSERT INTO trials VALUES (0, 'k', ?, 0.5, 1.0, 0.5, 'done', NULL, 0, 0, 'agent')", (candidate,)
            )
        with TrialStore(path) as store, pytest.raises(NpasError, match="rows of trials"):
            store.trials()
    with pytest.raises(NpasError, match="run npas search"):
        read(tmp_path / "missing.db")


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_search_store import trial
from npas.search.candidate import Candidate, Choice
from npas.search.store import TrialStore
with TrialStore(Path(sys.argv[1])) as store:
    number = len(store.trials())
    while True:
        store.add(trial(number))
        print(number, flush=True)
        number += 1
"""


def test_nothing_acknowledged_is_lost_when_killed(tmp_path: Path) -> None:
    """SIGKILL while rows are written as fast as the disk takes them: every number that was printed is there."""
    path = tmp_path / "trials.db"
    acknowledged = 0
    for kill in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(3)]
            time.sleep(0.005 * kill)
            os.kill(writer.pid, signal.SIGKILL)
            lines += writer.stdout.read().splitlines(keepends=True)
        whole = [int(line) for line in lines if line.endswith("\n")]
        assert whole, "the writer never came up"
        acknowledged = max(acknowledged, whole[-1])
        stored = read(path)
        assert len(stored) > acknowledged
        assert stored == tuple(trial(i) for i in range(len(stored)))


def test_candidate_column_is_plain_json(tmp_path: Path) -> None:
    path = tmp_path / "trials.db"
    with TrialStore(path) as store:
        store.add(trial(1))
    ((text,),) = sqlite3.connect(path).execute("SELECT candidate FROM trials").fetchall()
    assert json.loads(text)["conv0"] == {"filter_type": "3x3", "scheme": "unstructured", "rate": 1.0}
