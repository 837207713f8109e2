"""The operators. ``AnyOp`` is the registry: a new operator is its file and its line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from npas.ops.add import Add
from npas.ops.avg_pool import AvgPool
from npas.ops.base import Elementwise, Op, Shape
from npas.ops.batch_norm import BatchNorm
from npas.ops.clip import Clip
from npas.ops.concat import Concat
from npas.ops.conv2d import Conv2d
from npas.ops.dropout import Dropout
from npas.ops.flatten import Flatten
from npas.ops.gelu import Gelu
from npas.ops.global_avg_pool import GlobalAvgPool
from npas.ops.hard_sigmoid import HardSigmoid
from npas.ops.hard_swish import HardSwish
from npas.ops.input import Input
from npas.ops.linear import Linear
from npas.ops.max_pool import MaxPool
from npas.ops.mul import Mul
from npas.ops.relu import Relu
from npas.ops.sigmoid import Sigmoid
from npas.ops.silu import Silu
from npas.ops.softmax import Softmax
from npas.ops.tanh import Tanh

AnyOp = Annotated[
    Input
    | Conv2d
    | Linear
    | BatchNorm
    | Relu
    | Clip
    | Sigmoid
    | HardSigmoid
    | Silu
    | HardSwish
    | Gelu
    | Tanh
    | Add
    | Mul
    | Concat
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | Flatten
    | Softmax
    | Dropout,
    Field(discriminator="type"),
]

__all__ = [
    "Add",
    "AnyOp",
    "AvgPool",
    "BatchNorm",
    "Clip",
    "Concat",
    "Conv2d",
    "Dropout",
    "Elementwise",
    "Flatten",
    "Gelu",
    "GlobalAvgPool",
    "HardSigmoid",
    "HardSwish",
    "Input",
    "Linear",
    "MaxPool",
    "Mul",
    "Op",
    "Relu",
    "Shape",
    "Sigmoid",
    "Silu",
    "Softmax",
    "Tanh",
]
