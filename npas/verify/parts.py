"""A plan cut into the parts that can be run by themselves: a layer, with what only prepares its input."""

from __future__ import annotations

from dataclasses import dataclass

from npas.compiler.plan import (
    ConcatLayer,
    ConvLayer,
    CopyLayer,
    InputLayer,
    OutputLayer,
    Plan,
    SplitLayer,
    WinogradLayer,
)


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
    """Output pixels on a tile's side, where the part is computed by Winograd's method."""

    @property
    def value(self) -> str:
        """The graph's value that the part computes."""
        return self.nodes[-1]


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """Every layer in one part, but for those that only move arrays."""
    parts: list[Part] = []
    for i, layer in enumerate(plan.layers):
        if isinstance(layer, InputLayer | OutputLayer | SplitLayer | CopyLayer):
            continue
        before = plan.layers[i - 1] if i else None
        if isinstance(layer, ConvLayer) and isinstance(before, SplitLayer) and before.output == layer.inputs[0]:
            inputs = (*before.inputs, *layer.inputs[1:])
            parts.append(Part(i - 1, i, layer.nodes, layer.reads, inputs, layer.output))
        elif isinstance(layer, ConcatLayer) and parts and parts[-1].output == layer.output:
            last = parts.pop()
            reads, inputs = (*last.reads, *layer.reads), (*last.inputs, *layer.inputs)
            parts.append(Part(last.first, i, layer.nodes, reads, inputs, layer.output))
        else:
            tile = layer.winograd.schedule.tile if isinstance(layer, WinogradLayer) else 0
            parts.append(Part(i, i, layer.nodes, layer.reads, layer.inputs, layer.output, tile))
    return tuple(parts)
