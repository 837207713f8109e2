"""``npas init``: what it writes is valid at once, and never written over anything."""

from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from typer.testing import CliRunner

from npas.cli import app
from npas.spec import load
from npas.spec.schema import OnnxModel, Spec, SyntheticData


def invoke(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["init", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_model(path: Path, shape: tuple[int | str, ...]) -> None:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])], "g", [value], [helper.make_empty_tensor_value_info("y")]
    )
    path.parent.mkdir(exist_ok=True)
    onnx.save(helper.make_model(graph), str(path))


def test_the_starter_is_valid_and_shows_the_defaults() -> None:
    assert invoke()[:2] == (0, "digits.yaml\n")
    loaded = load(Path("digits.yaml"))
    written = loaded.spec.model_dump(exclude={"model", "data"}, by_alias=True)
    required = {"apiVersion": "npas/v1", "name": "digits", "constraint": {"max_latency_ratio": 0.5}}
    default = Spec.model_validate({**required, "model": loaded.spec.model, "data": loaded.spec.data})
    assert written == default.model_dump(exclude={"model", "data"}, by_alias=True)


def test_a_model_gives_path_shape_and_name(tmp_path: Path) -> None:
    write_model(Path("models/My Net-2.onnx"), ("N", 1, 28, 20))
    Path("specs").mkdir()
    assert invoke("specs/a.yaml", "--model", "models/My Net-2.onnx")[:2] == (0, "specs/a.yaml\n")
    loaded = load(Path("specs/a.yaml"))
    assert loaded.spec.name == "my_net_2"
    assert loaded.spec.model == OnnxModel(type="onnx", path="../models/My Net-2.onnx")
    assert isinstance(loaded.spec.data, SyntheticData) and loaded.spec.data.shape == (1, 28, 20)


def test_open_sizes_get_the_usual_ones() -> None:
    write_model(Path("models/7.onnx"), ("N", "C", "H", "W"))
    assert invoke("--model", "models/7.onnx")[:2] == (0, "net_7.yaml\n")
    data = load(Path("net_7.yaml")).spec.data
    assert isinstance(data, SyntheticData) and data.shape == (3, 224, 224)


def test_it_never_writes_over_a_file() -> None:
    Path("mine.yaml").write_text("precious")
    code, out, err = invoke("mine.yaml")
    assert (code, out) == (2, "") and "must not exist yet" in err
    assert Path("mine.yaml").read_text() == "precious"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--name", "My Net"], 2, "--name"),
        (["--name", "int"], 2, "--name"),
        (["--model", "nowhere.onnx"], 2, "does not exist"),
        (["--model", "text.onnx"], 4, "must be an ONNX file"),
        (["--model", "vector.onnx"], 4, "2 dimensions"),
        (["no/such/folder.yaml"], 2, "must be writable"),
    ],
)
def test_what_it_refuses(arguments: list[str], code: int, says: str, tmp_path: Path) -> None:
    Path("text.onnx").write_text("this is not a model")
    write_model(Path("vector.onnx"), (1, 10))
    before = sorted(tmp_path.rglob("*"))
    result = invoke(*arguments)
    assert result[:2] == (code, "") and says in result[2]
    assert sorted(tmp_path.rglob("*")) == before
