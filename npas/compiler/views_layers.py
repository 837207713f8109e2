"""What the template of layers prints: a function of one call for each.

Names of graph nodes reach comments only, and only as ``graph.NAME`` allows them; identifiers are made of indices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from npas.compiler.array_layers import ArrayLayer
from npas.compiler.cpp_text import comment, layout_text, listing, with_note
from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    GlobalAvgPoolLayer,
    InputLayer,
    Layer,
    LinearLayer,
    OutputLayer,
    PairLayer,
    Plan,
    PoolLayer,
    Port,
    SplitLayer,
    WeightsLayer,
    WinogradLayer,
)
from npas.compiler.schedules.records import LaneSchedule, PlanarSchedule
from npas.compiler.views_arrays import array_call, array_constants
from npas.compiler.views_opencl import calls, other_layouts
from npas.graph.graph import NAME
from npas.targets.isa import ISAS


@dataclass(frozen=True, slots=True)
class LayerView:
    """One layer function: comment lines, then statements."""

    function: str
    kernels: tuple[str, ...]
    """Those that it calls."""
    arrays: bool
    """Whether it is one of those on plain arrays, which have a header of their own."""
    step: str
    """The line of ``forward``."""
    notes: tuple[str, ...]
    constants: tuple[str, ...]
    body: str
    output: int
    """Value for the description; -1 where there is none."""


@dataclass(frozen=True, slots=True)
class LayersView:
    """A file of layers, one or several."""

    namespace: str
    layers: tuple[LayerView, ...]

    @property
    def kernels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(kernel for layer in self.layers for kernel in layer.kernels))

    @property
    def arrays(self) -> bool:
        return any(layer.arrays for layer in self.layers)


def function_name(index: int) -> str:
    return f"layer_{index:03d}"


Weighted = tuple[tuple[ConvLayer | LinearLayer, ...], tuple[DepthwiseLayer, ...], tuple[WinogradLayer, ...]]


def weighted(plan: Plan) -> Weighted:
    """Layers with lists, depthwise ones, and Winograd's, each in the order of their specs."""
    layers = plan.weights_layers
    return (
        tuple(layer for layer in layers if isinstance(layer, ConvLayer | LinearLayer)),
        tuple(layer for layer in layers if isinstance(layer, DepthwiseLayer)),
        tuple(layer for layer in layers if isinstance(layer, WinogradLayer)),
    )


def functions(plan: Plan) -> dict[int, str]:
    """The function of each layer with weights, by the layer's ``id``."""
    found = {id(layer): function_name(i) for i, layer in enumerate(plan.layers)}
    for i, layer in enumerate(plan.layers):
        if isinstance(layer, PairLayer):
            found |= dict.fromkeys((id(layer.first), id(layer.second)), function_name(i))
    return found


def layer_views(plan: Plan) -> tuple[LayerView, ...]:
    specs = {id(layer): i for part in weighted(plan) for i, layer in enumerate(part)}
    return tuple(_layer(plan, i, layer, specs) for i, layer in enumerate(plan.layers))


def _layer(plan: Plan, index: int, layer: Layer, specs: Mapping[int, int]) -> LayerView:
    assert all(NAME.match(node) for node in layer.nodes)
    read = f"{_shape(plan, layer.inputs[0], plan.inputs)} -> " if layer.inputs else ""
    title = f"{_what(layer)}: {read}{_shape(plan, layer.output, plan.outputs)}"
    if ISAS[plan.isa].backend == "opencl":
        constants, launches = calls(plan, layer, specs.get(id(layer), -1))
        body, together = "\n".join(launch.text() for launch in launches), ""
    else:
        constants, body, together = _constants(plan, layer), _text(plan, layer, specs), _together(layer)
    return LayerView(
        function=function_name(index),
        kernels=_kernels(layer),
        arrays=isinstance(layer, ArrayLayer),
        step=with_note(f"run{together}({function_name(index)});", title, indent=4),
        notes=tuple(line for note in (f"{title}.", *_notes(layer)) for line in comment(note)),
        constants=constants,
        body=body,
        output=max(layer.output, -1),
    )


def _shape(plan: Plan, value: int, ports: tuple[Port, ...]) -> str:
    layout = plan.values[value].layout if value >= 0 else ports[-1 - value].layout
    return f"{layout.channels}x{layout.height}x{layout.width}"


def _what(layer: Layer) -> str:
    chain = " + ".join(layer.nodes)
    if isinstance(layer, ConvLayer | DepthwiseLayer | WinogradLayer):
        return f"{chain} ({layer.geometry})"
    if isinstance(layer, PairLayer):
        return f"{_what(layer.first)}, {_what(layer.second)}"
    if isinstance(layer, PoolLayer):
        return f"{chain} ({layer.function} {layer.window[0]}x{layer.window[1]})"
    return f"{chain} ({layer.kind.replace('_', ' ')})"


def _notes(layer: Layer) -> tuple[str, ...]:
    if isinstance(layer, PairLayer):
        return (*_notes(layer.first), *_notes(layer.second), f"{layer.rows} rows of the output at a time.")
    if not isinstance(layer, WeightsLayer):
        return ()
    stored = layer.stored
    weights = f"{stored.kept_weights} of {stored.weights} weights, stored as {stored.format}, {stored.bytes} bytes"
    if stored.pruned is None:
        return (weights + ".",)
    pruned = f"{weights}: {stored.pruned.scheme} {stored.pruned.rate:g}x."
    because = stored.pruned.built_dense_because
    return (pruned,) if because is None else (pruned, f"Built dense: {because}.")


def _together(layer: Layer) -> str:
    """How ``forward`` runs a layer: piece by piece, unless it shares out its work itself, since what a thread copies
    or transforms is dear."""
    return ".together" if isinstance(layer, PairLayer | WinogradLayer) or _is_packed(layer) else ""


def _is_packed(layer: Layer) -> TypeGuard[ConvLayer]:
    return isinstance(layer, ConvLayer) and layer.indexed.packing is not None


def _kernels(layer: Layer) -> tuple[str, ...]:
    if isinstance(layer, PairLayer):
        return (*_kernels(layer.first), *_kernels(layer.second))
    return (layer.kernel,) if isinstance(layer, WeightsLayer | ElementwiseLayer) else ()


def _constants(plan: Plan, layer: Layer) -> tuple[str, ...]:
    """Definitions that the layer's body names."""
    if isinstance(layer, CopyLayer):
        return tuple(
            f"static constexpr Layout {name} = {layout_text(layout)};"
            for name, layout in other_layouts(plan, layer).items()
        )
    if isinstance(layer, ArrayLayer):
        return array_constants(layer)
    if isinstance(layer, SplitLayer):
        phases = ", ".join(f"{{{y}, {x}}}" for y, x in layer.phases)
        fields = (len(layer.phases), *layer.stride, layer.top, layer.left)
        return (
            f"static constexpr Phase kPhases[] = {{{phases}}};",
            f"static constexpr Split kSplit = {{kPhases, {', '.join(map(str, fields))}}};",
        )
    if isinstance(layer, PairLayer):
        rows, stride, dilation = layer.window
        top = layer.second.top if isinstance(layer.second, PoolLayer) else layer.second.depthwise.top
        members = (
            *(layer.rows, stride, (rows - 1) * dilation + 1, top, layer.height),
            *(plan.values[layer.scratch[0]].layout.planes, layer.shares),
        )
        return (*_constants(plan, layer.second), f"static constexpr Pair kPair = {{{', '.join(map(str, members))}}};")
    if isinstance(layer, PoolLayer):
        window = (*layer.window, *layer.stride, layer.top, layer.left, *layer.dilation, layer.height)
        return (f"static constexpr Window kWindow = {{{', '.join(map(str, window))}}};",)
    return ()


def _text(plan: Plan, layer: Layer, specs: Mapping[int, int]) -> str:
    if isinstance(layer, PairLayer):
        return _pair(layer, specs)
    function, *arguments = _call(plan, layer, specs.get(id(layer), -1))
    return listing(f"    {function}(", arguments, ");")


def _pair(layer: PairLayer, specs: Mapping[int, int]) -> str:
    """The loop over the steps of a pair: the convolution of a group on a few rows, and the second layer on those."""
    source, out, buffer = _place(layer.inputs[0], "input"), _place(layer.output, "output"), layer.scratch[0]
    residual = [_place(i, "input") for i in layer.inputs[1:]]
    conv, behind = f"run.indexed({specs[id(layer.first)]})", layer.second
    first = (layer.first.kernel, conv, source, "buffer", "step.part")
    if isinstance(behind, PoolLayer):
        second = _pooling(behind, "buffer", "out", "step.strip")
    else:
        second = (behind.kernel, f"run.depthwise({specs[id(behind)]})", "buffer", "out", *residual, "step.strip")
    return "\n".join(
        (
            "    if (run.seat().thread >= kPair.shares) return;",
            f"    const View out = {out}, buffer = own_buffer(run.value({buffer}), run.seat().thread);",
            f"    const int steps = steps_of(kPair, {conv}, *out.layout);",
            "    for (int i = run.next(); i < steps; i = run.next()) {",
            f"        const Step step = step_of(kPair, {conv}, *out.layout, i);",
            *(listing(f"        {function}(", arguments, ");") for function, *arguments in (first, second)),
            "    }",
        )
    )


def _pooling(layer: PoolLayer, source: str, out: str, part: str) -> tuple[str, ...]:
    """A pooling function and its arguments."""
    counted = (str(layer.count_pads).lower(),) if layer.function == "average_pool" else ()
    return (layer.function, "kWindow", *counted, source, out, part)


def _call(plan: Plan, layer: Layer, spec: int) -> tuple[str, ...]:
    """The layer's one call: a function and its arguments, the last of which is mostly the thread's share."""
    sources, out = tuple(_place(i, "input") for i in layer.inputs), _place(layer.output, "output")
    share = "run.share()"
    if isinstance(layer, InputLayer | OutputLayer):
        return ("copy", *sources, out, share)
    if isinstance(layer, CopyLayer):
        known = other_layouts(plan, layer)
        source, target = (
            f"{{{place}.data, &{name}}}" if name in known else place
            for place, name in ((sources[0], "kFrom"), (out, "kTo"))
        )
        return ("copy", source, target, share)
    if isinstance(layer, ArrayLayer):
        return array_call(layer, sources, out)
    if isinstance(layer, SplitLayer):
        return ("split_phases", "kSplit", *sources, out, share)
    if isinstance(layer, ConvLayer | LinearLayer):
        weights = f"run.indexed({spec})"
        if _is_packed(layer):
            buffers = tuple(_place(i, "input") for i in layer.scratch)
            return (layer.kernel, weights, sources[0], out, *sources[1:], *buffers, "run")
        part = f"part_of({weights}, {share})" if isinstance(layer.indexed.schedule, LaneSchedule) else share
        return (layer.kernel, weights, sources[0], out, *sources[1:], part)
    if isinstance(layer, DepthwiseLayer) and isinstance(layer.depthwise.schedule, PlanarSchedule):
        return (layer.kernel, f"run.depthwise({spec})", sources[0], out, *sources[1:], share)
    if isinstance(layer, DepthwiseLayer):
        strip = f"strip_of({sources[0]}.layout->planes(), {out}.layout->height, {share})"
        return (layer.kernel, f"run.depthwise({spec})", sources[0], out, *sources[1:], strip)
    if isinstance(layer, WinogradLayer):
        work = _place(layer.scratch[0], "input")
        return (layer.kernel, f"run.winograd({spec})", sources[0], out, *sources[1:], work, "run")
    if isinstance(layer, ElementwiseLayer):
        return (layer.kernel, *sources, out, share)
    if isinstance(layer, PoolLayer):
        return _pooling(layer, sources[0], out, share)
    if isinstance(layer, ConcatLayer):
        return ("copy_channels", *sources, out, str(layer.first_channel), share)
    assert isinstance(layer, GlobalAvgPoolLayer), layer
    return ("global_average_pool", *sources, out, share)


def _place(value: int, port: str) -> str:
    return f"run.value({value})" if value >= 0 else f"run.{port}({-1 - value})"
