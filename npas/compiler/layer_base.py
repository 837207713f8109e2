"""What every layer of a plan says."""

from __future__ import annotations

from pydantic import Field

from npas.compiler.record import Record


class LayerBase(Record):
    """``nodes`` are the graph's nodes that the layer computes, the last one naming the output value."""

    nodes: tuple[str, ...]
    reads: tuple[str, ...] = Field((), description="the graph's values that the nodes take, as inputs has them")
    inputs: tuple[int, ...] = Field(description="values; -1 - i is the caller's array i")
    output: int = Field(description="value; -1 - i is the caller's array i")
    macs: int = 0
    scratch: tuple[int, ...] = Field((), description="values that hold nothing before the layer or after it")
