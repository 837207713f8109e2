"""What the templates of kernels print."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from npas.compiler.cpp_text import listing
from npas.compiler.plan import Kernel, Plan
from npas.compiler.schedules.planar import PlanarWork
from npas.compiler.schedules.records import Placement
from npas.targets.isa import ISAS

_NAMING = {
    "conv": "conv_indexed_<isa>_r<filters>p<vectors of pixels>_<epilogue>: pixels lie in lanes.",
    "conv_packed": "conv_packed_<isa>_h<lines of pixels>[n<of a shorter tile>][x<filters>][_planar or _runs: output]"
    "[_blocks: of channels][_far: fetches input]_<epilogue>: pixels lie in lanes, input in copies.",
    "conv_lanes": "conv_lanes_<isa>_v<vectors of weights>[n<of the last group>][d<depth>]p<pixels>s<step>"
    "[_far: fetches input][_ahead: weights][_ragged: past the ends of rows][_gapped: of the input, too][_blocks: of "
    "channels]_<epilogue>: filters do.",
    "conv_items": "conv_lanes_<isa>_v<vectors of weights>[d<depth>]p<pixels>s<step>[_x<slices of a list>t<items side "
    "by side>]_<epilogue>: neighbouring work items have neighbouring pixels.",
    "depthwise_lanes": "depthwise_lanes_<isa>_k<window>_s<stride>[_d<dilation>]_p<pixels>[_e<columns outside the "
    "image>][_turned: its output]_"
    "<epilogue>: channels do.",
    "depthwise_planar": "depthwise_planar_<isa>_k<window>_s<stride>_p<pads>[_d<dilation>]_<size>[to<of its output>]_"
    "v<vectors of pixels>x<strips of rows>[_gaps: behind its output's rows]_<epilogue>: pixels do.",
    "winograd_lanes": "winograd_lanes_<isa>_m<pixels on a tile's side>r<taps>v<vectors of filters>"
    "[n<of the last group>]p<tiles>[_planar: its input]_<epilogue>.",
    "linear": "linear_indexed_<isa>_r<filters>[_fp16: how weights are stored]_<epilogue>.",
    "elementwise": "<operation>_<isa>_<epilogue>.",
}


HALVES = ("conv", "conv_lanes", "conv_items")
"""Templates that multiply in half precision where the ISA does. The others wait for memory, or transform first."""


@dataclass(frozen=True, slots=True)
class Served:
    """A row of the input that a depthwise kernel reads, or a pixel of one, and the (row or pixel of the output, tap)
    pairs that it serves."""

    offset: int
    uses: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Strip:
    """Rows of the output that are walked down."""

    first: int
    under: int
    """Row of the input under the first window's first one: in or above the image."""
    before: tuple[Served, ...]
    """Rows of the image that are read before the first step, by their place in the first window."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Down a plane: a step completes a row of the output in each strip."""

    strips: tuple[Strip, ...]
    rows: int
    """Of a strip; the last ones may be the next strip's too."""
    open_rows: int
    """Of the output, whose sums are in registers."""
    step: tuple[Served, ...]
    """Rows of the input that a step reads, by their place in the window of the row that it completes."""
    inside: tuple[int, int]
    """First step, and one past the last, that read only rows of the image in every strip."""
    offsets: tuple[int, ...]
    """Columns from a pixel to what lies under each tap of a row of its window."""
    left: tuple[int, ...]
    right: tuple[int, ...]
    """Taps that reach beyond the image, from the first pixels of a row and from the last."""
    across: int
    """Pixels that are walked down side by side."""
    last: int
    """Where the last vector of a row begins."""


@dataclass(frozen=True, slots=True)
class KernelView:
    namespace: str
    name: str
    template: Literal[
        "conv",
        "conv_packed",
        "conv_lanes",
        "conv_items",
        "depthwise_lanes",
        "depthwise_planar",
        "winograd_lanes",
        "linear",
        "elementwise",
    ]
    rows: int
    vectors: int
    narrow: int
    depth: int
    lists: int
    """Of a group: with filters in lanes each for as many vectors of weights, in a packed kernel each for a filter."""
    pixels: int
    step: int
    pixels_out: int
    side: int
    window: tuple[int, int]
    stride: tuple[int, int]
    columns: Mapping[int, tuple[Served, ...]]
    """Of a depthwise kernel, by the pixels of a tile."""
    dilation: tuple[int, int]
    edges: tuple[int, int]
    read: tuple[int, int]
    """As ``written`` and ``walk``, of a depthwise kernel with pixels in lanes."""
    written: tuple[int, int]
    walk: Walk | None
    turned: bool
    lanes: int
    runs_on: bool
    epilogue: tuple[str, ...]
    residual: bool
    ragged: bool
    gapped: bool
    ahead: bool
    far: bool
    blocks: bool
    half: bool
    in_half: bool
    """Whether a fully connected kernel's filters fill half a vector, so that it holds two entries of their list."""
    runs: bool
    """Whether products are halves, so that a few of them are added up at a time."""
    placement: Placement
    slices: int
    items: int
    """Of a work group, side by side; 0 where they have nothing in common."""
    binary: Literal["", "plane", "channel"]
    summary: str
    naming: str
    """How its name is to be read."""
    signature: str


def namespace(plan: Plan) -> str:
    """Of all C++ in the tree, so that two models live in one program."""
    return f"npas_{plan.name}"


def kernel_views(plan: Plan) -> tuple[KernelView, ...]:
    return tuple(_kernel(plan, kernel) for kernel in plan.kernels)


def _kernel(plan: Plan, kernel: Kernel) -> KernelView:
    views = ["in", *(["other"] if kernel.binary else []), "out", *(["residual"] if kernel.residual else [])]
    indexed = {
        "conv": ["const Indexed& conv"],
        "conv_packed": ["const Indexed& conv"],
        "conv_lanes": ["const Indexed& conv"],
        "conv_items": [],
        "depthwise_lanes": ["const Depthwise& layer"],
        "depthwise_planar": ["const Depthwise& layer"],
        "winograd_lanes": ["const Winograd& layer"],
        "linear": ["const Indexed& layer"],
        "elementwise": [],
    }
    share = {
        "conv_packed": ["View copies", "View buffers", "const Run& run"],
        "conv_lanes": ["const Part& part"],
        "depthwise_lanes": ["const Strip& strip"],
        "winograd_lanes": ["View work", "const Run& run"],
    }.get(kernel.template, ["Share share"])
    parameters = [*indexed[kernel.template], *(f"View {view}" for view in views), *share]
    return KernelView(
        namespace=namespace(plan),
        name=kernel.name,
        template=kernel.template,
        rows=kernel.rows,
        vectors=kernel.vectors,
        narrow=kernel.narrow,
        depth=kernel.depth,
        lists=kernel.lists,
        pixels=kernel.pixels,
        step=kernel.step,
        pixels_out=kernel.tile,
        side=kernel.side,
        window=kernel.window,
        stride=kernel.stride,
        columns=_columns(kernel),
        dilation=kernel.dilation,
        edges=kernel.edges,
        read=kernel.read,
        written=kernel.written,
        walk=walk_of(kernel, plan.lanes) if kernel.template == "depthwise_planar" else None,
        turned=kernel.turned,
        lanes=plan.lanes,
        runs_on=kernel.runs_on,
        epilogue=kernel.epilogue,
        residual=kernel.residual,
        ragged=kernel.ragged,
        gapped=kernel.gapped,
        ahead=kernel.ahead,
        far=kernel.far,
        blocks=kernel.blocks,
        half=kernel.storage == "fp16",
        in_half=kernel.template == "linear" and 1 < kernel.rows < plan.lanes,
        runs=ISAS[plan.isa].products == "fp16" and kernel.template in HALVES,
        placement=kernel.placement,
        slices=kernel.slices,
        items=kernel.items,
        binary=kernel.binary,
        summary=_summary(kernel, plan.lanes),
        naming=_NAMING[kernel.template],
        signature=listing(f"void {kernel.name}(", parameters, ")"),
    )


def _columns(kernel: Kernel) -> Mapping[int, tuple[Served, ...]]:
    """For tiles of the kernel's width and of one less."""
    if kernel.template != "depthwise_lanes":
        return {}
    widths = sorted({kernel.pixels, max(kernel.pixels - 1, 1)}, reverse=True)
    return {pixels: _served(kernel, pixels, axis=1) for pixels in widths}


def walk_of(kernel: Kernel, lanes: int) -> Walk:
    """Of a depthwise kernel with pixels in lanes."""
    work = PlanarWork(kernel.window, kernel.stride, kernel.dilation, kernel.pads, kernel.read, kernel.written)
    end, step = (kernel.window[0] - 1) * kernel.dilation[0], kernel.stride[0]
    served = [line for line in _served(kernel, work.open_rows, axis=0) if line.offset <= end]
    rows, across = -(-work.height // kernel.strips), kernel.vectors * lanes
    strips = []
    for strip in range(kernel.strips):
        first = min(strip * rows, work.height - rows)
        under = first * step - kernel.pads[0]
        before = [x for x in served if x.offset <= end - step and 0 <= under + x.offset < kernel.read[0]]
        strips.append(Strip(first, under, tuple(before)))
    above, below = -strips[0].under - max(end + 1 - step, 0), kernel.read[0] - end - strips[-1].under
    inside = (max(-(-above // step), 0), min(max(-(-below // step), 0), rows))
    taps = range(kernel.window[1])
    return Walk(
        strips=tuple(strips),
        rows=rows,
        open_rows=work.open_rows,
        step=tuple(line for line in served if line.offset > end - step),
        inside=inside if inside[0] < inside[1] else (0, 0),
        offsets=tuple(work.column(tap, 0) for tap in taps),
        left=tuple(tap for tap in taps if work.column(tap, 0) < 0),
        right=tuple(tap for tap in taps if work.column(tap, work.width - 1) >= kernel.read[1]),
        across=across,
        last=max(across, work.width) - lanes,
    )


def _served(kernel: Kernel, count: int, axis: int) -> tuple[Served, ...]:
    """What the windows of so many rows (axis 0) or pixels of a row (axis 1) of the output read, in order."""
    uses: dict[int, list[tuple[int, int]]] = {}
    for i in range(count):
        for tap in range(kernel.window[axis]):
            uses.setdefault(i * kernel.stride[axis] + tap * kernel.dilation[axis], []).append((i, tap))
    return tuple(Served(offset, tuple(uses[offset])) for offset in sorted(uses))


def _summary(kernel: Kernel, lanes: int) -> str:
    """What the kernel holds in registers, or computes."""
    vectors = f"{kernel.vectors} vector{'s' if kernel.vectors > 1 else ''}"
    if kernel.template == "elementwise":
        return " ".join(kernel.epilogue)
    if kernel.template == "conv_packed":
        filters = "" if kernel.lists == 1 else f", for {kernel.lists} filters side by side"
        return f"a vector of pixels in each of {kernel.rows} lines in registers{filters}"
    if kernel.template == "conv_lanes":
        deep = {1: "", 2: ", two input channels side by side,", 4: ", four input channels side by side,"}[kernel.depth]
        times = {1: "", 2: "twice ", 4: "four times "}[kernel.lists]
        return f"{times}{vectors} of weights{deep} x {kernel.pixels} pixels in registers"
    if kernel.template == "conv_items":
        sums = f"{kernel.vectors * lanes // kernel.depth} filters x {kernel.pixels} pixels"
        return sums + (f", {kernel.slices} slices of a list side by side" if kernel.slices > 1 else "")
    if kernel.template == "winograd_lanes":
        return f"{vectors} of weights x {kernel.pixels} tiles in registers"
    if kernel.template == "depthwise_lanes":
        return f"{kernel.window[0]}x{kernel.window[1]}, {kernel.pixels} pixels in registers"
    if kernel.template == "depthwise_planar":
        beside = f", {kernel.strips} strips of rows side by side" if kernel.strips > 1 else ""
        return f"{kernel.window[0]}x{kernel.window[1]}, {vectors} walked down a plane{beside}"
    if kernel.template == "linear" and 1 < kernel.rows < lanes:
        return "half a vector of filters at a time"
    if kernel.template == "linear":
        return f"{vectors} of filters at a time" if kernel.rows > 1 else "one filter at a time"
    return f"{kernel.rows} filter{'s' if kernel.rows > 1 else ''} x {vectors} of pixels in registers"
