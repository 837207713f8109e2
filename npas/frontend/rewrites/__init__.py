"""The column of rewrites from what exporters write to what our operators read, top to bottom.

A rewrite looks at one node and answers with what stands in its place, or None. Each one leaves ONNX's own
vocabulary only where a later ONNX has the operator (``Swish``, ``Gelu``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from npas.frontend.folding import fold
from npas.frontend.raw import RawGraph, Replacement
from npas.frontend.rewrites import arrays, decompose, norms, resizing, windows
from npas.frontend.rewrites.activations import clip_of_min_max, gelu, hard_sigmoid, hard_swish, silu
from npas.frontend.rewrites.affine import bias_of_conv, bias_of_gemm, gemm_of_matmul, scale_and_shift
from npas.frontend.rewrites.layout import flatten, global_pool, nothing, pad_into_window, sum_of_many
from npas.frontend.rewrites.lift import unflattened_linear
from npas.ops.onnx_io import OnnxNode

Rewrite = Callable[[RawGraph, OnnxNode], Replacement | None]

EXPANSIONS: tuple[Rewrite, ...] = (
    decompose.neutral,  # first: what it takes hides patterns
    decompose.softplus_of_large,
    decompose.constants_as_floats,
    decompose.of_many,
    decompose.reduced,
    decompose.log_sum_exp,
    decompose.global_pools,
    norms.batch_norm,
    norms.layer_norm,
    norms.layer_statistics,
    norms.rms_norm,
    norms.instance_norm,
    norms.group_norm,
    norms.mean_variance_norm,
    norms.lp_norm,
    norms.local_response_norm,
    decompose.gemm,
    decompose.vectors_as_matrices,
    decompose.softmax_of_the_rest,
    decompose.spelled_out,
    arrays.split,
    arrays.sequence_part,
    arrays.center_crop_or_pad,
    arrays.gathered,
    arrays.gathered_anyhow,
    arrays.tiled,
    arrays.depth_to_space,
    arrays.space_to_depth,
    windows.rows_as_images,
    windows.pool_of_a_batch,
    windows.volumes,
    windows.lp_pool,
    windows.dilated_mean,
    windows.conv_transpose,
    resizing.resized,
)
"""Operators that are several others. Any of these may make what another one takes, so they go on until all are done."""

EXPANDED = frozenset(
    (
        *("CenterCropPad", "Compress", "ConvTranspose", "DepthToSpace", "GatherElements", "GatherND"),
        *("GroupNormalization", "Identity", "InstanceNormalization", "LRN", "LpNormalization", "LpPool", "Mean"),
        *("MeanVarianceNormalization", "Mish", "RMSNormalization", "ReduceL1", "ReduceL2", "ReduceLogSum"),
        *("ReduceLogSumExp", "ReduceSumSquare", "Resize", "ReverseSequence", "SpaceToDepth", "Split", "Squeeze"),
        *("Sum", "Tile", "Unsqueeze", "Upsample"),
    )
)
"""Operators of ONNX that none of ours reads, but a rewrite takes."""

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
    scale_and_shift,  # after these: it takes every remaining product and sum with a constant
    arrays.reshaped,  # last, what patterns above look for by its own name
    arrays.sliced,
    arrays.padded,
)

MOST_ROUNDS = 16
"""Of expansions: none makes what it takes itself, so a few are enough."""


def rewritten(graph: RawGraph) -> RawGraph:
    """The graph after the whole column; shapes and constants are known throughout."""
    graph = fold(graph).without_dead_nodes()
    for _ in range(MOST_ROUNDS):
        before = graph
        graph = apply(_expanded, graph)
        if graph is before:
            break
    for rewrite in COLUMN:
        graph = apply(rewrite, graph)
    return graph


def _expanded(graph: RawGraph, node: OnnxNode) -> Replacement | None:
    """The first expansion that takes the node."""
    return next((found for rewrite in EXPANSIONS if (found := rewrite(graph, node)) is not None), None)


def apply(rewrite: Rewrite, graph: RawGraph) -> RawGraph:
    """One rewrite at every node, in order. A node sees what the rewrite has done before it."""
    done: list[OnnxNode] = []
    constants, alias = dict(graph.constants), dict[str, str]()
    complaints = dict(graph.complaints)
    changed = False
    for position, node in enumerate(graph.nodes):
        node = replace(node, inputs=tuple(alias.get(i, i) for i in node.inputs))
        seen = replace(graph, nodes=(*done, node, *graph.nodes[position + 1 :]), constants=constants)
        try:
            found = rewrite(seen, node)
        except ValueError as error:
            complaints[node.output] = str(error)
            found = None
        if found is None:
            done.append(node)
            continue
        changed = True
        constants |= found.constants
        done += found.nodes
        if found.alias is not None:
            alias[node.output] = found.alias
    if not changed:
        return graph if len(complaints) == len(graph.complaints) else replace(graph, complaints=complaints)
    outputs = tuple(alias.get(o, o) for o in graph.outputs)
    after = replace(graph, nodes=tuple(done), outputs=outputs, constants=constants, complaints=complaints)
    return fold(after).without_dead_nodes()
