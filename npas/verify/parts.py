"""A plan cut into the parts that can be run by themselves: a layer, with what only prepares its input."""

from __future__ import annotations

from dataclasses import dataclass

from npas.compiler.plan import ConcatLayer, ConvLayer, InputLayer, OutputLayer, Plan, SplitLayer


@dataclass(frozen=True)
class Part:
    """Layers ``first`` to ``last``, reading ``inputs`` and giving ``output`` (as the plan numbers values)."""

    first: int
    last: int
    nodes: tuple[str, ...]
    inputs: tuple[int, ...]
    output: int

    @property
    def value(self) -> str:
        """The graph's value that the part computes."""
        return self.nodes[-1]


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """Every layer in one part, but for those that only move the caller's arrays."""
    parts: list[Part] = []
    for i, layer in enumerate(plan.layers):
        if isinstance(layer, InputLayer | OutputLayer | SplitLayer):
            continue
        before = plan.layers[i - 1] if i else None
        if isinstance(layer, ConvLayer) and isinstance(before, SplitLayer) and before.output == layer.inputs[0]:
            parts.append(Part(i - 1, i, layer.nodes, (*before.inputs, *layer.inputs[1:]), layer.output))
        elif isinstance(layer, ConcatLayer) and parts and parts[-1].output == layer.output:
            last = parts.pop()
            parts.append(Part(last.first, i, layer.nodes, (*last.inputs, *layer.inputs), layer.output))
        else:
            parts.append(Part(i, i, layer.nodes, layer.inputs, layer.output))
    return tuple(parts)


def graph_value(plan: Plan, value: int) -> str:
    """The graph's name of what lies in a value of the plan (``x.vector`` is x in another layout)."""
    if value < 0:
        return plan.inputs[-1 - value].node
    return plan.values[value].name.split(".", maxsplit=1)[0]
