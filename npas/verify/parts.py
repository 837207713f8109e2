"""A plan cut into the parts that can be run by themselves: a layer, with what only prepares its input."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from npas.compiler.plan import ConvLayer, CopyLayer, InputLayer, OutputLayer, Plan, WinogradLayer
from npas.spec.schema import Storage
from npas.targets.isa import ISAS


@dataclass(frozen=True)
class Part:
    """Layers ``first`` to ``last``, reading ``inputs`` and giving ``output`` (as the plan numbers values)."""

    first: int
    last: int
    nodes: tuple[str, ...]
    reads: tuple[str, ...]
    inputs: tuple[int, ...]
    output: int
    winograd: int = 0
    """Pixels on the side of a tile, where the part is computed by Winograd's method."""
    products: Storage = "fp32"
    """In what its convolution multiplies."""

    @property
    def value(self) -> str:
        """The graph's value that the part computes."""
        return self.nodes[-1]


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """A part for each group of nodes: its layers stand together. Those that only copy are left out: the comparison
    end to end says it all."""
    parts: list[Part] = []
    layers = list(enumerate(plan.layers))
    for nodes, run in groupby(layers, key=lambda pair: pair[1].nodes):
        group = list(run)
        if all(isinstance(layer, InputLayer | OutputLayer | CopyLayer) for _, layer in group):
            continue
        read: dict[int, str] = {}
        written: set[int] = set()
        for _, layer in group:
            if not isinstance(layer, OutputLayer):
                new = zip(layer.inputs, layer.reads, strict=True)
                read |= {value: name for value, name in new if value not in written}
                written.add(layer.output)
        computing = [layer for _, layer in group if not isinstance(layer, OutputLayer)]
        sides = [layer.winograd.side for layer in computing if isinstance(layer, WinogradLayer)]
        parts.append(
            Part(
                first=group[0][0],
                last=group[len(computing) - 1][0],
                nodes=nodes,
                reads=tuple(read.values()),
                inputs=tuple(read),
                output=computing[-1].output,
                winograd=sides[0] if sides else 0,
                products=ISAS[plan.isa].products if any(isinstance(x, ConvLayer) for x in computing) else "fp32",
            )
        )
    return tuple(parts)
