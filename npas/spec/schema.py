"""What a user may write. These models are the config itself: the rest of NPAS reads them as they are.

Units stand in names (``_ms``). Accuracies are fractions. Unknown keys are errors.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

SchemeName = Literal["unstructured", "filter", "pattern", "block", "block_punched"]
FilterType = Literal["1x1", "3x3", "3x3dw_1x1", "1x1_3x3dw_1x1", "skip"]
AlgorithmName = Literal["magnitude", "iterative_magnitude", "admm", "geometric_median"]
Activation = Literal["relu", "relu6", "swish", "hard_swish"]

Name = Annotated[
    str,
    Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        json_schema_extra={"patternErrorMessage": "a lower-case letter, then at most 39 of a-z, 0-9 and _"},
    ),
]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Epochs = Annotated[int, Field(ge=0, le=1_000_000)]
Side = Annotated[int, Field(ge=1, le=4096)]
Seed = Annotated[int, Field(ge=0)]
Rate = Annotated[float, Field(ge=1.0, le=100.0)]

# What these name must exist when a spec is loaded; relative paths start at the spec's folder.
FilePath = Annotated[str, Field(min_length=1, json_schema_extra={"x-path": "file"})]
FolderPath = Annotated[str, Field(min_length=1, json_schema_extra={"x-path": "folder"})]
_DISTINCT: dict[str, JsonValue] = {"uniqueItems": True}


class Part(BaseModel):
    """Base of every part of the spec."""

    model_config = ConfigDict(frozen=True, extra="forbid")


# --- the network -----------------------------------------------------------------------------------------


class ZooModel(Part):
    """A network of the zoo; trained from scratch unless ``weights`` names a checkpoint."""

    type: Literal["zoo"]
    name: Literal[
        "amoebanet_a_mobile",
        "efficientnet_b0",
        "mnasnet_a1",
        "mobilenet_v1",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "mobilenet_v3_small",
        "nasnet_a_mobile",
        "proxyless_mobile",
        "resnet18",
        "resnet50",
        "vgg16",
    ]
    width: Annotated[float, Field(gt=0.0, le=4.0)] = 1.0
    activation: Activation | None = Field(None, description="Replaces the network's own activation.")
    weights: FilePath | None = Field(None, description="A .pth, .safetensors or .npz file, relative to the spec.")


class OnnxModel(Part):
    """An ONNX file with its own weights."""

    type: Literal["onnx"]
    path: FilePath


class TorchModel(Part):
    """A torch module, built by a function of the user's: ``package.module:function``. It is trained where the spec says
    so or a file has its weights."""

    type: Literal["torch"]
    factory: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
            json_schema_extra={"patternErrorMessage": "package.module:function"},
        ),
    ]
    trained: bool = False
    weights: FilePath | None = None


Model = Annotated[ZooModel | OnnxModel | TorchModel, Field(discriminator="type")]


# --- the data --------------------------------------------------------------------------------------------


class DigitsData(Part):
    """scikit-learn's 1,797 real 8x8 digits, scaled up to ``size`` pixels."""

    type: Literal["digits"]
    size: Annotated[int, Field(ge=8, le=64)] = 32
    channels: Literal[1, 3] = 1
    test_fraction: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.25
    seed: Seed = 0


class ImageFolderData(Part):
    """ImageNet's layout: ``path/train/<class>/*.jpg`` and ``path/val/<class>/*.jpg``."""

    type: Literal["image_folder"]
    path: FolderPath
    size: Annotated[int, Field(ge=8, le=1024)] = 224
    workers: Annotated[int, Field(ge=0, le=64)] = 2


class NpzData(Part):
    """One .npz file with ``x_train`` [N, C, H, W], ``y_train`` [N], ``x_test`` and ``y_test``."""

    type: Literal["npz"]
    path: FilePath


class SyntheticData(Part):
    """Random, learnable images: each class is a fixed random template plus noise."""

    type: Literal["synthetic"]
    shape: tuple[Side, Side, Side] = Field((3, 32, 32), description="(channels, height, width)")
    classes: Annotated[int, Field(ge=2, le=100_000)] = 10
    train: Count = 512
    test: Count = 256
    seed: Seed = 0


Data = Annotated[DigitsData | ImageFolderData | NpzData | SyntheticData, Field(discriminator="type")]


# --- where it will run -----------------------------------------------------------------------------------


class LocalDevice(Part):
    """This machine."""

    type: Literal["local"] = "local"


Device = Annotated[LocalDevice, Field()]

Isa = Literal["portable", "avx2", "avx512"]

Storage = Literal["fp32", "fp16"]


DeviceName = Annotated[
    str,
    Field(
        max_length=80,
        pattern=r"^[A-Za-z0-9 ()_.,:+@-]*$",
        json_schema_extra={"patternErrorMessage": "letters, digits, spaces and ()_.,:+@-"},
    ),
]


class CpuTarget(Part):
    """A C++ runtime; ``native`` is the widest ISA that this machine has."""

    type: Literal["cpu"] = "cpu"
    isa: Literal["native", Isa] = "native"
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    fully_connected: Storage = Field(
        "fp32", description="How weights of fully connected layers are stored; fp16 rounds them, and halves their size."
    )
    device: Device = LocalDevice()


class OpenClTarget(Part):
    """A C++ host and OpenCL kernels, on a device of this machine."""

    model_config = ConfigDict(
        json_schema_extra={
            "not": {
                "properties": {"work_items": {"const": "lanes"}, "lanes": {"type": "integer"}},
                "required": ["work_items", "lanes"],
            },
            "if": {"properties": {"arithmetic": {"const": "fp16"}}, "required": ["arithmetic"]},
            "then": {
                "properties": {"weights": {"const": "fp16"}, "activations": {"const": "fp16"}},
                "required": ["weights", "activations"],
            },
        }
    )

    type: Literal["opencl"]
    platform: DeviceName = Field("", description="Part of the platform's name, in any case; empty: any.")
    device: DeviceName = Field("", description="Part of the device's name, in any case; empty: the first.")
    lanes: Literal[4, 8, 16] | None = Field(
        None, description="Floats in a vector of a work item; by default as many as the device prefers, at least 4."
    )
    work_items: Literal["lanes", "threads"] | None = Field(
        None,
        description="What a work item is: a lane of the hardware's vectors, as on a GPU, or a thread with vectors of "
        "its own, as on a processor; by default as the device has them, threads where lanes are named.",
    )
    threads: Annotated[int, Field(ge=1, le=256)] = Field(
        256, description="Of a device that is a processor, as many of its cores, or all it has."
    )
    weights: Storage = Field(
        "fp32", description="How weights are stored, but for depthwise layers; fp16 rounds them, and halves their size."
    )
    activations: Storage = Field(
        "fp32",
        description="How what passes from layer to layer is stored; fp16 halves its size, on any device. Accuracy is "
        "that of fp32, to 1e-2 of the outputs.",
    )
    arithmetic: Storage = Field(
        "fp32",
        description="In what convolutions multiply, but for depthwise ones, those by Winograd's method and those to "
        "one pixel; fp16 takes a device with cl_khr_fp16, and weights and activations that are fp16 too.",
    )

    @model_validator(mode="after")
    def _halves_are_multiplied_by_halves(self) -> Self:
        if self.arithmetic == "fp16" and (self.weights, self.activations) != ("fp16", "fp16"):
            raise ValueError(
                "arithmetic in fp16 takes weights and activations in fp16, got "
                f"weights: {self.weights}, activations: {self.activations}, set both"
            )
        return self

    @model_validator(mode="after")
    def _vectors_are_of_threads(self) -> Self:
        if self.work_items == "lanes" and self.lanes is not None:
            raise ValueError(
                f"takes no lanes where work_items are lanes themselves, got {self.lanes}, remove one of them"
            )
        return self


Target = Annotated[CpuTarget | OpenClTarget, Field(discriminator="type")]


class Constraint(Part):
    """The latency budget: absolute, or as a share of the dense build's latency. Exactly one of the two."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    max_latency_ms: Annotated[float, Field(gt=0.0)] | None = None
    max_latency_ratio: Annotated[float, Field(gt=0.0, le=1.0)] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if (self.max_latency_ms is None) == (self.max_latency_ratio is None):
            got = "neither, add one" if self.max_latency_ms is None else "both, remove one"
            raise ValueError(f"takes exactly one of max_latency_ms and max_latency_ratio, got {got}")
        return self


# --- how to get there ------------------------------------------------------------------------------------


class Training(Part):
    """The starting point's training from scratch; skipped where the model comes with weights."""

    epochs: Epochs = 30
    batch_size: Count = 64
    learning_rate: Annotated[float, Field(gt=0.0)] = 0.05
    weight_decay: Annotated[float, Field(ge=0.0)] = 5e-4
    seed: Seed = 0


class Rewrite(Part):
    """Phase 1: unfriendly operators become friendly ones, then one short fine-tune."""

    enabled: bool = True
    epochs: Epochs = 2


class Search(Part):
    """Phase 2: what may be chosen per layer, and how long to look."""

    filter_types: Annotated[tuple[FilterType, ...], Field(json_schema_extra=_DISTINCT)] = get_args(FilterType)
    schemes: Annotated[tuple[SchemeName, ...], Field(min_length=1, json_schema_extra=_DISTINCT)] = get_args(SchemeName)
    rates: Annotated[tuple[Rate, ...], Field(min_length=1, json_schema_extra=_DISTINCT)] = (
        1.0,
        2.0,
        2.5,
        3.0,
        5.0,
        7.0,
        10.0,
    )
    trials: Count = 40
    batch: Count = 4
    pool: Count = 100
    initial: Count = Field(
        8, description="Trials before the surrogate is asked: uniform prunings, then the agent's own."
    )
    epochs: Epochs = 2
    alpha: Annotated[float, Field(gt=0.0)] = Field(
        1.0, description="Reward lost per budget of latency over the budget."
    )
    seed: Seed = 0


class Pruning(Part):
    """Phase 3: each algorithm is tried for ``trial_epochs``; the best gets ``epochs``."""

    algorithms: Annotated[tuple[AlgorithmName, ...], Field(min_length=1, json_schema_extra=_DISTINCT)] = get_args(
        AlgorithmName
    )
    trial_epochs: Count = 3
    epochs: Count = 20
    distillation: bool = True
    seed: Seed = 0


class Tune(Part):
    """Schedules by measurement: a genetic search over every distinct kernel of the dense and of the final program.

    What it finds is remembered for this device and compiler, and every build uses what is remembered.
    """

    generations: Annotated[int, Field(ge=0, le=1000)] = Field(0, description="0: use what is known, measure nothing.")
    population: Annotated[int, Field(ge=2, le=256)] = Field(8, description="Schedules measured in a generation.")
    seed: Seed = 0


class Verify(Part):
    """How much of the test split is compared with ONNX Runtime."""

    samples: Count = 64


class Spec(Part):
    """One build."""

    api_version: Literal["npas/v1"] = Field(alias="apiVersion")
    name: Name = Field(description="Prefix of every symbol of the generated runtime, and its folder's name.")
    model: Model
    data: Data
    target: Target = CpuTarget()
    constraint: Constraint
    training: Training = Training()
    rewrite: Rewrite = Rewrite()
    search: Search = Search()
    pruning: Pruning = Pruning()
    tune: Tune = Tune()
    verify: Verify = Verify()
