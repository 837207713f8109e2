"""Rewrites of a trained network that keep its function: one pass per file, run in the order of ``PASSES``."""

from __future__ import annotations

from collections.abc import Callable

from npas.compiler.passes import dead_channels, fold_batch_norm, linear_rows, regroup, remove_identity
from npas.graph.graph import Network

Pass = Callable[[Network], Network]

PASSES: tuple[Pass, ...] = (
    remove_identity.run,  # first, so that a dropout between a convolution and its batch-norm hides neither
    fold_batch_norm.run,  # before liveness, so that a filter's constant is one bias and not an expression
    dead_channels.run,  # on the fewest nodes; only here do channels go
    regroup.run,  # of what is left, blocks that lost a part of their filters
    linear_rows.run,  # last: what it writes for the compiler hides whose channels are whose
)


def simplify(network: Network) -> Network:
    """Runs every pass once. Surviving nodes keep their names; outputs may be renamed (same order)."""
    for run in PASSES:
        network = run(network)
    return network


__all__ = ["PASSES", "Pass", "simplify"]
