"""What is decided of the cases in ``variants``: schemes, rates and schedules that no default would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import get_args

import numpy as np
from programs import RATES, network_of
from variants import COUNTS, Case, Cases

from npas.algorithms import one_shot
from npas.compiler.formats import FormatName
from npas.compiler.indexed import Options, shared_filters
from npas.compiler.lower import Lowered, lower
from npas.compiler.plan import Kernel
from npas.compiler.schedules import planar
from npas.compiler.schedules.depthwise import edges_of
from npas.compiler.schedules.records import (
    AnySchedule,
    DepthwiseSchedule,
    LaneSchedule,
    PackedSchedule,
    PlanarSchedule,
    Schedule,
    WinogradSchedule,
)
from npas.compiler.schedules.space import PLACEMENTS
from npas.compiler.schedules.winograd import WinogradWork
from npas.graph.graph import Graph, Network, Node
from npas.ops import Conv2d, Op
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Pruning
from npas.spec.schema import Isa, SchemeName
from npas.targets.isa import ISAS, IsaName

Fields = Mapping[str, tuple[int | str, ...]]
"""The values that a schedule's fields are dealt from."""
DEPTHWISE: Fields = {"pixels": (1, 2, 3, 4, 6)}
ROWS = (0, 1, 2, 5)
"""Of a depthwise layer at a time, together with the layer before; none where each runs alone."""
WINOGRAD: Fields = {
    "vectors": (1, 2, 3),
    "pixels": (1, 2, 3),
    "tiles_at_a_time": (1, 3, 8),
    "split": ("tiles", "filters"),
}
THREADS = 3
TEMPLATES = set(get_args(Kernel.model_fields["template"].annotation))
DEFAULTS = 0.12
"""Share of the cases that keep their default schedule."""


@dataclass(frozen=True)
class Variants:
    """A pruned network of cases and what a build decides of it."""

    network: Network
    options: Options
    cases: tuple[Case, ...]


@cache
def variants(isa: IsaName, seed: int) -> Variants:
    """All cases of one program."""
    made = Cases(isa, seed)
    for family, count in COUNTS[ISAS[isa].backend].items():
        for i in range(count):
            if family == "linear":
                made.linear(i)
            else:
                made.conv(family, i)
    made.pools()
    made.elementwise()
    graph = made.builder.graph(*made.outputs)
    prunings = prunings_of(made.cases, graph, made.rng)
    prunings |= dict.fromkeys(made.readers, Pruning("unstructured", 2.0))
    for case in made.cases:
        # Winograd's method is no default where layers are as small as these.
        if case.family == "winograd" or made.rng.random() >= DEFAULTS:
            made.schedules[case.name] = schedule_of(case, graph, Options(prunings=prunings), made)
    options = Options(prunings=prunings, schedules=made.schedules, direct=True)
    pruned = one_shot(network_of(graph, seed), prunings).network
    # Half of the fully connected layers of each format have weights that 16 bits hold, and are stored in as many.
    linear = [case.name for case in made.cases if case.family == "linear"]
    names = sorted(linear, key=lambda name: (options.format_of(name), name))[::2]
    options = replace(options, halves=frozenset(names))
    halves = {f"{n}.weight": pruned.weights[f"{n}.weight"].astype(np.float16).astype(np.float32) for n in names}
    return Variants(replace(pruned, weights={**pruned.weights, **halves}), options, tuple(made.cases))


def cases_of(isa: Isa) -> Variants:
    """By seeds under which every kind of kernel is drawn, as ``test_variants_drawn.py`` holds them to."""
    return variants(isa, seed={"avx512": 17, "avx2": 9}.get(isa, 8))


@cache
def lowered_for(isa: Isa) -> Lowered:
    """As the cases are: simplified, they would lose the channels of their inputs that pruned layers do not read."""
    made = cases_of(isa)
    return lower(made.network, isa=isa, threads=THREADS, options=made.options)


def prunings_of(cases: list[Case], graph: Graph, rng: np.random.Generator) -> dict[str, Pruning]:
    """Every scheme, and none, in turn on the layers of a family and kind."""
    seen, prunings = Counter[tuple[str, str | None]](), dict[str, Pruning]()
    for case in cases:
        kind = kind_of(graph.node(case.name), graph)
        applicable = [name for name, scheme in SCHEMES.items() if kind is not None and scheme.applies(kind)]
        schemes: list[SchemeName | None] = [None, *applicable]
        if case.family in ("packed", "runs"):  # which only lists of their own need
            schemes = [name for name in applicable if has_own_lists(name)]
        # From another one on in each family, so that a kind that is rare in one still meets them all.
        turn = seen[case.family, kind] + len(case.family)
        seen[case.family, kind] += 1
        name = schemes[turn % len(schemes)]
        if name is not None:
            rates = [rate for rate in RATES if rate >= SCHEMES[name].min_rate]
            prunings[case.name] = Pruning(name, float(rng.choice(rates)))
    return prunings


def has_own_lists(scheme: SchemeName) -> bool:
    """Whether a scheme leaves every filter of a convolution with its own kept positions."""
    return shared_filters(Options(prunings={"": Pruning(scheme, 2.0)}).format_of(""), 2) == 1


def schedule_of(case: Case, graph: Graph, options: Options, made: Cases) -> AnySchedule:
    """A schedule of the case's family."""
    op = graph.node(case.name).op
    groups = op.groups if isinstance(op, Conv2d) else 1
    filters = graph.shapes[case.name][1]
    format_ = options.format_of(case.name, depthwise=groups > 1)
    if case.family == "linear":
        columns = int(np.prod(case.source))
        # A matrix of groups is stored as blocks.
        return linear_schedule(filters, columns, format_ if groups == 1 or format_ != "dense" else "bcs", made)
    if case.family == "planar":
        walks = planar.walks_of(planar.work_of(graph, graph.node(case.name)), made.isa)
        vectors, strips = walks[int(made.rng.integers(len(walks)))]
        return PlanarSchedule(vectors=vectors, strips=strips)
    # Entries of several channels are stored as bcs, whatever the scheme.
    depth = (
        made.dealt(f"depth {case.depths[1:]}", case.depths[1:]) if made.rng.random() < 0.85 and case.depths[1:] else 1
    )
    # Several filters share a list; those of formats that have one for each are then stored as bcs.
    shared = shared_filters(format_, filters // groups) > 1 or made.rng.random() < 0.15
    items = ISAS[made.isa].items
    placements: Fields = {"placement": PLACEMENTS[ISAS[made.isa].backend]}
    lanes = item_fields(depth) if items else lane_fields(depth, made.lanes) | placements
    kind, fields = {
        "packed": (PackedSchedule, packed_fields(case.source[0])),
        "runs": (PackedSchedule, packed_fields(case.source[0])),
        "lanes": (LaneSchedule, lanes),
        "pointwise": (LaneSchedule, lanes),
        "depthwise": (DepthwiseSchedule, DEPTHWISE),
        "winograd": (WinogradSchedule, WINOGRAD | winograd_tile(op) | placements),
    }.get(case.family, (Schedule, pixel_fields((1, 2, 4, 8) if shared else (1,), case.source[0])))
    chosen = {name: made.dealt(f"{kind} {name} {values}", values) for name, values in fields.items()}
    if case.family == "depthwise" and can_be_second(graph, graph.node(case.name), made):
        chosen["rows"] = ROWS[made.cases.index(case) % len(ROWS)]
    schedule: AnySchedule = kind.model_validate(chosen)
    return schedule


def can_be_second(graph: Graph, node: Node, made: Cases) -> bool:
    """Whether a depthwise layer can be computed together with the layer before it."""
    if ISAS[made.isa].backend != "cpu" or node.inputs[0] in graph.outputs:
        return False
    return edges_of(graph, node) is not None


def winograd_tile(op: Op) -> Fields:
    if not isinstance(op, Conv2d):
        return {}
    return {"tile": WinogradWork(1, 1, 1, 1, op.kernel[0], op.stride[0]).tiles}


def pixel_fields(rows: tuple[int, ...], channels: int) -> Fields:
    return {
        "rows": rows,
        "vectors": (1, 2, 3),
        "tiles_at_a_time": (1, 2, 3, 5),
        "channel_block": (1, 2, 5, channels),
        "split": ("filters", "pixels"),
    }


def packed_fields(channels: int) -> Fields:
    return {"lines": (1, 2, 3, 5, 12), "channel_block": (1, 2, 5, channels), "split": ("filters", "pixels")}


def lane_fields(depth: int, lanes: int) -> Fields:
    return {
        "depth": (depth,),
        "vectors": {1: (1, 2, 3, 4), 2: (1, 2), 4: (1, 2, 4)}[depth],
        "pixels": (1, 2, 3, 4, 7),
        "tiles_at_a_time": (1, 2, 3, 7),
        "channel_block": (depth, 2 * depth, 5 * depth, lanes * depth),
        "split": ("filters", "pixels"),
    }


def item_fields(depth: int) -> Fields:
    """Where work items are lanes."""
    return {
        "depth": (depth,),
        "vectors": {1: (1, 2, 4), 4: (4, 8, 16)}[depth],
        "pixels": (1, 2, 3, 4),
        "tiles_at_a_time": (1, 2, 7, 16),
        "channel_block": (1, depth),
        "split": ("filters", "pixels"),
        "placement": ("buffer", "image"),
        "slices": (1, 2, 3, 8),
    }


def linear_schedule(filters: int, columns: int, format_: FormatName, made: Cases) -> Schedule:
    alone = shared_filters(format_, filters) == 1
    vectors = 1 if alone else made.dealt("linear vectors", (1, 2, 4))
    items = made.dealt("linear items", (1, 3, 16)) if ISAS[made.isa].items else 4
    rows = 1 if alone else vectors * made.lanes
    return Schedule(rows=rows, vectors=vectors, channel_block=columns, tiles_at_a_time=items)
