"""The convolutions that take a layer's place, by filter type.

Between the factors of a separable replacement stands no activation: it then stays a linear map that least squares
can fit, and separable layers learn better so (Chollet, Xception, 2017, section 4.7). The last one always has a
bias: it costs nothing once batch normalisation is folded in, and absorbs what the reconstruction shifts.
"""

from __future__ import annotations

from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, Shape
from npas.spec.schema import FilterType

Parts = tuple[Conv2d, ...]


def parts_of(filter_type: FilterType, node: Node, graph: Graph) -> Parts | None:
    """The replacement of a convolution, in order.

    None where it would enlarge the kernel, change the output's shape or not lower the multiply-accumulates.
    """
    op = node.op
    if not isinstance(op, Conv2d) or op.groups != 1:
        return None
    shape = graph.input_shapes(node)[0]
    for parts in _proposals(filter_type, op, shape[1]):
        if _result(parts, shape) == graph.shapes[node.name] and _macs(parts, shape) < op.macs((shape,)):
            return parts
    return None


def crop(op: Conv2d, size: int) -> tuple[int, int]:
    """Where a ``size`` x ``size`` kernel sits inside ``op``'s: its first row and column.

    In the centre, or nearer to the start where the padding leaves no room before it.
    """
    starts = [min((op.kernel[i] - size) // 2, op.pads[i] // op.dilation[i]) for i in range(2)]
    return starts[0], starts[1]


def _proposals(filter_type: FilterType, op: Conv2d, channels: int) -> tuple[Parts, ...]:
    """Possible replacements, the widest first."""
    if filter_type == "skip":
        return ()
    size = 1 if filter_type == "1x1" else 3
    if size > min(op.kernel) or op.kernel == (size, size) == _kernel(filter_type):
        return ()
    pointwise = Conv2d(filters=op.filters, kernel=(1, 1), bias=True)
    match filter_type:
        case "1x1" | "3x3":
            return ((_shrunk(op, size, op.filters, 1, bias=True),),)
        case "3x3dw_1x1":
            return ((_shrunk(op, 3, channels, channels), pointwise),)
        case "1x1_3x3dw_1x1":
            widths = sorted({channels, op.filters}, reverse=True)
            return tuple((Conv2d(filters=m, kernel=(1, 1)), _shrunk(op, 3, m, m), pointwise) for m in widths)


def _kernel(filter_type: FilterType) -> tuple[int, int] | None:
    """The kernel of the types that are a single dense convolution."""
    return {"1x1": (1, 1), "3x3": (3, 3)}.get(filter_type)


def _shrunk(op: Conv2d, size: int, filters: int, groups: int, bias: bool = False) -> Conv2d:
    """A convolution that looks at the middle ``size`` x ``size`` taps of ``op``, at the same places."""
    before = crop(op, size)
    near = [op.pads[i] - before[i] * op.dilation[i] for i in range(2)]
    far = [op.pads[i + 2] - (op.kernel[i] - size - before[i]) * op.dilation[i] for i in range(2)]
    return Conv2d(
        filters=filters,
        kernel=(size, size),
        stride=op.stride,
        pads=(near[0], near[1], max(0, far[0]), max(0, far[1])),
        dilation=op.dilation if size > 1 else (1, 1),
        groups=groups,
        bias=bias,
    )


def _result(parts: Parts, shape: Shape) -> Shape:
    for part in parts:
        shape = part.infer((shape,))
    return shape


def _macs(parts: Parts, shape: Shape) -> int:
    total = 0
    for part in parts:
        total += part.macs((shape,))
        shape = part.infer((shape,))
    return total
