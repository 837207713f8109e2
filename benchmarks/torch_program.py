"""A network as an exported torch program, which the engines that come from torch take in place of an ONNX file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch.fx import GraphModule

from npas.compiler.passes import simplify
from npas.graph.graph import Network
from npas.training import module

_ATEN = torch.ops.aten


def write(network: Network, image: torch.Tensor, path: Path) -> None:
    """Batch norm folded; written whole or not at all."""
    made = module.GraphModule(simplify(network)).eval().requires_grad_(False)
    plain = torch.export.export(made, (image,)).module()
    assert isinstance(plain, GraphModule)
    _plain_pools(plain)
    partial = path.with_suffix(".partial.pt2")
    torch.export.save(torch.export.export(plain, (image,)), partial)
    partial.rename(path)


def _plain_pools(program: GraphModule) -> None:
    """Max pooling as everybody writes it, padding by itself and whole: not every engine has a fast kernel for ours."""
    for pool in program.graph.find_nodes(op="call_function", target=_ATEN.max_pool2d.default):
        args: tuple[Any, ...] = pool.args
        pad, kernel, stride, *rest = args
        if rest or pad.target != _ATEN.pad.default:
            continue
        image, (left, right, top, bottom), _, value = pad.args
        if (left, top, value) == (right, bottom, float("-inf")):
            pool.args = (image, kernel, stride, [top, left])
    for alias in program.graph.find_nodes(op="call_function", target=_ATEN.alias.default):
        alias.replace_all_uses_with(alias.all_input_nodes[0])
    program.graph.eliminate_dead_code()
    program.recompile()
