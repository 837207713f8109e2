"""Phase 1: which operators are replaced, and which must not be."""

from __future__ import annotations

import pytest
import torch

from npas.graph.builder import Builder
from npas.graph.graph import Graph
from npas.ops import AnyOp, Clip, Concat, Flatten, Gelu, HardSigmoid, HardSwish, Relu, Sigmoid, Silu, Softmax, Tanh
from npas.rewrite import Replacement, friendly


def ending_in(op: AnyOp, *after: AnyOp) -> Graph:
    b = Builder("net")
    x = b.node(op, b.conv(b.input((3, 8, 8)), 4), name="act")
    for last in after:
        x = b.node(last, *([x, x] if isinstance(last, Concat) else [x]))
    return b.graph(x)


@pytest.mark.parametrize(
    ("op", "stand_in"),
    [(Sigmoid(), HardSigmoid()), (Silu(), HardSwish()), (Gelu(), HardSwish()), (Tanh(), Clip(low=-1, high=1))],
)
def test_unfriendly_operators_are_replaced_in_place(op: AnyOp, stand_in: AnyOp) -> None:
    b = Builder("net")
    x = b.conv(b.input((3, 8, 8)), 4, name="first")
    graph = b.graph(b.conv(b.node(op, x, name="act"), 4, name="last"))
    rewritten, replacements = friendly(graph)
    assert rewritten.node("act").op == stand_in
    assert replacements == (Replacement("act", op.type, stand_in.type),)
    assert [(n.name, n.inputs) for n in rewritten.nodes] == [(n.name, n.inputs) for n in graph.nodes]
    assert rewritten.parameters == graph.parameters and rewritten.outputs == graph.outputs


@pytest.mark.parametrize("op", [Sigmoid(), Silu(), Gelu(), Tanh()])
def test_stand_ins_stay_close(op: AnyOp) -> None:
    """Within an eighth on average over the usual range, and never a third off."""
    graph, _ = friendly(ending_in(op, Softmax()))
    x = torch.linspace(-5, 5, 1001)
    off = (op.reference([x], {}) - graph.node("act").op.reference([x], {})).abs()
    assert off.mean() < 0.125 and off.max() < 1 / 3


@pytest.mark.parametrize("after", [(), (Flatten(),), (Concat(), Flatten())], ids=["output", "flatten", "concat"])
def test_what_the_caller_reads_keeps_its_meaning(after: tuple[AnyOp, ...]) -> None:
    graph = ending_in(Sigmoid(), *after)
    assert friendly(graph) == (graph, ())


def test_gates_and_softmax_inputs_are_not_outputs() -> None:
    b = Builder("gate")
    x = b.conv(b.input((3, 8, 8)), 4)
    gate = b.node(Sigmoid(), b.conv(b.global_avg_pool(x), 4, 1), name="gate")
    graph = b.graph(b.node(Softmax(), b.flatten(b.mul(x, gate)), name="softmax"))
    rewritten, replacements = friendly(graph)
    assert [r.node for r in replacements] == ["gate"]
    assert rewritten.node("softmax") == graph.node("softmax")


def test_friendly_graphs_are_left_alone() -> None:
    graph = ending_in(Relu(), Flatten())
    assert friendly(graph) == (graph, ())
    once, _ = friendly(ending_in(Silu(), Softmax()))
    assert friendly(once) == (once, ())
