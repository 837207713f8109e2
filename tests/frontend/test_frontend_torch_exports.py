"""What torch's two exporters write comes in and computes the same."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from npas.errors import UnsupportedError
from npas.frontend import has_weights, load, onnx_in, torch_in
from npas.frontend.onnx_out import to_onnx
from npas.graph.graph import Network
from npas.spec.schema import TorchModel

SHAPE = (3, 20, 20)


def run(network: Network, image: Tensor) -> Tensor:
    """The network by its operators' references."""
    values: dict[str, Tensor] = {network.graph.inputs[0]: image}
    for node in network.graph.nodes[1:]:
        weights = {role: torch.from_numpy(a) for role, a in network.params(node).items()}
        values[node.name] = node.op.reference([values[i] for i in node.inputs], weights)
    return values[network.graph.outputs[0]]


class SqueezeExcite(nn.Module):
    """With convolutions on the pooled plane, as MobileNet-V3 has it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, 4, 1), nn.Conv2d(4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(x, 1)
        return x * F.hardsigmoid(self.up(F.relu(self.down(pooled))))


class LinearSqueezeExcite(nn.Module):
    """With linear layers and reshapes, as most repositories have it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels, bias=False), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        n, c, _, _ = x.shape
        return x * self.gate(x.mean((2, 3)).view(n, c)).view(n, c, 1, 1)


class Small(nn.Module):
    """Batch-norms, depthwise, both squeeze-and-excites, every activation, concat, pools, dropout, flatten."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Sequential(nn.Conv2d(8, 8, 3, 1, 1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
        self.excite, self.linear_excite = SqueezeExcite(8), LinearSqueezeExcite(8)
        self.point = nn.Conv2d(8, 8, 1)
        self.pad = nn.ZeroPad2d((0, 1, 0, 1))
        self.down = nn.Conv2d(16, 8, 3, 2)
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(8 * 2 * 2, 5))

    def forward(self, x: Tensor) -> Tensor:
        x = (x - 0.5) / torch.tensor([0.2, 0.3, 0.4]).view(1, 3, 1, 1)
        x = self.stem(x)
        x = x + self.linear_excite(self.excite(self.depthwise(x)))
        x = torch.cat([F.silu(self.point(x)), F.gelu(x)], 1)
        x = self.down(self.pad(x))
        x = x * F.relu6(x + 3) / 6 + F.gelu(x, approximate="tanh") + torch.tanh(x) + x * torch.sigmoid(x)
        x = F.relu6(x + 3.0) / 6.0 + F.max_pool2d(x, 3, 1, 1) + F.avg_pool2d(x, 3, 1, 1)
        x = F.avg_pool2d(x, 2, ceil_mode=True)
        x = F.max_pool2d(x, 2, ceil_mode=True)
        return F.softmax(self.head(x.flatten(1)), dim=-1)


def small() -> Small:
    torch.manual_seed(3)
    module = Small()
    with torch.no_grad():
        for _ in range(3):
            module(torch.randn(8, *SHAPE))  # Batch-norm statistics that are not the identity.
    return module.eval()


def exported(module: nn.Module, dynamo: bool, opset: int, path: Path, open_batch: bool = False) -> Path:
    image = torch.zeros(2 if open_batch else 1, *SHAPE)
    if dynamo:
        shapes = ({0: torch.export.Dim("n")},) if open_batch else None
        program = torch.onnx.export(
            module, (image,), dynamo=True, opset_version=opset, dynamic_shapes=shapes, verbose=False
        )
        program.save(str(path))
    else:
        axes = {"x": {0: "n"}} if open_batch else None
        buffer = io.BytesIO()
        torch.onnx.export(
            module, (image,), buffer, dynamo=False, opset_version=opset, input_names=["x"], dynamic_axes=axes
        )
        path.write_bytes(buffer.getvalue())
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("dynamo", "opset", "open_batch"),
    [
        (True, 20, True),
        (True, 18, False),
        (False, 11, True),
        (False, 17, False),
    ],
)
def test_outputs_equal_torch(dynamo: bool, opset: int, open_batch: bool, tmp_path: Path) -> None:
    module = small()
    network = onnx_in.read(exported(module, dynamo, opset, tmp_path / "m.onnx", open_batch))
    image = torch.randn(4, *SHAPE)
    with torch.no_grad():
        wanted = module(image)
        np.testing.assert_allclose(run(network, image), wanted, rtol=1e-5, atol=1e-5)
    kinds = {node.op.type for node in network.graph.nodes}
    assert {"silu", "gelu", "hard_swish", "hard_sigmoid"} <= kinds
    session = onnxruntime.InferenceSession(to_onnx(network).SerializeToString())
    np.testing.assert_allclose(session.run(None, {network.graph.inputs[0]: image.numpy()})[0], wanted, atol=1e-5)


def test_module_keeps_its_batch_norms() -> None:
    module = small()
    network = torch_in.export(module, SHAPE, "small")
    kinds = [node.op.type for node in network.graph.nodes]
    assert kinds.count("batch_norm") == 2
    image = torch.randn(2, *SHAPE)
    with torch.no_grad():
        np.testing.assert_allclose(run(network, image), module(image), rtol=1e-5, atol=1e-5)
    onnx.checker.check_model(to_onnx(network), full_check=True)


FACTORY = """
import torch
from torch import nn

def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))

def broken():
    raise RuntimeError("no such luck")

def not_a_module():
    return 3

class Branchy(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x

def branchy():
    return Branchy()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    name = f"factory_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(FACTORY)
    return tmp_path


def spec(folder: Path, function: str, weights: str | None = None) -> TorchModel:
    return TorchModel(type="torch", factory=f"factory_{folder.name}:{function}", weights=weights)


def test_factory_with_weights(folder: Path) -> None:
    import importlib.util

    module_spec = importlib.util.spec_from_file_location("tmp_factory", folder / f"factory_{folder.name}.py")
    assert module_spec is not None and module_spec.loader is not None
    user = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(user)
    module = user.net().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.25)
    torch.save(module.state_dict(), folder / "w.pth")
    model = spec(folder, "net", "w.pth")
    assert has_weights(model) and not has_weights(spec(folder, "net"))
    network = load(model, SHAPE, 5, folder)
    image = torch.randn(2, *SHAPE)
    with torch.no_grad():
        np.testing.assert_allclose(run(network, image), module(image), rtol=1e-5, atol=1e-5)
        assert not np.allclose(run(load(spec(folder, "net"), SHAPE, 5, folder), image), module(image))


def test_a_module_may_come_trained(folder: Path) -> None:
    model = spec(folder, "net")
    assert has_weights(model.model_copy(update={"trained": True})) and not has_weights(model)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("broken", "the factory failed .RuntimeError: no such luck"),
        ("not_a_module", "must return a torch.nn.Module, got int"),
        ("absent", "the factory failed .AttributeError"),
        ("branchy", "torch cannot export it"),
    ],
)
def test_factories_that_fail(folder: Path, function: str, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        load(spec(folder, function), SHAPE, 5, folder)


def test_module_must_fit_the_data(folder: Path) -> None:
    with pytest.raises(UnsupportedError, match="must give one row of the data's 7 classes"):
        load(spec(folder, "net"), SHAPE, 7, folder)


def test_missing_factory_module(tmp_path: Path) -> None:
    model = TorchModel(type="torch", factory="no_such_module_here:net")
    with pytest.raises(UnsupportedError, match="no_such_module_here"):
        load(model, SHAPE, 5, tmp_path)
