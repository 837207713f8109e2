"""The plan under construction: values, layers, kernels and weight sections, as lowering adds them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from npas.compiler import arena
from npas.compiler.blocks import Blocks, KernelKind, is_compact, preferred
from npas.compiler.density import decided
from npas.compiler.formats import FormatName
from npas.compiler.formats.base import Floats
from npas.compiler.fuse import Group, fuse
from npas.compiler.indexed import Options, Section
from npas.compiler.layout import Margins, Planes, assign, compact_layout
from npas.compiler.plan import CopyLayer, ElementwiseLayer, Kernel, Layer, Layout, Plan, Port, Stationary, Value
from npas.compiler.record import Record
from npas.compiler.schedules import packed, planar, winograd
from npas.compiler.schedules.choice import Choice, key
from npas.compiler.schedules.depthwise import edges_of
from npas.compiler.schedules.pixels import MOST_LINEAR
from npas.errors import UnsupportedError
from npas.graph.graph import Network, Node
from npas.ops import Clip, Conv2d
from npas.targets.isa import ISAS, Backend, IsaName

MOST_LETTERS = 120
"""Of a kernel's name, which is a file's name too; longer ones end in a digest."""

KERNELS: Mapping[Backend, frozenset[KernelKind]] = {
    "cpu": frozenset({"pixels", "packed", "lanes", "depthwise", "planar", "winograd"}),
    "opencl": frozenset({"pixels", "lanes", "depthwise", "winograd"}),
}
"""Kinds of kernels that a backend has."""

_S = TypeVar("_S", bound=Record)


class PlanBuilder:
    """Collects what lowering decides. Values are numbered as they are made; ``place`` finds them by name."""

    def __init__(self, network: Network, isa: IsaName, threads: int, options: Options) -> None:
        self.network, self.graph = network, network.graph
        self.isa, self.threads = isa, threads
        self.lanes, self.backend = ISAS[isa].lanes, ISAS[isa].backend
        self.numbers_in_float = 2 if ISAS[isa].values == "fp16" else 1
        self.groups: tuple[Group, ...] = fuse(self.graph)
        self.options = decided(network, self.groups, options, isa)
        kinds, only_pixels = self._kernels()
        self.blocks = Blocks.of(self.graph, self.groups, self.lanes, kinds, only_pixels, self._planar(kinds))
        self.planes: Planes = assign(self.graph, self.groups, self.blocks, self._margins())
        self.values: list[Value] = []
        self.place: dict[str, int] = {}
        self.layers: list[Layer] = []
        self.kernels: dict[str, Kernel] = {}
        self.sections: list[Section] = []
        self.choices: dict[str, Choice] = {}
        self.constants: list[Stationary] = []
        self._behind: dict[int, int] = {}

    def _kernels(self) -> tuple[dict[str, KernelKind], set[str]]:
        """What the options ask for, or allow, of each convolution; and those that only pixels in lanes can compute."""
        kinds: dict[str, KernelKind] = {}
        only_pixels: set[str] = set()
        for group in self.groups:
            node = group.root
            if not isinstance(node.op, Conv2d) or is_compact(self.graph.shapes[node.name]):
                continue  # one to a single pixel is a fully connected layer
            depthwise = node.op.is_depthwise(self.graph.input_shapes(node)[0][1])
            format_ = self.options.format_of(node.name, depthwise=node.op.groups > 1)
            own_lists = preferred(format_, node.op.groups, depthwise) == "pixels"
            if own_lists:
                only_pixels.add(node.name)
            given = self.options.schedules.get(node.name)
            if (
                given is not None
                and given.kind in KERNELS[self.backend]
                and _computes(given.kind, node.op, depthwise, own_lists)
            ):
                kinds[node.name] = given.kind
            elif own_lists and self._packs(group, format_):
                kinds[node.name] = "packed"
            elif format_ == "dense" and self._winograd_pays(group):
                kinds[node.name] = "winograd"
            else:
                kinds[node.name] = preferred(format_, node.op.groups, depthwise)
        return kinds, only_pixels

    def edges(self, node: Node) -> tuple[int, int] | None:
        """Columns outside the image that a row's first and last window reach over, where the node's kernel leaves them
        out."""
        if self.backend == "opencl" or self.blocks.kernel.get(node.name) != "depthwise":
            return None
        return edges_of(self.graph, node)

    def _margins(self) -> dict[str, Margins]:
        """What the kernel of each convolution needs around its input: its padding, but for what it leaves out.
        Depthwise kernels of processors leave out rows, and columns as far as they can."""
        margins = dict[str, Margins]()
        for name, kind in self.blocks.kernel.items():
            node = self.graph.node(name)
            assert isinstance(node.op, Conv2d)
            top, left, bottom, right = node.op.pads
            if kind == "depthwise" and self.backend == "cpu":
                top = bottom = 0
            if kind == "planar" or self.edges(node) is not None:
                top = left = bottom = right = 0
            margins[name] = (top, left, bottom, right)
        return margins

    def _planar(self, kinds: Mapping[str, KernelKind]) -> set[str]:
        """Depthwise layers that can be computed between planes."""
        depthwise = (self.graph.node(name) for name, kind in kinds.items() if kind in ("depthwise", "planar"))
        can = "planar" in KERNELS[self.backend]
        return {node.name for node in depthwise if can and planar.work_of(self.graph, node).fits(self.lanes)}

    def _winograd_pays(self, group: Group) -> bool:
        """As measured before, else by estimate."""
        work = winograd.work_of(self.graph, group.root)
        if work is None or self.options.direct or "winograd" not in KERNELS[self.backend]:
            return False
        known = self.options.known.get(self.key(group, "lanes", "dense"))
        if known is not None:
            return known in winograd.winograd_space(work, self.isa, self.threads)
        return winograd.winograd_schedule(work, self.isa, self.threads) is not None

    def _packs(self, group: Group, format_: FormatName) -> bool:
        """Whether a layer with a list for every filter reads copies: where it can, unless measuring said otherwise."""
        work = packed.work_of(self.graph, group.root, self.network.weights[f"{group.root.name}.weight"])
        if work is None or "packed" not in KERNELS[self.backend]:
            return False
        known = self.options.known.get(self.key(group, "pixels", format_))
        return known is None or known.kind != "pixels"

    def key(self, group: Group, family: str, format_: FormatName) -> str:
        """Under what the best schedule of a layer is known; see ``choice.key``."""
        weight = self.network.weights[f"{group.root.name}.weight"]
        return key(self.graph, group, family, format_, weight, self.machine)

    @property
    def machine(self) -> str:
        """What of the machine a key names."""
        return f"{self.isa} t{self.threads}"

    def choose(self, group: Group, choice: Choice, kind: type[_S]) -> _S:
        """The schedule that the options give this node or know for such layers, else the estimate's first."""
        node = group.root.name
        self.choices[node] = choice
        given, known = self.options.schedules.get(node), self.options.known.get(choice.key)
        if isinstance(given, kind):
            return given
        if isinstance(known, kind) and known in choice.space:
            return known
        return next(schedule for schedule in choice.estimated if isinstance(schedule, kind))

    def value(self, name: str, layout: Layout) -> int:
        """A new value."""
        size = layout.size
        # Whole cache lines.
        rounding = self.numbers_in_float * (MOST_LINEAR if layout.compact else arena.ALIGNMENT)
        self.values.append(Value(name=name, layout=layout, size=-(-size // rounding) * rounding))
        self.place[name] = len(self.values) - 1
        return self.place[name]

    def resize(self, value: int, layout: Layout, copies: int) -> None:
        """Gives a value another layout, and room for several of it."""
        size = self.numbers_in_float * copies * arena.align(-(-layout.size // self.numbers_in_float))
        self.values[value] = self.values[value].model_copy(update={"layout": layout, "size": size})

    def result(self, group: Group, written: int = 0) -> int:
        """The value of a group; its kernel writes ``written`` numbers of each plane. Raises UnsupportedError where it
        keeps above zero what half precision takes for zero: something may be divided by it."""
        last = group.chain[-1] if group.chain else group.root
        if self.numbers_in_float > 1 and isinstance(last.op, Clip) and last.op.low > 0 and np.float16(last.op.low) == 0:
            raise UnsupportedError(
                f"node {last.name}: a lower bound above zero must be at least 6e-08 where activations are fp16, "
                f"got {last.op.low:g}, store them as fp32"
            )
        return self.value(group.value, self.layout_of(group.value, written))

    def layout_of(self, name: str, written: int = 0) -> Layout:
        """How a value of the graph lies; ``written`` as in ``result``."""
        shape = self.graph.shapes[name]
        return compact_layout(shape) if is_compact(shape) else self.planes.layout(self.graph, name, written)

    def runs_on(self, name: str) -> bool:
        """Whether the pixels of a value's planes lie one behind the other, and nobody cares what is behind the last."""
        return self.layout_of(name).runs_on(self.lanes) and not any(self.planes.margins[name])

    def constant(self, name: str, array: Floats) -> int:
        """A value of the network's own. Raises UnsupportedError where half precision cannot hold it and must."""
        if self.numbers_in_float > 1:
            with np.errstate(over="ignore", under="ignore"):
                halves = array.astype(np.float16)
            lost = np.isfinite(array) & ((array != 0) & (halves == 0) | ~np.isfinite(halves))
            if lost.any():
                raise UnsupportedError(
                    f"node {name}: a constant must be 6e-08 to {np.finfo(np.float16).max:g} where "
                    f"activations are fp16, got {array[lost][0]:g}, store them as fp32"
                )
        value = self.value(name, compact_layout(array.shape))
        self.constants.append(Stationary(value=value, section=self.store([array.reshape(-1)])))
        return value

    def layout(self, value: int) -> Layout:
        return self.values[value].layout

    def vector(self, name: str) -> int:
        """A value as a plain array: itself, or a copy."""
        at = self.place[name]
        if self.layout(at).compact:
            return at
        copied = f"{name}.vector"
        if copied not in self.place:
            source, target = self.layout(at), compact_layout(self.graph.shapes[name])
            to = self.value(copied, target)
            self.add(CopyLayer(nodes=(name,), reads=(name,), inputs=(at,), output=to, source=source, target=target))
        return self.place[copied]

    def add(self, layer: Layer) -> None:
        self.layers.append(layer)

    def store(self, sections: Sequence[Section]) -> int:
        """Puts sections into the weights file; the number of the first."""
        first = len(self.sections)
        self.sections += sections
        return first

    def kernel(self, kernel: Kernel) -> str:
        """Files a kernel under its name, which it returns."""
        name = kernel.name
        if len(name) > MOST_LETTERS:
            digest = hashlib.sha256(name.encode()).hexdigest()[:16]
            name = f"{name[: MOST_LETTERS - len(digest) - 1]}_{digest}"
        self.kernels[name] = kernel.model_copy(update={"name": name})
        return name

    def reads(self, value: int, floats: int) -> None:
        """A kernel reads up to ``floats`` behind the first pixel of the value's last plane. It keeps nothing of what
        lies behind the plane, but no other value that is written meanwhile may lie there."""
        layout = self.layout(value)
        behind = layout.origin * layout.block + floats - layout.plane * layout.block
        self._behind[value] = max(self._behind.get(value, 0), behind)

    def plan(self) -> Plan:
        offsets, size = self._placed()
        return Plan(
            name=self.graph.name,
            isa=self.isa,
            lanes=self.lanes,
            threads=self.threads,
            inputs=self._ports(self.graph.inputs),
            outputs=self._ports(self.graph.outputs),
            values=tuple(v.model_copy(update={"offset": offsets[i]}) for i, v in enumerate(self.values)),
            constants=tuple(self.constants),
            arena=arena.align(size + self.lanes),
            layers=tuple(self.layers),
            kernels=tuple(self.kernels[name] for name in sorted(self.kernels)),
            sections=len(self.sections),
            wanted=self.options.wanted,
        )

    def _placed(self) -> tuple[dict[int, int], int]:
        """Offsets of all values and the arena's length; an element-wise layer writes over what nobody reads later."""
        spans: dict[int, arena.Life] = {}
        home: dict[int, int] = {}
        for i in range(len(self.values)):
            uses = [n for n, layer in enumerate(self.layers) if i in (layer.output, *layer.inputs, *layer.scratch)]
            spans[i] = arena.Life(self._room(i), min(uses), max(uses))
        for constant in self.constants:
            spans[constant.value] = arena.Life(self._room(constant.value), 0, len(self.layers))
        for n, layer in enumerate(self.layers):
            over = [i for i in layer.inputs if i >= 0 and spans[i].last == n and self._alike(i, layer.output)]
            if isinstance(layer, ElementwiseLayer) and over:
                home[layer.output] = home.get(over[0], over[0])
        lives: dict[int, arena.Life] = {}
        for i, span in spans.items():
            at = home.get(i, i)
            old = lives.get(at, span)
            size = max(old.size, span.size)
            lives[at] = arena.Life(size, min(old.first, span.first), max(old.last, span.last))
        offsets, size = arena.place(lives)
        return {i: offsets[home.get(i, i)] for i in spans}, size

    def _room(self, value: int) -> int:
        """Of a value, with what kernels read behind it."""
        lines = self.numbers_in_float * arena.ALIGNMENT
        return self.values[value].size + -(-self._behind.get(value, 0) // lines) * lines

    def _alike(self, one: int, other: int) -> bool:
        """Whether two values lie in the same way; the caller's arrays are no values."""
        if other < 0:
            return False
        a, b = self.values[one], self.values[other]
        return a.layout == b.layout and a.size == b.size

    def _ports(self, names: tuple[str, ...]) -> tuple[Port, ...]:
        shapes = self.graph.shapes
        return tuple(Port(node=n, shape=shapes[n], layout=compact_layout(shapes[n])) for n in names)


def _computes(kind: KernelKind, op: Conv2d, depthwise: bool, own_lists: bool) -> bool:
    """Whether kernels of a kind can compute a convolution at all."""
    possible = {
        "pixels": True,
        "packed": op.groups == 1 and own_lists,
        "lanes": op.groups == 1,
        "depthwise": depthwise,
        "planar": depthwise,
        "winograd": winograd.fits(op),
    }
    return possible[kind]
