"""The operators. ``AnyOp`` is the registry: a new operator is its file and its line here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from npas.ops.add import Add
from npas.ops.arithmetic import Arithmetic
from npas.ops.avg_pool import AvgPool
from npas.ops.base import Binary, Elementwise, Op, Shape
from npas.ops.batch_norm import BatchNorm
from npas.ops.clip import Clip
from npas.ops.concat import Concat
from npas.ops.constant import Constant
from npas.ops.conv2d import Conv2d
from npas.ops.dropout import Dropout
from npas.ops.elu import Elu
from npas.ops.expand import Expand
from npas.ops.flatten import Flatten
from npas.ops.gather import Gather
from npas.ops.gelu import Gelu
from npas.ops.global_avg_pool import GlobalAvgPool
from npas.ops.hard_sigmoid import HardSigmoid
from npas.ops.hard_swish import HardSwish
from npas.ops.input import Input
from npas.ops.leaky_relu import LeakyRelu
from npas.ops.linear import Linear
from npas.ops.matmul import MatMul
from npas.ops.max_pool import MaxPool
from npas.ops.mul import Mul
from npas.ops.normalize import Normalize
from npas.ops.pad import Pad
from npas.ops.reduce import Reduce
from npas.ops.relu import Relu
from npas.ops.resample import Resample
from npas.ops.reshape import Reshape
from npas.ops.sigmoid import Sigmoid
from npas.ops.silu import Silu
from npas.ops.slice import Slice
from npas.ops.softmax import Softmax
from npas.ops.tanh import Tanh
from npas.ops.threshold import Threshold
from npas.ops.transpose import Transpose
from npas.ops.unary import Unary

AnyOp = Annotated[
    Input
    | Constant
    | Conv2d
    | Linear
    | MatMul
    | BatchNorm
    | Normalize
    | Relu
    | LeakyRelu
    | Elu
    | Threshold
    | Clip
    | Sigmoid
    | HardSigmoid
    | Silu
    | HardSwish
    | Gelu
    | Tanh
    | Unary
    | Add
    | Mul
    | Arithmetic
    | Concat
    | MaxPool
    | AvgPool
    | GlobalAvgPool
    | Reduce
    | Flatten
    | Reshape
    | Transpose
    | Slice
    | Gather
    | Pad
    | Expand
    | Resample
    | Softmax
    | Dropout,
    Field(discriminator="type"),
]

__all__ = [
    "Add",
    "AnyOp",
    "Arithmetic",
    "AvgPool",
    "BatchNorm",
    "Binary",
    "Clip",
    "Concat",
    "Constant",
    "Conv2d",
    "Dropout",
    "Elementwise",
    "Elu",
    "Expand",
    "Flatten",
    "Gather",
    "Gelu",
    "GlobalAvgPool",
    "HardSigmoid",
    "HardSwish",
    "Input",
    "LeakyRelu",
    "Linear",
    "MatMul",
    "MaxPool",
    "Mul",
    "Normalize",
    "Op",
    "Pad",
    "Reduce",
    "Relu",
    "Resample",
    "Reshape",
    "Shape",
    "Sigmoid",
    "Silu",
    "Slice",
    "Softmax",
    "Tanh",
    "Threshold",
    "Transpose",
    "Unary",
]
