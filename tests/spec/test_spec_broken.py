"""Every broken spec gives exactly one message, the one its first line shows."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from npas.cli import app
from npas.spec import InvalidSpecError, load

FOLDER = Path(__file__).parent / "broken"
SPECS = sorted(FOLDER.glob("*.yaml"))


def expected(path: Path) -> str:
    """``file:line:column field: rule, got value, hint``, of which the first line of the file has all but the file."""
    first = path.read_text(encoding="utf-8").splitlines()[0]
    return f"{path.name}:{first.removeprefix('# ')}"


def test_there_are_at_least_twenty() -> None:
    assert len(SPECS) >= 20


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_message(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    with pytest.raises(InvalidSpecError) as caught:
        load(Path(path.name))
    assert str(caught.value) == expected(path)
    assert len(caught.value.violations) == 1


@pytest.mark.parametrize("command", ["validate", "build"])
@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_command_says_it_on_stderr_and_exits_3(path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    result = CliRunner().invoke(app, [command, path.name])
    assert (result.exit_code, result.stderr, result.stdout) == (3, expected(path) + "\n", "")


def test_a_broken_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["build", str(FOLDER / "unknown_key.yaml")]).exit_code == 3
    assert list(tmp_path.iterdir()) == []
