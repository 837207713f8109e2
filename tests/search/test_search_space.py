import numpy as np
import pytest
from blackbox import small_graph, small_space

from npas.errors import DriftError
from npas.graph.graph import Graph, Node
from npas.ops import Conv2d, GlobalAvgPool, Input, Linear, Relu, Softmax
from npas.rewrite import filter_types
from npas.schemes import SCHEMES, kind_of
from npas.search.candidate import Candidate, Choice
from npas.search.prior import prior, uniform
from npas.search.space import SearchSpace
from npas.spec.schema import Search


def test_sites_are_the_layers_and_start_unpruned() -> None:
    graph = small_graph()
    space = SearchSpace.of(graph, Search())
    assert [site.node for site in space.sites] == [n.name for n in graph.nodes if isinstance(n.op, Conv2d | Linear)]
    for site in space.sites:
        assert site.choices[0].filter_type == site.own_type and site.choices[0].rate == 1
        assert len(set(site.choices)) == len(site.choices)


def test_every_choice_applies() -> None:
    """The rewriter takes every filter type offered, and prunes the layer with the scheme and rate that were chosen."""
    graph = small_graph((8, 8, 16))
    space = SearchSpace.of(graph, Search())
    for site in space.sites:
        types = {choice.filter_type for choice in site.choices}
        assert types == set(filter_types.options(graph.node(site.node), graph))
        for i, choice in enumerate(site.choices):
            indices = tuple(i if other is site else 0 for other in space.sites)
            _, prunings = filter_types.apply_graph(graph, space.candidate(indices))
            assert (len(prunings) > 0) == (choice.rate > 1), choice
            assert all((p.scheme, p.rate) == (choice.scheme, choice.rate) for p in prunings.values())


def test_spec_narrows_types_schemes_and_rates() -> None:
    search = Search(filter_types=("skip",), schemes=("pattern", "block"), rates=(1.0, 2.0, 2.5))
    space = SearchSpace.of(small_graph(), search)
    assert {str(c) for c in space.choices("conv1")} == {"3x3", "3x3 pattern 2.5x", "skip"}
    assert {str(c) for c in space.choices("fc")} == {"fc", "fc block 2x", "fc block 2.5x"}


def test_schemes_apply_to_the_own_type() -> None:
    graph = small_graph()
    space = SearchSpace.of(graph, Search())
    for site in space.sites:
        kind = kind_of(graph.node(site.node), graph)
        assert kind is not None
        own = {c.scheme for c in site.choices if c.filter_type == site.own_type and c.rate > 1}
        assert own == {n for n, s in SCHEMES.items() if s.applies(kind)} - ({"filter"} if site.node == "fc" else set())


def test_last_layer_keeps_its_filters_behind_pool_and_softmax() -> None:
    nodes = (
        Node("input", Input(shape=(1, 3, 8, 8))),
        Node("conv1", Conv2d(filters=8, kernel=(3, 3), pads=(1, 1, 1, 1)), ("input",)),
        Node("relu1", Relu(), ("conv1",)),
        Node("conv2", Conv2d(filters=10, kernel=(1, 1)), ("relu1",)),
        Node("pool", GlobalAvgPool(), ("conv2",)),
        Node("probability", Softmax(), ("pool",)),
    )
    space = SearchSpace.of(Graph("conv_last", nodes, ("probability",)), Search())
    assert "filter" in {c.scheme for c in space.choices("conv1")}
    assert "filter" not in {c.scheme for c in space.choices("conv2")}


def test_size_and_numbering() -> None:
    space = small_space(small_graph((8, 8)))
    assert space.size == len(space.sites[0].choices) * len(space.sites[1].choices) * len(space.sites[2].choices)
    assert space.at(0) == space.dense()
    assert len({space.at(i).key for i in range(2000)}) == 2000
    assert space.at(space.size - 1) == space.candidate(tuple(len(site.choices) - 1 for site in space.sites))


def test_random_is_seeded_and_valid() -> None:
    space = small_space()
    draws = [space.random(np.random.default_rng(seed)) for seed in (1, 1, 2)]
    assert draws[0] == draws[1] != draws[2]
    for candidate in draws:
        assert space.candidate(space.indices(candidate)) == candidate


def test_foreign_candidates_are_named() -> None:
    space = small_space()
    good = dict(space.dense().choices)
    for bad, match in (
        ({**good, "conv99": good["conv0"]}, "conv99 is not a site"),
        ({k: v for k, v in good.items() if k != "conv3"}, "conv3"),
        ({**good, "conv2": Choice("7x7", "filter", 3.0)}, "conv2 cannot become '7x7 filter 3x'"),
    ):
        with pytest.raises(DriftError, match=match):
            space.validate(Candidate(bad))


def test_prior_is_uniform_and_distinct() -> None:
    space = small_space()
    candidates = list(prior(space))
    assert len({c.key for c in candidates}) == len(candidates)
    assert space.dense() in candidates
    assert candidates[0] == uniform(space, "block_punched", 5.0)
    assert candidates[0].choices["conv0"].rate == 1
    assert {str(candidates[0].choices[f"conv{i}"]) for i in range(1, 8)} == {"3x3 block_punched 5x"}
    assert str(candidates[0].choices["fc"]) == "fc block 5x"
    assert candidates[1] == uniform(space, "block_punched", 10.0)


def test_prior_of_a_space_without_pruning_is_the_dense_network() -> None:
    space = SearchSpace.of(small_graph(), Search(rates=(1.0,)))
    assert list(prior(space)) == [space.dense()]
