"""What the templates print: frozen, all arithmetic done, every string safe in the place where it goes.

Names of graph nodes reach comments only, and only as ``graph.NAME`` allows them; identifiers are made of indices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    CopyLayer,
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
    SplitLayer,
)
from npas.graph.graph import NAME
from npas.targets.isa import ISAS


@dataclass(frozen=True, slots=True)
class KernelView:
    namespace: str
    name: str
    template: Literal["conv", "linear", "elementwise"]
    rows: int
    vectors: int
    epilogue: tuple[str, ...]
    residual: bool
    binary: Literal["", "plane", "channel"]
    summary: str
    parameters: str
    """The declaration's parameter list."""


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer function: comment lines, then statements."""

    namespace: str
    function: str
    title: str
    notes: tuple[str, ...]
    constants: tuple[str, ...]
    body: str
    inputs: tuple[int, int]
    """Values for the description; -1 where there is none."""
    output: int


@dataclass(frozen=True, slots=True)
class IndexedView:
    """Initialisers of one ``IndexedSpec``, in the order of its members."""

    index: int
    layer: str
    taps: str
    fields: str


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
    indexed: tuple[IndexedView, ...]
    layers: tuple[LayerView, ...]
    kernels: tuple[KernelView, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    compile_flags: str


_PARAMETERS = {
    "conv": "const Indexed& conv, View in, View out, ",
    "linear": "const Indexed& layer, View in, View out, ",
}


def namespace(plan: Plan) -> str:
    """Of all C++ in the tree, so that two models live in one program."""
    return f"npas_{plan.name}"


def layout_text(layout: Layout) -> str:
    fields = (layout.channels, layout.height, layout.width, layout.pitch, layout.origin, layout.plane)
    return "{" + ", ".join(map(str, fields)) + "}"


def kernel_views(plan: Plan) -> tuple[KernelView, ...]:
    return tuple(_kernel(plan, kernel) for kernel in plan.kernels)


def _kernel(plan: Plan, kernel: Kernel) -> KernelView:
    if kernel.template == "elementwise":
        parameters = "View in, " + ("View other, " if kernel.binary else "") + "View out, Share share"
    else:
        parameters = _PARAMETERS[kernel.template] + ("View residual, " if kernel.residual else "") + "Share share"
    return KernelView(
        namespace=namespace(plan),
        name=kernel.name,
        template=kernel.template,
        rows=kernel.rows,
        vectors=kernel.vectors,
        epilogue=kernel.epilogue,
        residual=kernel.residual,
        binary=kernel.binary,
        summary=" ".join(kernel.epilogue),
        parameters=parameters,
    )


def function_name(index: int) -> str:
    return f"layer_{index:03d}"


def layer_views(plan: Plan) -> tuple[LayerView, ...]:
    specs = {id(layer): i for i, layer in enumerate(plan.weights_layers)}
    return tuple(_layer(plan, i, layer, specs.get(id(layer), -1)) for i, layer in enumerate(plan.layers))


def _layer(plan: Plan, index: int, layer: Layer, spec: int) -> LayerView:
    assert all(NAME.match(node) for node in layer.nodes)
    inputs = (*layer.inputs, -1)[:2]
    return LayerView(
        namespace=namespace(plan),
        function=function_name(index),
        title=f"{_what(layer)}: {_shape(plan, layer.inputs[0])} -> {_shape(plan, layer.output)}",
        notes=_notes(layer),
        constants=_constants(layer),
        body=_body(layer, spec),
        inputs=(max(inputs[0], -1), max(inputs[1], -1)),
        output=max(layer.output, -1),
    )


def _shape(plan: Plan, value: int) -> str:
    if value >= 0:
        layout = plan.values[value].layout
    else:
        ports = plan.inputs + plan.outputs
        layout = ports[-1 - value].layout
    return f"{layout.channels}x{layout.height}x{layout.width}"


def _what(layer: Layer) -> str:
    chain = " + ".join(layer.nodes)
    if isinstance(layer, ConvLayer):
        return f"{chain} ({layer.geometry})"
    if isinstance(layer, PoolLayer):
        return f"{chain} ({layer.function} {layer.window[0]}x{layer.window[1]})"
    return f"{chain} ({layer.kind.replace('_', ' ')})"


def _notes(layer: Layer) -> tuple[str, ...]:
    if not isinstance(layer, ConvLayer | LinearLayer):
        return ()
    indexed = layer.indexed
    total = indexed.filters * indexed.channels // indexed.groups * indexed.taps
    weights = f"{indexed.kept_weights} of {total} weights, stored as {indexed.format}, {indexed.bytes} bytes"
    if indexed.pruned is None:
        return (weights + ".",)
    pruned = f"{weights}: {indexed.pruned.scheme} {indexed.pruned.rate:g}x."
    because = indexed.pruned.built_dense_because
    return (pruned,) if because is None else (pruned, f"Built dense: {because}.")


def _constants(layer: Layer) -> tuple[str, ...]:
    """Definitions that the layer's body names."""
    if isinstance(layer, CopyLayer):
        return (
            f"constexpr Layout kFrom = {layout_text(layer.source)};",
            f"constexpr Layout kTo = {layout_text(layer.target)};",
        )
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


def _body(layer: Layer, spec: int) -> str:
    """The layer's one statement."""
    out = f"run.value({layer.output})"
    views = ", ".join(f"run.value({i})" for i in layer.inputs)
    if isinstance(layer, InputLayer):
        port = -1 - layer.inputs[0]
        return f"copy(run.input({port}), run.input_layout({port}), {out}.data, *{out}.layout, run.share());"
    if isinstance(layer, OutputLayer):
        port, value = -1 - layer.output, f"run.value({layer.inputs[0]})"
        return f"copy({value}.data, *{value}.layout, run.output({port}), run.output_layout({port}), run.share());"
    if isinstance(layer, CopyLayer):
        return f"copy({views}.data, kFrom, {out}.data, kTo, run.share());"
    if isinstance(layer, SplitLayer):
        at = layer.inputs[0]
        own = f"run.value({at}).data, *run.value({at}).layout"
        read = own if at >= 0 else f"run.input({-1 - at}), run.input_layout({-1 - at})"
        return f"split_phases(kSplit, {read}, {out}.data, *{out}.layout, run.share());"
    if isinstance(layer, ConvLayer | LinearLayer):
        residual = f"run.value({layer.inputs[1]}), " if len(layer.inputs) > 1 else ""
        source = f"run.value({layer.inputs[0]})"
        return f"{layer.kernel}(run.indexed({spec}), {source}, {out}, {residual}run.share());"
    if isinstance(layer, ElementwiseLayer):
        return f"{layer.kernel}({views}, {out}, run.share());"
    if isinstance(layer, PoolLayer):
        counted = f"{str(layer.count_pads).lower()}, " if layer.function == "average_pool" else ""
        return f"{layer.function}(kWindow, {counted}{views}, {out}, run.share());"
    if isinstance(layer, ConcatLayer):
        return f"copy_channels({views}, {out}, {layer.first_channel}, run.share());"
    function = {"global_avg_pool": "global_average_pool", "softmax": "softmax"}[layer.kind]
    return f"{function}({views}, {out}, run.share());"


def _indexed(plan: Plan, index: int, layer: ConvLayer | LinearLayer) -> IndexedView:
    ix: Indexed = layer.indexed
    out = plan.values[layer.output].layout
    schedule = ix.schedule
    fields = (
        f"Format::{ix.format}",
        ix.first_section,
        *(ix.filters, ix.channels, ix.groups, ix.taps),
        f"kTaps{index}",
        ix.channel_stride,
        *(schedule.rows, schedule.channel_block, ix.tile, ix.tiles, schedule.tiles_at_a_time),
        str(schedule.split == "pixels").lower(),
        *(out.width, out.height, out.pitch),
    )
    taps = ", ".join(map(str, ix.tap_offsets))
    return IndexedView(index, function_name(plan.layers.index(layer)), taps, ", ".join(map(str, fields)))


def model_view(plan: Plan, fingerprint: int) -> ModelView:
    values = tuple(f"{{{layout_text(v.layout)}, {v.offset}}},  // {i}" for i, v in enumerate(plan.values))
    return ModelView(
        name=plan.name,
        upper=plan.name.upper(),
        namespace=namespace(plan),
        isa=plan.isa,
        threads=plan.threads,
        fingerprint=f"0x{fingerprint:016x}ull",
        sections=plan.sections,
        arena=plan.arena,
        values=values,
        indexed=tuple(_indexed(plan, i, layer) for i, layer in enumerate(plan.weights_layers)),
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
