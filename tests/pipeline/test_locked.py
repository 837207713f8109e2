"""``npas build --locked``: the same sources, byte for byte, or a clear refusal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from conftest import Built
from typer.testing import CliRunner

from npas import measure
from npas.cli import app
from npas.stages import finish, searching, start

CHECKOUT = Path(__file__).parents[2]


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def sources(folder: Path) -> dict[str, bytes]:
    names = ("plan.yaml", "npas.lock", "model.onnx", "spec.yaml")
    return contents(folder / "runtime") | {name: (folder / name).read_bytes() for name in names}


def locked(spec: Path, folder: Path) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["build", str(spec), "--out", str(folder), "--locked"])
    return done.exit_code, done.stderr


@pytest.mark.parametrize("seed", ["1", "4242"])
def test_sources_are_the_same_byte_for_byte(copy: Built, tmp_path: Path, seed: str) -> None:
    """From another working directory, with another hash seed, into a folder that lacks what is generated."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    wanted = sources(copy.folder)
    for path in (copy.folder / "runtime/src", copy.folder / "runtime/kernels"):
        shutil.rmtree(path)
    (copy.folder / "plan.yaml").unlink()
    environment = {"PYTHONHASHSEED": seed}
    build = ("build", "../tiny/tiny.yaml", "--locked", "--out", "../tiny/out")
    done = tiny.npas(*build, cwd=elsewhere, environment=environment)
    assert done.code == 0, done.stderr
    assert sources(copy.folder) == wanted


def test_nothing_is_searched_trained_or_timed(copy: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    def works(*_: object, **__: object) -> None:
        raise AssertionError("a locked build only generates and proves")

    for module, name in ((start, "train"), (searching, "train"), (searching, "search"), (finish, "prune")):
        monkeypatch.setattr(module, name, works)
    monkeypatch.setattr(measure, "measure", works)
    trials = (copy.folder / "search/trials.db").read_bytes()
    assert locked(copy.spec, copy.folder)[0] == 0
    assert (copy.folder / "search/trials.db").read_bytes() == trials


def change_spec(build: Built) -> None:
    build.spec.write_text(build.spec.read_text().replace("epochs: 1, pool: 10", "epochs: 2, pool: 10"))


def change_model(build: Built) -> None:
    path = build.folder / "model.onnx"
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def change_spec_digest(build: Built) -> None:
    path = build.folder / "npas.lock"
    changed = path.read_text().replace("spec: ", "spec: 0", 1)
    path.write_text(changed)


def change_source_digest(build: Built) -> None:
    """As if another version of NPAS had written the source."""
    path = build.folder / "npas.lock"
    text = path.read_text()
    at = text.index("runtime/src/forward.cpp:")
    digit = at + len("runtime/src/forward.cpp: ")
    path.write_text(text[:digit] + ("0" if text[digit] != "0" else "1") + text[digit + 1 :])


def break_lock(build: Built) -> None:
    (build.folder / "npas.lock").write_text("npas_lock: 2\nlayers: [\n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (change_spec, "tiny.yaml: must be the spec of"),
        (change_model, "model.onnx: must be the model of npas.lock"),
        (change_spec_digest, "must be the spec of"),
        (change_source_digest, "runtime/src/forward.cpp"),
        (break_lock, "npas.lock: must be a lock of this version"),
    ],
)
def test_drift_exits_9_and_changes_nothing(copy: Built, change: Callable[[Built], None], message: str) -> None:
    change(copy)
    before = contents(copy.folder)
    code, said = locked(copy.spec, copy.folder)
    assert code == 9 and message in said and "--locked" in said, said
    assert contents(copy.folder) == before


@pytest.mark.parametrize("name", ["npas.lock", "model.onnx", "manifest.json", "runtime/test/golden.bin"])
def test_what_is_missing_exits_2(copy: Built, name: str) -> None:
    (copy.folder / name).unlink()
    code, said = locked(copy.spec, copy.folder)
    assert code == 2 and Path(name).name in said, said


def test_no_build_at_all_exits_2_and_leaves_nothing(copy: Built, tmp_path: Path) -> None:
    code, said = locked(copy.spec, tmp_path / "nothing")
    assert code == 2 and "npas.lock" in said
    assert not (tmp_path / "nothing").exists()


def test_a_source_changed_by_hand_is_found_and_made_again(copy: Built) -> None:
    source = copy.folder / "runtime/src/forward.cpp"
    kept = source.read_bytes()
    source.write_bytes(kept + b"// by hand\n")
    done = CliRunner().invoke(app, ["verify", str(copy.folder)])
    assert done.exit_code == 9 and "forward.cpp: must be as generated" in done.stderr, done.stderr
    assert locked(copy.spec, copy.folder)[0] == 0
    assert source.read_bytes() == kept


def test_the_committed_build_is_what_this_version_generates(tmp_path: Path) -> None:
    shutil.copytree(CHECKOUT / "generated/digits", tmp_path / "digits")
    done = tiny.npas("build", CHECKOUT / "specs/digits.yaml", "--locked", "--out", tmp_path / "digits")
    assert done.code == 0, done.stderr
    assert contents(tmp_path / "digits") == contents(CHECKOUT / "generated/digits")
