"""Whether every pruned layer is faster than its dense kernel, or is built dense: networks by scheme and rate.

    python benchmarks/choices.py [--networks a,b] [--schemes a,b] [--rates 2,3,5,8] [--threads 1] [--json FILE]
                                 [--check]

All convolutions are pruned but the first and the depthwise ones, by each scheme that applies (``filter`` leaves dense
layers, of fewer filters); VGG-16's fully connected layers too, by those that they take. Each network takes the road of
a build: clear cases are built dense by estimate, those that gain nothing after measuring. Then it is measured anew, in
turn with the same network all dense. A layer that was left sparse and takes longer now than its dense kernel, by the
median of the rounds' ratios or by least times, is a target missed; one that gains less now than the choice asked for
(``npas.stages.layers.GAIN``) is named. Weights are random, programs not proven.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, cast, get_args

import numpy as np
from common import finish, parser
from sparse import Variant, progress, prunings

from npas import measure, zoo
from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.frontend.initialise import initialise
from npas.graph.graph import Network
from npas.schemes import SCHEMES
from npas.spec.schema import CpuTarget, SchemeName
from npas.stages.layers import GAIN, all_dense, compared, without_losers
from npas.stages.program import Machine, compiled


def choices(network: Network, variant: Variant, rate: float, machine: Machine) -> dict[str, Any] | None:
    """How each pruned layer is built, its least times, ms, the share of its dense time that it takes, and the rounds'
    ratios by their median and its 95 % interval; None where no layer takes the scheme."""
    given = prunings(network.graph, variant, rate)
    if not given:
        return None
    pruned = one_shot(network, given).network
    options = without_losers(pruned, Options(prunings=given), "choices", machine)
    with (
        compiled(pruned, "choices", machine, options) as built,
        compiled(pruned, "choices", machine, all_dense(options)) as dense,
    ):
        times = compared(built, dense, machine)
        layers = {layer.nodes[0]: layer.stored.pruned for layer in built.lowered.plan.weights_layers}
    because = {node: p.built_dense_because for node, p in layers.items() if p and p.built_dense_because}
    return {
        "scheme": variant.scheme,
        "rate": rate,
        "layers": len(set(given) & set(layers)),
        "sparse": {
            node: {
                "format": x.format,
                "ms": min(x.sparse),
                "dense_ms": min(x.dense),
                "share": x.share,
                "ratio": x.median,
                "interval": measure.bootstrap(np.divide(x.sparse, x.dense), 0),
            }
            for node, x in times.items()
        },
        "dense_by_measure": {node: why for node, why in because.items() if node in options.dense},
        "dense_by_estimate": {node: why for node, why in because.items() if node not in options.dense},
    }


def losers(row: Mapping[str, Any], most: float) -> list[str]:
    """Layers left sparse that take more than this share of their dense time."""
    return [node for node, x in row["sparse"].items() if x["share"] > most]


def shown(layer: Mapping[str, Any]) -> str:
    """The share, and the median of the rounds' ratios with its interval."""
    low, high = layer["interval"]
    return f"{layer['share']:.2f} (rounds {layer['ratio']:.2f} [{low:.2f}, {high:.2f}])"


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--networks", default="resnet18,mobilenet_v2,vgg16")
    options.add_argument("--schemes", default=",".join(name for name in get_args(SchemeName) if name != "filter"))
    options.add_argument("--rates", default="2,3,5,8")
    options.add_argument("--threads", type=int, default=1)
    given = options.parse_args()
    machine = Machine.of(CpuTarget(type="cpu", threads=given.threads))
    rows, missed = [], list[str]()
    for name in given.networks.split(","):
        network = initialise(zoo.build(name), np.random.default_rng(0))
        for scheme in cast("list[SchemeName]", given.schemes.split(",")):
            for rate in map(float, given.rates.split(",")):
                if rate < SCHEMES[scheme].min_rate:
                    continue
                progress(f"{name}, {scheme} at {rate:g}")
                heads = name == "vgg16" and SCHEMES[scheme].applies("fc")
                row = choices(network, Variant(scheme, scheme, heads), rate, machine)
                if row is None:
                    continue
                rows.append({"network": name, **row})
                lost, near = losers(row, 1.0), losers(row, GAIN)
                print(
                    f"{name:<20} {scheme:<14} {rate:4g}: of {row['layers']} layers {len(row['sparse'])} sparse, "
                    f"{len(row['dense_by_estimate'])} dense by estimate, {len(row['dense_by_measure'])} by measure"
                    + "".join(f"; {node} {shown(row['sparse'][node])}" for node in near),
                    flush=True,
                )
                missed += [f"{name} {scheme} {rate:g} {node}" for node in lost]
    sparse = sum(len(row["sparse"]) for row in rows)
    headline = f"{sparse - len(missed)} of {sparse} layers that are built sparse are faster than dense"
    return finish(given, {"threads": given.threads, "rows": rows}, headline, missed)


if __name__ == "__main__":
    sys.exit(main())
