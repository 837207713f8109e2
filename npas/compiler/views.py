"""What the templates print: frozen, all arithmetic done, every string safe in the place where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from npas.compiler.cpp_text import layout_text, listing, table
from npas.compiler.plan import ConvLayer, LinearLayer, Plan
from npas.compiler.schedules.records import LaneSchedule, PackedSchedule
from npas.compiler.stored import CopyPart, Depthwise, Indexed, Packing, Winograd
from npas.compiler.views_kernels import KernelView, kernel_views, namespace
from npas.compiler.views_layers import LayerView, functions, layer_views, weighted
from npas.targets.isa import END_TO_END, ISAS, Backend, Isa


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
    copies: tuple[str, ...]
    """What packed layers copy of a channel, each once."""
    indexed: tuple[str, ...]
    """Initialisers of one ``IndexedSpec`` each, in the order of its members."""
    depthwise: tuple[str, ...]
    """The same of ``DepthwiseSpec``."""
    winograd: tuple[str, ...]
    constants: tuple[str, ...]
    layers: tuple[LayerView, ...]
    kernels: tuple[KernelView, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    input_shapes: tuple[tuple[int, ...], ...]
    output_shapes: tuple[tuple[int, ...], ...]
    input_sizes: tuple[int, ...]
    output_sizes: tuple[int, ...]
    compile_flags: str
    backend: Backend
    lanes: int
    halves: str
    """What is in half precision, in words."""
    end_to_end: float
    """Largest relative L2 error of its outputs."""


def _indexed(
    plan: Plan,
    layer: ConvLayer | LinearLayer,
    taps: Mapping[tuple[int, ...], int],
    parts: Mapping[tuple[CopyPart, ...], int],
) -> tuple[str, ...]:
    ix: Indexed = layer.indexed
    out = plan.values[layer.output].layout
    schedule, lists = ix.schedule, 1
    at_a_time = 1 if isinstance(schedule, PackedSchedule) else schedule.tiles_at_a_time
    if isinstance(schedule, LaneSchedule):
        rows, depth, lanes = schedule.vectors * plan.lanes // schedule.depth, schedule.depth, True
        lists = schedule.lists
    elif isinstance(schedule, PackedSchedule):
        rows, depth, lanes = 1, 1, False
        lists = ix.packing.lists if ix.packing is not None else 1
    else:  # a fully connected layer with several filters in a group has them in lanes
        rows, depth, lanes = schedule.rows, 1, isinstance(layer, LinearLayer) and schedule.rows > 1
    fields = (
        f"Format::{ix.format}",
        ix.first_section,
        *(ix.filters, ix.channels, ix.groups, ix.taps),
        str(ix.storage == "fp16").lower(),
        f"kTaps{taps[ix.tap_offsets]}",
        *(ix.input_block, ix.plane_step, rows, depth, lists),
        str(lanes).lower(),
        *(schedule.channel_block, ix.tile, ix.tiles, at_a_time),
        str(schedule.split == "pixels").lower(),
        *(out.width, out.height, out.pitch),
        f"{{{ix.grid.columns}, {ix.grid.wide}, {ix.grid.row_step}, {ix.grid.rows}}}",
        _packing(ix.packing, parts),
    )
    return tuple(map(str, fields))


def _packing(packing: Packing | None, parts: Mapping[tuple[CopyPart, ...], int]) -> str:
    if packing is None:
        return "{}"
    lines = (packing.lines, packing.depth, packing.slot, packing.channels, packing.vectors)
    copied = (f"kCopies{parts[packing.parts]}", len(packing.parts))
    window = (*packing.stride, packing.top, packing.left, packing.last_row, packing.last_column, packing.shares)
    flags = (str(flag).lower() for flag in (packing.in_place, packing.by_length))
    return f"{{{', '.join(map(str, (*lines, *copied, *window, *flags)))}}}"


def _copy_part(part: CopyPart) -> str:
    return f"{{{part.row}, {part.column}, {part.more}, {part.first}}}"


def _depthwise(weights: Depthwise) -> tuple[str, ...]:
    sizes = (weights.first_section, weights.channels, weights.taps, weights.lanes)
    return tuple(map(str, (*sizes, weights.top, weights.left, weights.height)))


def _winograd(plan: Plan, weights: Winograd) -> tuple[str, ...]:
    schedule = weights.schedule
    fields = (
        *(weights.first_section, weights.filters, weights.channels, weights.kernel[0], weights.stride),
        *(weights.input_block, weights.planes, plan.lanes, schedule.vectors * plan.lanes),
        *(schedule.tile, weights.columns, weights.tiles, schedule.tiles_at_a_time),
        str(schedule.split == "tiles").lower(),
        weights.shares,
        *weights.pads,
    )
    return tuple(map(str, fields))


def _halves(isa: Isa) -> str:
    if isa.products == "fp16":
        return ", stored and multiplied in half precision, for a device with `cl_khr_fp16`"
    return ", stored in half precision" if isa.values == "fp16" else ""


def model_view(plan: Plan, fingerprint: int) -> ModelView:
    indexed, depthwise, winograd = weighted(plan)
    names = functions(plan)
    taps = {offsets: i for i, offsets in enumerate(dict.fromkeys(layer.indexed.tap_offsets for layer in indexed))}
    packings = [layer.indexed.packing for layer in indexed if layer.indexed.packing is not None]
    parts = {copied: i for i, copied in enumerate(dict.fromkeys(packing.parts for packing in packings))}
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
        copies=tuple(
            listing(f"constexpr CopyPart kCopies{i}[] = {{", [_copy_part(part) for part in copied], "};")
            for copied, i in parts.items()
        ),
        indexed=table(
            [_indexed(plan, layer, taps, parts) for layer in indexed], [names[id(layer)] for layer in indexed]
        ),
        depthwise=table(
            [_depthwise(layer.depthwise) for layer in depthwise], [names[id(layer)] for layer in depthwise]
        ),
        winograd=table(
            [_winograd(plan, layer.winograd) for layer in winograd], [names[id(layer)] for layer in winograd]
        ),
        constants=tuple(f"{{{c.value}, {c.section}}}" for c in plan.constants),
        layers=layer_views(plan),
        kernels=kernel_views(plan),
        inputs=tuple(layout_text(p.layout) for p in plan.inputs),
        outputs=tuple(layout_text(p.layout) for p in plan.outputs),
        input_shapes=tuple(p.shape for p in plan.inputs),
        output_shapes=tuple(p.shape for p in plan.outputs),
        input_sizes=tuple(p.layout.channels * p.layout.plane for p in plan.inputs),
        output_sizes=tuple(p.layout.channels * p.layout.plane for p in plan.outputs),
        compile_flags=" ".join(ISAS[plan.isa].flags),
        backend=ISAS[plan.isa].backend,
        lanes=plan.lanes,
        halves=_halves(ISAS[plan.isa]),
        end_to_end=END_TO_END[ISAS[plan.isa].values],
    )
