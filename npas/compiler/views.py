"""What the templates print: frozen, all arithmetic done, every string safe in the place where it goes.

Names of graph nodes reach comments only, and only as ``graph.NAME`` allows them; identifiers are made of indices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from npas.compiler.cpp_text import comment, listing, table, with_note
from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    CopyLayer,
    Depthwise,
    DepthwiseLayer,
    ElementwiseLayer,
    Indexed,
    InputLayer,
    Kernel,
    Layer,
    Layout,
    LinearLayer,
    OutputLayer,
    Plan,
    PoolLayer,
    Port,
    SplitLayer,
    WeightsLayer,
    Winograd,
    WinogradLayer,
)
from npas.compiler.schedules.records import LaneSchedule
from npas.graph.graph import NAME
from npas.targets.isa import ISAS


@dataclass(frozen=True, slots=True)
class KernelView:
    namespace: str
    name: str
    template: Literal["conv", "conv_lanes", "depthwise_lanes", "winograd_lanes", "linear", "elementwise"]
    rows: int
    vectors: int
    narrow: int
    depth: int
    pixels: int
    step: int
    pixels_out: int
    window: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    epilogue: tuple[str, ...]
    residual: bool
    binary: Literal["", "plane", "channel"]
    summary: str
    signature: str


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer function: comment lines, then statements."""

    namespace: str
    function: str
    step: str
    """The line of ``forward``."""
    notes: tuple[str, ...]
    constants: tuple[str, ...]
    body: str
    inputs: tuple[int, int]
    """Values for the description; -1 where there is none."""
    output: int


@dataclass(frozen=True, slots=True)
class ModelView:
    name: str
    upper: str
    namespace: str
    isa: str
    threads: int
    fingerprint: str
    sections: int
    arena: int
    values: tuple[str, ...]
    taps: tuple[str, ...]
    indexed: tuple[str, ...]
    """Initialisers of one ``IndexedSpec`` each, in the order of its members."""
    depthwise: tuple[str, ...]
    """The same of ``DepthwiseSpec``."""
    winograd: tuple[str, ...]
    layers: tuple[LayerView, ...]
    kernels: tuple[KernelView, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    compile_flags: str


def namespace(plan: Plan) -> str:
    """Of all C++ in the tree, so that two models live in one program."""
    return f"npas_{plan.name}"


def layout_text(layout: Layout) -> str:
    fields = (
        *(layout.channels, layout.height, layout.width),
        *(layout.pitch, layout.origin, layout.plane, layout.block),
    )
    return "{" + ", ".join(map(str, fields)) + "}"


def kernel_views(plan: Plan) -> tuple[KernelView, ...]:
    return tuple(_kernel(plan, kernel) for kernel in plan.kernels)


def _kernel(plan: Plan, kernel: Kernel) -> KernelView:
    views = ["in", *(["other"] if kernel.binary else []), "out", *(["residual"] if kernel.residual else [])]
    indexed = {
        "conv": ["const Indexed& conv"],
        "conv_lanes": ["const Indexed& conv"],
        "depthwise_lanes": ["const Depthwise& layer"],
        "winograd_lanes": ["const Winograd& layer"],
        "linear": ["const Indexed& layer"],
        "elementwise": [],
    }
    share = ["View work", "const Run& run"] if kernel.template == "winograd_lanes" else ["Share share"]
    parameters = [*indexed[kernel.template], *(f"View {view}" for view in views), *share]
    return KernelView(
        namespace=namespace(plan),
        name=kernel.name,
        template=kernel.template,
        rows=kernel.rows,
        vectors=kernel.vectors,
        narrow=kernel.narrow,
        depth=kernel.depth,
        pixels=kernel.pixels,
        step=kernel.step,
        pixels_out=kernel.tile,
        window=kernel.window,
        stride=kernel.stride,
        dilation=kernel.dilation,
        epilogue=kernel.epilogue,
        residual=kernel.residual,
        binary=kernel.binary,
        summary=_summary(kernel),
        signature=listing(f"void {kernel.name}(", parameters, ")"),
    )


def _summary(kernel: Kernel) -> str:
    """What the kernel holds in registers, or computes."""
    vectors = f"{kernel.vectors} vector{'s' if kernel.vectors > 1 else ''}"
    if kernel.template == "elementwise":
        return " ".join(kernel.epilogue)
    if kernel.template == "conv_lanes":
        paired = ", two input channels side by side," if kernel.depth == 2 else ""
        return f"{vectors} of weights{paired} x {kernel.pixels} pixels in registers"
    if kernel.template == "winograd_lanes":
        return f"{vectors} of weights x {kernel.pixels} tiles in registers"
    if kernel.template == "depthwise_lanes":
        return f"{kernel.window[0]}x{kernel.window[1]}, {kernel.pixels} pixels in registers"
    if kernel.template == "linear":
        return f"{vectors} of filters at a time" if kernel.rows > 1 else "one filter at a time"
    return f"{kernel.rows} filter{'s' if kernel.rows > 1 else ''} x {vectors} of pixels in registers"


def function_name(index: int) -> str:
    return f"layer_{index:03d}"


def layer_views(plan: Plan) -> tuple[LayerView, ...]:
    specs = {id(layer): i for part in _weighted(plan) for i, layer in enumerate(part)}
    return tuple(_layer(plan, i, layer, specs.get(id(layer), -1)) for i, layer in enumerate(plan.layers))


def _layer(plan: Plan, index: int, layer: Layer, spec: int) -> LayerView:
    assert all(NAME.match(node) for node in layer.nodes)
    inputs = (*layer.inputs, -1)[:2]
    title = (
        f"{_what(layer)}: {_shape(plan, layer.inputs[0], plan.inputs)} -> {_shape(plan, layer.output, plan.outputs)}"
    )
    function, *arguments = _call(layer, spec)
    return LayerView(
        namespace=namespace(plan),
        function=function_name(index),
        step=with_note(f"run({function_name(index)});", title, indent=4),
        notes=tuple(line for note in (f"{title}.", *_notes(layer)) for line in comment(note)),
        constants=_constants(layer),
        body=listing(
            f"    {function}(", [*arguments, "run" if isinstance(layer, WinogradLayer) else "run.share()"], ");"
        ),
        inputs=(max(inputs[0], -1), max(inputs[1], -1)),
        output=max(layer.output, -1),
    )


def _shape(plan: Plan, value: int, ports: tuple[Port, ...]) -> str:
    layout = plan.values[value].layout if value >= 0 else ports[-1 - value].layout
    return f"{layout.channels}x{layout.height}x{layout.width}"


def _what(layer: Layer) -> str:
    chain = " + ".join(layer.nodes)
    if isinstance(layer, ConvLayer | DepthwiseLayer | WinogradLayer):
        return f"{chain} ({layer.geometry})"
    if isinstance(layer, PoolLayer):
        return f"{chain} ({layer.function} {layer.window[0]}x{layer.window[1]})"
    return f"{chain} ({layer.kind.replace('_', ' ')})"


def _notes(layer: Layer) -> tuple[str, ...]:
    if not isinstance(layer, WeightsLayer):
        return ()
    stored = layer.stored
    weights = f"{stored.kept_weights} of {stored.weights} weights, stored as {stored.format}, {stored.bytes} bytes"
    if stored.pruned is None:
        return (weights + ".",)
    pruned = f"{weights}: {stored.pruned.scheme} {stored.pruned.rate:g}x."
    because = stored.pruned.built_dense_because
    return (pruned,) if because is None else (pruned, f"Built dense: {because}.")


def _constants(layer: Layer) -> tuple[str, ...]:
    """Definitions that the layer's body names."""
    if isinstance(layer, CopyLayer):
        return (f"constexpr Layout kTo = {layout_text(layer.target)};",)
    if isinstance(layer, SplitLayer):
        phases = ", ".join(f"{{{y}, {x}}}" for y, x in layer.phases)
        fields = (len(layer.phases), *layer.stride, layer.top, layer.left)
        return (
            f"constexpr Phase kPhases[] = {{{phases}}};",
            f"constexpr Split kSplit = {{kPhases, {', '.join(map(str, fields))}}};",
        )
    if isinstance(layer, PoolLayer):
        window = (*layer.window, *layer.stride, layer.top, layer.left)
        return (f"constexpr Window kWindow = {{{', '.join(map(str, window))}}};",)
    return ()


def _call(layer: Layer, spec: int) -> tuple[str, ...]:
    """The layer's one call: a function and its arguments, but for the last, the thread's share."""
    sources, out = tuple(_place(i, "input") for i in layer.inputs), _place(layer.output, "output")
    if isinstance(layer, InputLayer | OutputLayer):
        return ("copy", *sources, out)
    if isinstance(layer, CopyLayer):
        return ("copy", *sources, f"{{{out}.data, &kTo}}")
    if isinstance(layer, SplitLayer):
        return ("split_phases", "kSplit", *sources, out)
    if isinstance(layer, ConvLayer | LinearLayer):
        return (layer.kernel, f"run.indexed({spec})", sources[0], out, *sources[1:])
    if isinstance(layer, DepthwiseLayer):
        return (layer.kernel, f"run.depthwise({spec})", sources[0], out, *sources[1:])
    if isinstance(layer, WinogradLayer):
        work = _place(layer.scratch[0], "input")
        return (layer.kernel, f"run.winograd({spec})", sources[0], out, *sources[1:], work)
    if isinstance(layer, ElementwiseLayer):
        return (layer.kernel, *sources, out)
    if isinstance(layer, PoolLayer):
        counted = (str(layer.count_pads).lower(),) if layer.function == "average_pool" else ()
        return (layer.function, "kWindow", *counted, *sources, out)
    if isinstance(layer, ConcatLayer):
        return ("copy_channels", *sources, out, str(layer.first_channel))
    return ({"global_avg_pool": "global_average_pool", "softmax": "softmax"}[layer.kind], *sources, out)


def _place(value: int, port: str) -> str:
    return f"run.value({value})" if value >= 0 else f"run.{port}({-1 - value})"


def _indexed(plan: Plan, layer: ConvLayer | LinearLayer, taps: Mapping[tuple[int, ...], int]) -> tuple[str, ...]:
    ix: Indexed = layer.indexed
    out = plan.values[layer.output].layout
    schedule = ix.schedule
    if isinstance(schedule, LaneSchedule):
        rows, depth, lanes = schedule.vectors * plan.lanes // schedule.depth, schedule.depth, True
    else:  # a fully connected layer with several filters in a group has them in lanes
        rows, depth, lanes = schedule.rows, 1, isinstance(layer, LinearLayer) and schedule.rows > 1
    fields = (
        f"Format::{ix.format}",
        ix.first_section,
        *(ix.filters, ix.channels, ix.groups, ix.taps),
        f"kTaps{taps[ix.tap_offsets]}",
        *(ix.input_block, ix.plane_step, rows, depth),
        str(lanes).lower(),
        *(schedule.channel_block, ix.tile, ix.tiles, schedule.tiles_at_a_time),
        str(schedule.split == "pixels").lower(),
        *(out.width, out.height, out.pitch),
        f"{{{ix.grid.columns}, {ix.grid.wide}, {ix.grid.row_step}}}",
    )
    return tuple(map(str, fields))


def _depthwise(weights: Depthwise) -> tuple[str, ...]:
    return tuple(map(str, (weights.first_section, weights.channels, weights.taps, weights.top, weights.left)))


def _winograd(plan: Plan, weights: Winograd) -> tuple[str, ...]:
    schedule = weights.schedule
    fields = (
        *(weights.first_section, weights.filters, weights.channels, schedule.vectors * plan.lanes),
        *(schedule.tile, weights.columns, weights.tiles, schedule.tiles_at_a_time),
        str(schedule.split == "tiles").lower(),
        weights.shares,
        *weights.pads,
    )
    return tuple(map(str, fields))


_Weighted = tuple[tuple[ConvLayer | LinearLayer, ...], tuple[DepthwiseLayer, ...], tuple[WinogradLayer, ...]]


def _weighted(plan: Plan) -> _Weighted:
    """Layers with lists, depthwise ones, and Winograd's, each in the order of their specs."""
    layers = plan.weights_layers
    return (
        tuple(layer for layer in layers if isinstance(layer, ConvLayer | LinearLayer)),
        tuple(layer for layer in layers if isinstance(layer, DepthwiseLayer)),
        tuple(layer for layer in layers if isinstance(layer, WinogradLayer)),
    )


def model_view(plan: Plan, fingerprint: int) -> ModelView:
    weighted, depthwise, winograd = _weighted(plan)
    taps = {offsets: i for i, offsets in enumerate(dict.fromkeys(layer.indexed.tap_offsets for layer in weighted))}
    values = [(*layout_text(v.layout).split(", "), str(v.offset)) for v in plan.values]
    return ModelView(
        name=plan.name,
        upper=plan.name.upper(),
        namespace=namespace(plan),
        isa=plan.isa,
        threads=plan.threads,
        fingerprint=f"0x{fingerprint:016x}ull",
        sections=plan.sections,
        arena=plan.arena,
        values=table(values, [str(i) for i in range(len(values))]),
        taps=tuple(
            listing(f"constexpr std::int32_t kTaps{i}[] = {{", list(map(str, offsets)), "};")
            for offsets, i in taps.items()
        ),
        indexed=table(
            [_indexed(plan, layer, taps) for layer in weighted],
            [function_name(i) for i, layer in enumerate(plan.layers) if isinstance(layer, ConvLayer | LinearLayer)],
        ),
        depthwise=table(
            [_depthwise(layer.depthwise) for layer in depthwise],
            [function_name(i) for i, layer in enumerate(plan.layers) if isinstance(layer, DepthwiseLayer)],
        ),
        winograd=table(
            [_winograd(plan, layer.winograd) for layer in winograd],
            [function_name(i) for i, layer in enumerate(plan.layers) if isinstance(layer, WinogradLayer)],
        ),
        layers=layer_views(plan),
        kernels=kernel_views(plan),
        inputs=tuple(layout_text(p.layout) for p in plan.inputs),
        outputs=tuple(layout_text(p.layout) for p in plan.outputs),
        input_shapes=tuple(p.shape for p in plan.inputs),
        output_shapes=tuple(p.shape for p in plan.outputs),
        input_sizes=tuple(p.layout.channels * p.layout.plane for p in plan.inputs),
        output_sizes=tuple(p.layout.channels * p.layout.plane for p in plan.outputs),
        compile_flags=" ".join(ISAS[plan.isa].flags),
    )
