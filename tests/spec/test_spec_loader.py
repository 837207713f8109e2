"""Loading: valid specs, several violations at once, rules between fields, and hostile files."""

from pathlib import Path

import pytest

from npas.errors import UsageError
from npas.spec import InvalidSpecError, LoadedSpec, load
from npas.spec.schema import DigitsData, OnnxModel, Spec, ZooModel

SMALL = """\
apiVersion: npas/v1
name: digits
model: {type: zoo, name: mobilenet_v2}
data: {type: digits}
constraint: {max_latency_ms: 2}
"""
SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "spec.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def messages(folder: Path, text: str | bytes) -> list[str]:
    path = write(folder, text)
    with pytest.raises(InvalidSpecError) as caught:
        load(path)
    return [line.removeprefix(f"{path}:") for line in str(caught.value).splitlines()]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_examples_are_valid_and_carry_the_modeline(path: Path) -> None:
    loaded = load(path, files=False)  # the user brings those that most of them name
    assert loaded.text.startswith("# yaml-language-server: $schema=../docs/npas.schema.json\n")
    assert (path.parent / "../docs/npas.schema.json").is_file()


def test_a_loaded_spec_knows_where_it_came_from(tmp_path: Path) -> None:
    path = write(tmp_path, SMALL)
    loaded = load(path)
    assert loaded == LoadedSpec(loaded.spec, path, SMALL)
    assert loaded.folder == tmp_path
    assert isinstance(loaded.spec.model, ZooModel) and isinstance(loaded.spec.data, DigitsData)
    assert loaded.spec.constraint.max_latency_ms == 2.0
    assert isinstance(loaded.spec.constraint.max_latency_ms, float)


def test_all_violations_come_at_once_in_file_order(tmp_path: Path) -> None:
    text = """\
apiVersion: npas/v2
name: 2d
model: {type: zoo, name: mobilenet, widht: 0.5}
data: {type: digits, size: 4, channels: 2}
constraint: {max_latency_ms: -1}
search: {rates: [0, 2, 200], trials: ten, batch: 9}
search: {}
pruning: {epochs: !!int 3, distillation: on}
verify: {samples: .inf}
extra: 1
"""
    assert [message.split(": ")[0] for message in messages(tmp_path, text)] == [
        "1:13 apiVersion",
        "2:7 name",
        "3:26 model.name",
        "3:37 model.widht",
        "4:28 data.size",
        "4:41 data.channels",
        "5:30 constraint.max_latency_ms",
        "6:18 search.rates[0]",
        "6:24 search.rates[2]",
        "6:38 search.trials",
        "7:1 search",
        "8:19 pruning.epochs",
        "8:42 pruning.distillation",
        "9:19 verify.samples",
        "10:1 extra",
    ]


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        (("type: zoo, name: mobilenet_v2", "type: onxx, pat: 3, widht: 2"), ["model.type"]),
        (("{type: digits}", "[1, {a: b}]"), ["data"]),
        (("{type: digits}", "!!map {type: dig, x: 1}"), ["data"]),
        (("data:", "dta:"), ["dta"]),
        (("{max_latency_ms: 2}", "{max_latency: 2}"), ["constraint.max_latency"]),
    ],
)
def test_one_mistake_gives_one_message(tmp_path: Path, change: tuple[str, str], fields: list[str]) -> None:
    found = messages(tmp_path, SMALL.replace(*change))
    assert [message.split(" ")[1].rstrip(":") for message in found] == fields


def test_a_value_behind_an_alias_is_reported_where_it_stands(tmp_path: Path) -> None:
    text = SMALL + "search: {trials: &n many}\nverify: {samples: *n}\n"
    assert {message.split(" ")[0] for message in messages(tmp_path, text)} == {"6:18"}


def test_aliases_within_the_limits_are_values(tmp_path: Path) -> None:
    spec = load(write(tmp_path, SMALL + "search: {trials: &n 12}\nverify: {samples: *n}\n")).spec
    assert (spec.search.trials, spec.verify.samples) == (12, 12)


def test_defaults_never_offend(tmp_path: Path) -> None:
    """The default batch is 4 and the default initial 8: not the user's mistake."""
    assert load(write(tmp_path, SMALL + "search: {trials: 2, rates: [1, 2]}\n")).spec.search.trials == 2


def test_files_are_found_from_the_spec_s_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.chdir(tmp_path.parent)
    text = SMALL.replace("{type: zoo, name: mobilenet_v2}", "{type: onnx, path: ../model.onnx}")
    loaded = load(write(tmp_path / "specs", text))
    assert isinstance(loaded.spec.model, OnnxModel) and (loaded.folder / loaded.spec.model.path).exists()


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("modle.onnx", "did you mean 'model.onnx'?"),
        ("~/model.onnx", "'~' is not expanded: write the whole path"),
        ("/nowhere/at/all.onnx", "check the path"),
        ('"a\\0b"', "paths start at the spec's folder"),
    ],
)
def test_missing_files_come_with_a_hint(tmp_path: Path, path: str, hint: str) -> None:
    (tmp_path / "model.onnx").write_bytes(b"")
    text = SMALL.replace("{type: zoo, name: mobilenet_v2}", f"{{type: onnx, path: {path}}}")
    (message,) = messages(tmp_path, text)
    assert message.startswith("3:27 model.path: must be a file that exists, got ") and message.endswith(hint)


def test_not_utf8(tmp_path: Path) -> None:
    text = SMALL.encode() + "# größe\nverify: {}\n".encode("latin-1")
    assert messages(tmp_path, text) == ["6:5 spec: must be UTF-8 text, got the byte 0xf6, save the file as UTF-8"]


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert load(write(tmp_path, b"\xef\xbb\xbf" + SMALL.encode())).spec.name == "digits"


def test_size_is_capped(tmp_path: Path) -> None:
    full = SMALL + "#" * (256 * 1024 - len(SMALL))
    assert load(write(tmp_path, full)).spec.name == "digits"
    assert messages(tmp_path, full + "#") == ["1:1 spec: a spec has at most 256 KiB, got more, is it the right file?"]


def test_messages_stay_on_one_short_line(tmp_path: Path) -> None:
    (message,) = messages(tmp_path, SMALL.replace("name: digits", 'name: "' + "\\n\\u2028x" * 5000 + '"'))
    assert len(message) < 300 and message.isprintable()


@pytest.mark.parametrize(
    ("name", "rule"),
    [("nowhere.yaml", "no such file"), (".", "a folder"), ("spec.yml", "did you mean")],
)
def test_no_file_is_wrong_usage(tmp_path: Path, name: str, rule: str) -> None:
    write(tmp_path, SMALL)
    with pytest.raises(UsageError, match=rule):
        load(tmp_path / name)


def test_numbers_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    text = SMALL + "search: {trials: 0o17, pool: 0x20, alpha: 1e-1, seed: 010}\n"
    search = load(write(tmp_path, text)).spec.search
    assert (search.trials, search.pool, search.alpha, search.seed) == (15, 32, 0.1, 10)


def test_the_spec_round_trips_through_its_own_json(tmp_path: Path) -> None:
    spec = load(write(tmp_path, SMALL)).spec
    assert Spec.model_validate_json(spec.model_dump_json(by_alias=True)) == spec


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("pruning: {epochs: 2, trial_epochs: 3}", "pruning.trial_epochs"),
        ("search: {pool: 2, batch: 3}", "search.batch"),
        ("search: {batch: 41}", "search.batch"),
    ],
)
def test_a_part_is_no_larger_than_its_whole(tmp_path: Path, text: str, field: str) -> None:
    (message,) = messages(tmp_path, SMALL + text + "\n")
    assert f" {field}: must be at most " in message
