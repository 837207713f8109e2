"""What the template of layers prints for OpenCL: the kernels that compute a layer, with their arguments.

A launch is a line: the kernel, its work items and those of a work group, then the arguments in the order of the
kernel's parameters. Values, weights and the caller's arrays are named by number, as in the plan.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from npas.compiler.array_layers import ArrayLayer
from npas.compiler.cpp_text import layout_text
from npas.compiler.launches import GROUP, TILES, WARPS, Calls, Launch, Loop, numbers
from npas.compiler.launches_arrays import array_calls
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
from npas.compiler.schedules.records import DepthwiseSchedule, LaneSchedule, PackedSchedule, Schedule
from npas.compiler.schedules.winograd import position_step
from npas.compiler.stored import Winograd
from npas.compiler.views_arrays import definition
from npas.compiler.views_kernels import namespace
from npas.ops.reduce import Function as Reduction
from npas.ops.softmax import Kind as SoftmaxKind
from npas.targets.isa import ISAS

_TOGETHER = {
    **dict.fromkeys((f"reduce_{name}" for name in get_args(Reduction)), "reduce"),
    **dict.fromkeys(get_args(SoftmaxKind), "softmax"),
    "normalize_rows": "normalize",
    "narrow": "convert",
    "widen": "convert",
}
"""Kernels that share a file of another name."""
FAR_BELOW = 2**30
"""A row below every image: of a lane that stands for nothing."""
CONVERSIONS = ("narrow", "widen")
_PARTS = ("_in", "_out")
"""Of a generated file: kernels that run before the one of its name, or after it."""


@dataclass(frozen=True, slots=True)
class SourcesView:
    """The text of all kernels, as the program carries it."""

    name: str
    namespace: str
    defined: tuple[str, ...]
    """Before the prelude: the lanes of a vector, and what is in half precision."""
    prelude: str
    texts: tuple[tuple[str, str], ...]
    """Path and text."""
    kernels: tuple[tuple[str, int], ...]
    """Each kernel and the number of its text."""
    platform: str
    device: str
    half_values: bool
    half_products: bool


def sources_view(plan: Plan, used: Mapping[str, str], texts: Mapping[str, str], prelude: str) -> SourcesView:
    """``used`` says which text each kernel is in; ``texts`` are by path."""
    number_of = {path: i for i, path in enumerate(texts)}
    platform, device = plan.wanted
    isa = ISAS[plan.isa]
    halves = {"HALF_VALUES": isa.values == "fp16", "HALF_PRODUCTS": isa.products == "fp16"}
    return SourcesView(
        name=plan.name,
        namespace=namespace(plan),
        defined=(f"LANES {plan.lanes}", *(name for name, own in halves.items() if own)),
        prelude=prelude,
        texts=tuple(texts.items()),
        kernels=tuple((kernel, number_of[path]) for kernel, path in sorted(used.items())),
        platform=platform,
        device=device,
        half_values=halves["HALF_VALUES"],
        half_products=halves["HALF_PRODUCTS"],
    )


def kernels_of(plan: Plan) -> tuple[str, ...]:
    """The kernels that a plan's layers run, and those that take the caller's floats to what values are stored as."""
    own = (name for layer in plan.layers for launch in calls(plan, layer, 0)[1] for name in launch.kernels)
    return tuple(dict.fromkeys((*own, *(CONVERSIONS if ISAS[plan.isa].values == "fp16" else ()))))


def file_of(kernel: str, generated: Collection[str]) -> str:
    """The file that holds a kernel, without its suffix: one of those generated, or a hand-written one."""
    own = next((name for name in (kernel, *map(kernel.removesuffix, _PARTS)) if name in generated), None)
    return own or _TOGETHER.get(kernel, kernel)


def calls(plan: Plan, layer: Layer, spec: int) -> Calls:
    """Of a layer; ``spec`` is the number of its weights."""
    inputs, out = [_place(i, "input") for i in layer.inputs], _place(layer.output, "output")
    to, tiles = _layout(plan, layer.output), _tiles(plan)
    match layer:
        case InputLayer() | OutputLayer():
            return (), (_copy(plan, _layout(plan, layer.inputs[0], plan.inputs), to, inputs[0], out),)
        case CopyLayer():
            return _copy_as(plan, layer, inputs[0], out)
        case SplitLayer():
            phases = ", ".join(f"{y}, {x}" for y, x in layer.phases)
            sizes = numbers(len(layer.phases), *layer.stride, layer.top, layer.left)
            launch = Launch(
                "split_phases",
                (-(-to.width // plan.lanes), to.height, to.planes),
                tiles,
                (*inputs, out, "table(kPhases)", *sizes),
            )
            return (f"static constexpr std::int32_t kPhases[] = {{{phases}}};",), (launch,)
        case ConvLayer() | LinearLayer():
            return (), (_indexed(plan, layer, spec, inputs, out),)
        case DepthwiseLayer():
            assert isinstance(layer.depthwise.schedule, DepthwiseSchedule)
            columns = -(-to.width // layer.depthwise.schedule.pixels)
            sizes = numbers(columns, layer.depthwise.top, layer.depthwise.left)
            operands = (f"depthwise({spec})", inputs[0], out, *inputs[1:], *sizes)
            return (), (Launch(layer.kernel, (columns * to.height, to.planes), tiles, operands),)
        case WinogradLayer():
            return _winograd(plan, layer, spec, inputs, out)
        case ElementwiseLayer():
            return _elementwise(plan, layer, inputs, out)
        case PoolLayer():
            return (), (_pool(layer, _layout(plan, layer.inputs[0]), to, inputs, out),)
        case GlobalAvgPoolLayer():
            together = WARPS if ISAS[plan.isa].items else 1  # a work group for each plane
            planes = _layout(plan, layer.inputs[0]).planes
            return (), (Launch("global_average_pool", (planes * together,), together, (*inputs, out)),)
        case ConcatLayer():
            own, first = _layout(plan, layer.inputs[0]), layer.first_channel
            planes = (first + own.channels - 1) // to.block - first // to.block + 1
            items = (to.width, to.height, planes)
            return (), (Launch("copy_channels", items, GROUP, (*inputs, out, f"number({first})")),)
    assert isinstance(layer, ArrayLayer), layer
    return array_calls(layer, inputs, out, to)


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
        return Launch("copy_rows", (vectors, target.height, target.planes), _tiles(plan), (from_, to))
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


def _tiles(plan: Plan) -> int:
    """Of a work group whose items have several vectors each."""
    return WARPS if ISAS[plan.isa].items else TILES


def _indexed(plan: Plan, layer: ConvLayer | LinearLayer, spec: int, inputs: Sequence[str], out: str) -> Launch:
    """Tiles of pixels times groups of filters, or groups alone."""
    schedule = layer.indexed.schedule
    assert not isinstance(schedule, PackedSchedule), layer
    in_image = isinstance(schedule, LaneSchedule) and schedule.placement == "image"
    operands = (f"indexed{'_image' * in_image}({spec})", inputs[0], out, *inputs[1:])
    share = _shared_by_lanes if ISAS[plan.isa].items else _shared_by_threads
    return share(layer, schedule, f"run.groups({spec})", operands)


def _shared_by_lanes(
    layer: ConvLayer | LinearLayer, schedule: LaneSchedule | Schedule, groups: str, operands: tuple[str, ...]
) -> Launch:
    """A work group shares out a list; of a convolution with filters in lanes also neighbouring pixels."""
    ix, side = layer.indexed, schedule.tiles_at_a_time
    if isinstance(layer, LinearLayer):
        return Launch(layer.kernel, (f"{side} * {groups}",), side, operands)
    if isinstance(schedule, Schedule):
        return _shared_by_threads(layer, schedule, groups, operands)
    size, along = side * schedule.slices, -(-ix.tiles // side)
    items = (size, groups, along) if schedule.split == "pixels" else (size * along, groups)
    return Launch(layer.kernel, items, size, (*operands, f"number({ix.grid.row_step})"))


def _shared_by_threads(
    layer: ConvLayer | LinearLayer, schedule: LaneSchedule | Schedule, groups: str, operands: tuple[str, ...]
) -> Launch:
    """An item has a tile and a group."""
    ix, few = layer.indexed, schedule.tiles_at_a_time
    if isinstance(layer, LinearLayer):
        return Launch(layer.kernel, (groups,), TILES, (*operands, f"number({groups})"))
    # Work groups of the same filters follow each other, or those of the same pixels.
    items = (few, groups, -(-ix.tiles // few)) if schedule.split == "pixels" else (ix.tiles, groups)
    if isinstance(schedule, Schedule):
        return Launch(layer.kernel, items, few, (*operands, f"number({ix.tiles})"))
    blocks = -(-ix.channels // schedule.channel_block)
    grid = f"record({{{ix.tiles}, {ix.grid.columns}, {ix.grid.wide}, {ix.grid.row_step}, {blocks}}})"
    return Launch(layer.kernel, items, few, (*operands, grid))


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
    weights = f"winograd{'_image' * (schedule.placement == 'image')}({spec})"
    multiplied = (weights, work, *numbers(terms, to.planes), tiles)
    back = (f"winograd_bias({spec})", work, out, *inputs[1:], tiles)
    launches = (
        Launch(f"{layer.kernel}{_PARTS[0]}", ("count", own.planes), group, into),
        Launch(layer.kernel, (columns, groups, own.side**2), few, multiplied),
        Launch(f"{layer.kernel}{_PARTS[1]}", ("count", to.planes), group, back),
    )
    return _lanes_of(own, read, plan.lanes) if planar else (), (Loop(own.tiles, room, launches),)


def _lanes_of(own: Winograd, read: Layout, lanes: int) -> tuple[str, ...]:
    """For each plane of the transformed tiles: where its lanes lie in an image of planes, their rows, their columns."""
    entries: list[int] = []
    for plane in range(own.planes):
        at = [divmod(plane * lanes + lane, own.channels) for lane in range(lanes)]
        used = [phase < own.stride**2 for phase, _ in at]
        y, x = [phase // own.stride for phase, _ in at], [phase % own.stride for phase, _ in at]
        where = [c * read.plane + i * read.pitch + j for (_, c), i, j in zip(at, y, x, strict=True)]
        # A lane that stands for nothing lies below every image.
        rows = [i if u else FAR_BELOW for i, u in zip(y, used, strict=True)]
        entries += [*(w if u else 0 for w, u in zip(where, used, strict=True)), *rows, *x]
    return definition("static constexpr std::int32_t kLanesOf[] = {", entries)


def _pool(layer: PoolLayer, source: Layout, to: Layout, inputs: Sequence[str], out: str) -> Launch:
    window = (*layer.window, *layer.stride, layer.top, layer.left, *layer.dilation)
    counted = numbers(int(layer.count_pads)) if layer.function == "average_pool" else ()
    operands = (*inputs, out, f"record({{{', '.join(map(str, window))}}})", *counted)
    return Launch(layer.function, (to.width, to.height, source.planes), GROUP, operands)


def _place(value: int, port: str) -> str:
    return f"value({value})" if value >= 0 else f"{port}({-1 - value})"


def _layout(plan: Plan, value: int, ports: Sequence[Port] | None = None) -> Layout:
    """Of a value, or of one of the caller's arrays."""
    return plan.values[value].layout if value >= 0 else (plan.outputs if ports is None else ports)[-1 - value].layout
