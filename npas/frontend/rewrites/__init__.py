"""The column of rewrites from what exporters write to what our operators read, top to bottom.

A rewrite looks at one node and answers with what stands in its place, or None. Each one leaves ONNX's own
vocabulary only where a later ONNX has the operator (``Swish``, ``Gelu``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npas.frontend.folding import fold
from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites.activations import clip_of_min_max, gelu, hard_sigmoid, hard_swish, silu
from npas.frontend.rewrites.affine import bias_of_conv, bias_of_gemm, gemm_of_matmul, scale_and_shift
from npas.frontend.rewrites.layout import flatten, global_pool, nothing, pad_into_window, sum_of_many
from npas.frontend.rewrites.lift import unflattened_linear
from npas.ops.onnx_io import OnnxNode

Rewrite = Callable[[RawGraph, OnnxNode], Replacement | None]

COLUMN: tuple[Rewrite, ...] = (
    nothing,  # first, so that identities do not hide patterns
    sum_of_many,
    global_pool,
    unflattened_linear,  # before flatten: it looks for the reshape back to a plane
    flatten,
    pad_into_window,
    gemm_of_matmul,
    bias_of_gemm,
    bias_of_conv,
    clip_of_min_max,  # before the activations, which look for Clip
    hard_sigmoid,  # before hard_swish, which looks for it
    hard_swish,
    silu,
    gelu,
    scale_and_shift,  # last: it takes every remaining product and sum with a constant
)


def rewritten(graph: RawGraph) -> RawGraph:
    """The graph after the whole column; shapes and constants are known throughout."""
    graph = fold(graph).without_dead_nodes()
    for rewrite in COLUMN:
        graph = apply(rewrite, graph)
    return graph


def apply(rewrite: Rewrite, graph: RawGraph) -> RawGraph:
    """One rewrite at every node, in order. A node sees what the rewrite has done before it."""
    done: list[OnnxNode] = []
    constants, alias = dict(graph.constants), dict[str, str]()
    changed = False
    for position, node in enumerate(graph.nodes):
        node = replace(node, inputs=tuple(alias.get(i, i) for i in node.inputs))
        found = rewrite(replace(graph, nodes=(*done, node, *graph.nodes[position + 1 :]), constants=constants), node)
        if found is None:
            done.append(node)
            continue
        changed = True
        constants |= found.constants
        done += found.nodes
        if found.alias is not None:
            alias[node.output] = found.alias
    if not changed:
        return graph
    outputs = tuple(alias.get(o, o) for o in graph.outputs)
    return fold(replace(graph, nodes=tuple(done), outputs=outputs, constants=constants)).without_dead_nodes()
