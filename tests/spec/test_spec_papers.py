"""The specs of the paper's experiments: valid beside the files that they name, which are read as they lie."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from npas import data, frontend, zoo
from npas.frontend.initialise import initialise
from npas.search.space import SearchSpace
from npas.spec import load
from npas.spec.schema import ZooModel
from npas.zoo.public_names import public_names

SPECS = sorted(path for path in (Path(__file__).parents[2] / "specs").glob("*.yaml") if path.stem != "digits")
CLASSES = ("n01440764", "n01443537", "n02102040")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The specs beside a small ImageNet in the real layout, and empty files for weights."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("val", 1)):
        for name in CLASSES:
            folder = tmp_path / "data" / "imagenet" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 256, (int(rng.integers(180, 300)), int(rng.integers(180, 300)), 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{name}_{i}.JPEG")
    (tmp_path / "weights").mkdir()
    (tmp_path / "specs").mkdir()
    for path in SPECS:
        shutil.copy(path, tmp_path / "specs")
        (tmp_path / "weights" / f"{_network(path)}.pth").touch()
    return tmp_path


def _network(path: Path) -> zoo.NetworkName:
    """The network that a spec's file is named after."""
    return next(name for name in zoo.NETWORKS if path.stem.startswith(name))


def test_there_are_specs_for_what_the_paper_compares() -> None:
    assert [path.stem for path in SPECS] == [
        "efficientnet_b0_47",
        "efficientnet_b0_58",
        "efficientnet_b0_83",
        "mobilenet_v2_imagenet",
        "resnet18_imagenet",
        "vgg16_imagenet",
    ]


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_valid_where_its_files_are(path: Path, checkout: Path) -> None:
    spec = load(checkout / "specs" / path.name).spec
    assert spec.name == path.stem
    assert isinstance(spec.model, ZooModel) and spec.model.name == _network(path)
    assert SearchSpace.of(zoo.build(spec.model.name), spec.search).sites


@pytest.mark.parametrize("stem", ["mobilenet_v2_imagenet", "efficientnet_b0_58"])
def test_data_and_weights_are_read(stem: str, checkout: Path) -> None:
    loaded = load(checkout / "specs" / f"{stem}.yaml")
    model = loaded.spec.model
    assert isinstance(model, ZooModel)
    network = initialise(zoo.build(model.name, (3, 224, 224), len(CLASSES)), np.random.default_rng(3))
    names = public_names(model.name, network.graph)
    state = {names[own]: torch.from_numpy(array) for own, array in network.weights.items()}
    torch.save(state, checkout / "weights" / f"{model.name}.pth")

    dataset = data.load(loaded.spec.data, loaded.folder)
    assert (dataset.shape, dataset.classes) == ((3, 224, 224), len(CLASSES))
    assert (len(dataset.train), len(dataset.test)) == (9, 3)
    found = frontend.load(model, dataset.shape, dataset.classes, loaded.folder)
    for key, array in network.weights.items():
        np.testing.assert_array_equal(found.weights[key], array)
