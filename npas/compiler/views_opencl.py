"""What the template of layers prints for OpenCL: the kernels that compute a layer, with their arguments.

A launch is a line: the kernel, its work items and those of a work group, then the arguments in the order of the
kernel's parameters. Values, weights and the caller's arrays are named by number, as in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import get_args

from npas.compiler.array_layers import (
    OUTSIDE,
    ArrayLayer,
    ClearLayer,
    MatMulLayer,
    MoveLayer,
    NormalizeLayer,
    ReduceLayer,
    ResampleLayer,
    SoftmaxLayer,
)
from npas.compiler.cpp_text import WIDTH, layout_text
from npas.compiler.moves import expand_runs
from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    GlobalAvgPoolLayer,
    InputLayer,
    Layer,
    Layout,
    LinearLayer,
    OutputLayer,
    Plan,
    PoolLayer,
    Port,
    SplitLayer,
    WinogradLayer,
)
from npas.compiler.schedules.records import LaneSchedule, PackedSchedule, Schedule
from npas.compiler.schedules.winograd import position_step
from npas.compiler.stored import Winograd
from npas.compiler.views_arrays import definition, float_text
from npas.compiler.views_kernels import namespace
from npas.ops.reduce import Function as Reduction
from npas.ops.softmax import Kind as SoftmaxKind

GROUP = 32
"""Work items of a group where an item computes a number or a pixel."""
TILES = 8
"""Where an item has several vectors, or a row, of its own."""
FAR_OUTSIDE = -2147483647
"""In the tables of a move: what lies outside of the source. The kernel calls it OUTSIDE."""
INDENT = " " * 4

_TOGETHER = {
    **dict.fromkeys((f"reduce_{name}" for name in get_args(Reduction)), "reduce"),
    **dict.fromkeys(get_args(SoftmaxKind), "softmax"),
    "normalize_rows": "normalize",
}
"""Kernels that share a file of another name."""
_PARTS = ("_in", "_out")
"""Of a generated file: kernels that run before the one of its name, or after it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel at work: ``items`` in groups of ``group`` along the first of at most three dimensions."""

    kernel: str
    items: tuple[int | str, ...]
    group: int
    arguments: tuple[str, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        return (self.kernel,)

    def text(self, indent: str = INDENT) -> str:
        """The statement, as a careful person would break it."""
        items = f"{{{', '.join(map(str, self.items))}}}"
        lines = [f'{indent}run.launch("{self.kernel}", {items}, {self.group})']
        line = hanging = indent + INDENT
        for argument in self.arguments:
            if len(line) + len(argument) + 2 > WIDTH and line.strip():
                lines.append(line)
                line = hanging
            line += f".{argument}"
        return "\n".join((*lines, f"{line};"))


@dataclass(frozen=True, slots=True)
class Loop:
    """Launches for every so many of a layer's tiles, which name the ``first`` and the ``count`` of those at hand."""

    tiles: int
    at_a_time: int
    launches: tuple[Launch, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(launch.kernel for launch in self.launches)

    def text(self) -> str:
        """The statement."""
        tiles, most = self.tiles, self.at_a_time
        return "\n".join(
            (
                f"{INDENT}for (int first = 0; first < {tiles}; first += {most}) {{",
                f"{INDENT * 2}const int count = {tiles} - first < {most} ? {tiles} - first : {most};",
                *(launch.text(INDENT * 2) for launch in self.launches),
                f"{INDENT}}}",
            )
        )


@dataclass(frozen=True, slots=True)
class SourcesView:
    """The text of all kernels, as the program carries it."""

    name: str
    namespace: str
    lanes: int
    prelude: str
    texts: tuple[tuple[str, str], ...]
    """Path and text."""
    kernels: tuple[tuple[str, int], ...]
    """Each kernel and the number of its text."""
    platform: str
    device: str


def sources_view(plan: Plan, used: Mapping[str, str], texts: Mapping[str, str], prelude: str) -> SourcesView:
    """``used`` says which text each kernel is in; ``texts`` are by path."""
    numbers = {path: i for i, path in enumerate(texts)}
    platform, device = plan.wanted
    return SourcesView(
        name=plan.name,
        namespace=namespace(plan),
        lanes=plan.lanes,
        prelude=prelude,
        texts=tuple(texts.items()),
        kernels=tuple((kernel, numbers[path]) for kernel, path in sorted(used.items())),
        platform=platform,
        device=device,
    )


def kernels_of(plan: Plan) -> tuple[str, ...]:
    """The kernels that a plan's layers run."""
    return tuple(
        dict.fromkeys(name for layer in plan.layers for launch in calls(plan, layer, 0)[1] for name in launch.kernels)
    )


def file_of(kernel: str, generated: Collection[str]) -> str:
    """The file that holds a kernel, without its suffix: one of those generated, or a hand-written one."""
    own = next((name for name in (kernel, *map(kernel.removesuffix, _PARTS)) if name in generated), None)
    return own or _TOGETHER.get(kernel, kernel)


Calls = tuple[tuple[str, ...], tuple[Launch | Loop, ...]]
"""Definitions that the launches name, a line each, and the launches."""


def calls(plan: Plan, layer: Layer, spec: int) -> Calls:
    """Of a layer; ``spec`` is the number of its weights."""
    inputs, out = [_place(i, "input") for i in layer.inputs], _place(layer.output, "output")
    to = _layout(plan, layer.output)
    match layer:
        case InputLayer() | OutputLayer():
            return (), (_copy(plan, _layout(plan, layer.inputs[0], plan.inputs), to, inputs[0], out),)
        case CopyLayer():
            return _copy_as(plan, layer, inputs[0], out)
        case SplitLayer():
            phases = ", ".join(f"{y}, {x}" for y, x in layer.phases)
            numbers = _numbers(len(layer.phases), *layer.stride, layer.top, layer.left)
            launch = Launch(
                "split_phases",
                (-(-to.width // plan.lanes), to.height, to.planes),
                TILES,
                (*inputs, out, "table(kPhases)", *numbers),
            )
            return (f"static constexpr std::int32_t kPhases[] = {{{phases}}};",), (launch,)
        case ConvLayer() | LinearLayer():
            return (), (_indexed(layer, spec, inputs, out),)
        case DepthwiseLayer():
            columns = -(-to.width // layer.depthwise.schedule.pixels)
            numbers = _numbers(columns, layer.depthwise.top, layer.depthwise.left)
            operands = (f"depthwise({spec})", inputs[0], out, *inputs[1:], *numbers)
            return (), (Launch(layer.kernel, (columns * to.height, to.planes), TILES, operands),)
        case WinogradLayer():
            return _winograd(plan, layer, spec, inputs, out)
        case ElementwiseLayer():
            return _elementwise(plan, layer, inputs, out)
        case PoolLayer():
            return (), (_pool(layer, _layout(plan, layer.inputs[0]), to, inputs, out),)
        case GlobalAvgPoolLayer():
            return (), (Launch("global_average_pool", (_layout(plan, layer.inputs[0]).planes,), TILES, (*inputs, out)),)
        case ConcatLayer():
            own, first = _layout(plan, layer.inputs[0]), layer.first_channel
            planes = (first + own.channels - 1) // to.block - first // to.block + 1
            items = (to.width, to.height, planes)
            return (), (Launch("copy_channels", items, GROUP, (*inputs, out, f"number({first})")),)
    assert isinstance(layer, ArrayLayer), layer
    return _array(layer, inputs, out, to)


def other_layouts(plan: Plan, layer: CopyLayer) -> dict[str, Layout]:
    """The layouts that the copy takes its values to have, by the constant's name, where they have others."""
    own = {"kFrom": (layer.source, layer.inputs[0]), "kTo": (layer.target, layer.output)}
    return {name: layout for name, (layout, value) in own.items() if plan.values[value].layout != layout}


def _copy(plan: Plan, source: Layout, target: Layout, from_: str, to: str) -> Launch:
    if source.compact and target.compact:
        elements = target.channels * target.plane
        return Launch("copy_plain", (-(-elements // plan.lanes),), GROUP, (from_, to, f"number({elements})"))
    if source.block == target.block:
        vectors = -(-target.width * target.block // plan.lanes)
        return Launch("copy_rows", (vectors, target.height, target.planes), TILES, (from_, to))
    kernel, planes = ("pack", target.planes) if source.block == 1 else ("unpack", source.planes)
    return Launch(kernel, (target.width, target.height, planes), GROUP, (from_, to))


def _copy_as(plan: Plan, layer: CopyLayer, from_: str, to: str) -> Calls:
    """Between the layouts that the copy takes its values to have."""
    others = other_layouts(plan, layer)
    constants = tuple(f"static constexpr Layout {name} = {layout_text(layout)};" for name, layout in others.items())
    from_ = f"value({layer.inputs[0]}, kFrom)" if "kFrom" in others else from_
    to = f"value({layer.output}, kTo)" if "kTo" in others else to
    return constants, (_copy(plan, layer.source, layer.target, from_, to),)


def _elementwise(plan: Plan, layer: ElementwiseLayer, inputs: Sequence[str], out: str) -> Calls:
    """Vectors of a plane; plain arrays that all have the same elements are one."""
    values = (*layer.inputs, layer.output)
    to, elements = _layout(plan, layer.output), {_layout(plan, i) for i in values}
    if to.compact and len(elements) == 1 and min(values) >= 0:
        count = to.channels * to.plane
        flat = Layout(channels=1, height=1, width=count, pitch=count, origin=0, plane=count)
        places = tuple(f"value({i}, kAll)" for i in values)
        constants = (f"static constexpr Layout kAll = {layout_text(flat)};",)
        return constants, (Launch(layer.kernel, (-(-count // plan.lanes), 1), GROUP, places),)
    vectors = -(-to.run * to.block // plan.lanes)
    return (), (Launch(layer.kernel, (vectors, to.planes), GROUP, (*inputs, out)),)


def _indexed(layer: ConvLayer | LinearLayer, spec: int, inputs: Sequence[str], out: str) -> Launch:
    """Tiles of pixels times groups of filters, or groups alone."""
    ix, groups = layer.indexed, f"run.groups({spec})"
    schedule = ix.schedule
    operands = (f"indexed({spec})", inputs[0], out, *inputs[1:])
    if isinstance(layer, LinearLayer):
        return Launch(layer.kernel, (groups,), TILES, (*operands, f"number({groups})"))
    assert not isinstance(schedule, PackedSchedule), layer
    # Work groups of the same filters follow each other, or those of the same pixels.
    few = schedule.tiles_at_a_time
    items = (few, groups, -(-ix.tiles // few)) if schedule.split == "pixels" else (ix.tiles, groups)
    match schedule:
        case LaneSchedule():
            blocks = -(-ix.channels // schedule.channel_block)
            grid = f"record({{{ix.tiles}, {ix.grid.columns}, {ix.grid.wide}, {ix.grid.row_step}, {blocks}}})"
            return Launch(layer.kernel, items, few, (*operands, grid))
        case Schedule():
            return Launch(layer.kernel, items, few, (*operands, f"number({ix.tiles})"))


def _winograd(plan: Plan, layer: WinogradLayer, spec: int, inputs: Sequence[str], out: str) -> Calls:
    """Three kernels for every few tiles."""
    own, to, read = layer.winograd, _layout(plan, layer.output), _layout(plan, layer.inputs[0])
    schedule, work = own.schedule, f"value({layer.scratch[0]})"
    top, left, bottom, right = own.pads
    image = f"record({{{own.stride}, {top}, {left}, {read.height + bottom}, {read.width + right}}})"
    steps = [position_step(planes, schedule, plan.lanes) for planes in (own.planes, to.planes)]
    terms = own.channels * own.stride**2
    groups = -(-to.planes // schedule.vectors)
    planar = own.input_block == 1
    lanes = ("table(kLanesOf)",) if planar else ()
    room = schedule.tiles_at_a_time
    tiles = f"record({{first, count, {own.columns}, {room}, {steps[0]}, {steps[1]}}})"
    columns = f"(count + {schedule.pixels - 1}) / {schedule.pixels}" if schedule.pixels > 1 else "count"
    group = min(room, GROUP)
    few = min(-(-room // schedule.pixels), GROUP)
    into = (inputs[0], work, *lanes, image, tiles)
    multiplied = (f"winograd({spec})", work, *_numbers(terms, to.planes), tiles)
    back = (f"winograd_bias({spec})", work, out, *inputs[1:], tiles)
    launches = (
        Launch(f"{layer.kernel}{_PARTS[0]}", ("count", own.planes), group, into),
        Launch(layer.kernel, (columns, groups, own.side**2), few, multiplied),
        Launch(f"{layer.kernel}{_PARTS[1]}", ("count", to.planes), group, back),
    )
    return _lanes_of(own, read, plan.lanes) if planar else (), (Loop(own.tiles, room, launches),)


def _lanes_of(own: Winograd, read: Layout, lanes: int) -> tuple[str, ...]:
    """For each plane of the transformed tiles: where its lanes lie in an image of planes, their rows, their columns."""
    numbers: list[int] = []
    for plane in range(own.planes):
        at = [divmod(plane * lanes + lane, own.channels) for lane in range(lanes)]
        used = [phase < own.stride**2 for phase, _ in at]
        y, x = [phase // own.stride for phase, _ in at], [phase % own.stride for phase, _ in at]
        where = [c * read.plane + i * read.pitch + j for (_, c), i, j in zip(at, y, x, strict=True)]
        # A lane that stands for nothing lies below every image.
        rows = [i if u else -FAR_OUTSIDE // 2 for i, u in zip(y, used, strict=True)]
        numbers += [*(w if u else 0 for w, u in zip(where, used, strict=True)), *rows, *x]
    return definition("static constexpr std::int32_t kLanesOf[] = {", numbers)


def _pool(layer: PoolLayer, source: Layout, to: Layout, inputs: Sequence[str], out: str) -> Launch:
    window = (*layer.window, *layer.stride, layer.top, layer.left, *layer.dilation)
    counted = _numbers(int(layer.count_pads)) if layer.function == "average_pool" else ()
    operands = (*inputs, out, f"record({{{', '.join(map(str, window))}}})", *counted)
    return Launch(layer.function, (to.width, to.height, source.planes), GROUP, operands)


def _array(layer: ArrayLayer, inputs: Sequence[str], out: str, to: Layout) -> Calls:
    match layer:
        case MoveLayer():
            return _move(layer, inputs, out)
        case ClearLayer():
            return (), (Launch("clear", (to.plane * to.block, to.planes), GROUP, (out,)),)
        case ReduceLayer():
            return (), (_rows(f"reduce_{layer.function}", layer, inputs, out),)
        case NormalizeLayer():
            return (), (_rows("normalize_rows", layer, inputs, out, f"real({float_text(layer.epsilon)})"),)
        case SoftmaxLayer():
            return (), (_rows(layer.function, layer, inputs, out),)
        case MatMulLayer():
            numbers = _numbers(layer.rows, layer.depth, layer.columns)
            items = (layer.columns * layer.rows, layer.batch)
            return (), (Launch("matmul", items, GROUP, (*inputs, out, *numbers)),)
        case ResampleLayer():
            count = len(layer.indices) // layer.taps
            numbers = _numbers(layer.size, layer.inner, count, layer.taps)
            constants = (
                *definition("static constexpr std::int32_t kIndices[] = {", layer.indices),
                *definition("static constexpr float kWeights[] = {", [float_text(w) for w in layer.weights]),
            )
            operands = (*inputs, out, "table(kIndices)", "table(kWeights)", *numbers)
            return constants, (Launch("resample", (layer.inner * count, layer.outer), GROUP, operands),)


def _rows(
    kernel: str, layer: ReduceLayer | NormalizeLayer | SoftmaxLayer, inputs: Sequence[str], out: str, *more: str
) -> Launch:
    return Launch(kernel, (layer.rows,), TILES, (*inputs, out, *_numbers(layer.rows, layer.length), *more))


def _move(layer: MoveLayer, inputs: Sequence[str], out: str) -> Calls:
    """Tables of each axis, innermost first: its length, then what its indices add in the source and in the target."""
    tables: list[int] = []
    for axis in reversed(layer.axes):
        source = (FAR_OUTSIDE if at == OUTSIDE else at for at in expand_runs(axis.source))
        tables += [axis.count, *source, *expand_runs(axis.target)]
    elements = prod(axis.count for axis in layer.axes)
    numbers = (*_numbers(len(layer.axes), layer.source, layer.target, elements), f"real({float_text(layer.fill)})")
    launch = Launch("move", (elements,), GROUP, (*inputs, out, "table(kAxes)", *numbers))
    return definition("static constexpr std::int32_t kAxes[] = {", tables), (launch,)


def _numbers(*values: int) -> tuple[str, ...]:
    return tuple(f"number({value})" for value in values)


def _place(value: int, port: str) -> str:
    return f"value({value})" if value >= 0 else f"{port}({-1 - value})"


def _layout(plan: Plan, value: int, ports: Sequence[Port] | None = None) -> Layout:
    """Of a value, or of one of the caller's arrays."""
    return plan.values[value].layout if value >= 0 else (plan.outputs if ports is None else ports)[-1 - value].layout
