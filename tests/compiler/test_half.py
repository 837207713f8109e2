"""Fully connected layers stored in 16 bits: rounded once, in the network that is proven, and exact from there on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from programs import NAME, assert_parity, images_of, machine, require_device, subject_of

from npas.algorithms import one_shot
from npas.compiler.indexed import Options
from npas.compiler.lower import lower
from npas.compiler.passes import simplify
from npas.compiler.passes.round_weights import LARGEST, round_weights
from npas.compiler.plan import LinearLayer
from npas.compiler.schedules.records import LaneSchedule
from npas.errors import UnsupportedError
from npas.frontend.initialise import initialise
from npas.graph.builder import Builder
from npas.graph.graph import Network
from npas.ops import Constant
from npas.search.candidate import Pruning
from npas.spec.schema import CpuTarget, OpenClTarget, SchemeName
from npas.stages import finish, runtime
from npas.stages.program import Machine, lower_for, stored
from npas.targets.isa import ISAS, IsaName
from npas.verify import verify

HALF = replace(machine(), fully_connected="fp16")
HOW = ("store", "math")
"""What an ISA does in half precision with values; ``math`` stands for both."""


def network() -> Network:
    """A batch-norm behind a fully connected layer would change its weights after they were rounded."""
    builder = Builder("net")
    x = builder.act(builder.bn(builder.conv(builder.input((3, 6, 6)), 8, 3)), "relu")
    x = builder.act(builder.linear(builder.flatten(x), 40, name="wide"), "relu")
    return initialise(builder.graph(builder.linear(x, 12, name="head")), np.random.default_rng(0))


def test_only_fully_connected_weights_are_rounded():
    plain = network()
    rounded = round_weights(plain)
    for name, weight in plain.weights.items():
        if name in ("wide.weight", "head.weight"):
            assert np.abs(rounded.weights[name] - weight).max() <= np.abs(weight).max() * 2.0**-11
            assert not np.array_equal(rounded.weights[name], weight)
        else:
            assert np.array_equal(rounded.weights[name], weight)


def test_what_is_stored_is_stored_again_without_change():
    once = stored(network(), HALF)
    again = stored(once, HALF)
    assert once.graph == again.graph
    assert all(np.array_equal(once.weights[name], again.weights[name]) for name in once.weights)
    assert stored(once, machine()) is once


def test_weights_beyond_half_precision_are_refused():
    plain = network()
    weights = {**plain.weights, "head.weight": plain.weights["head.weight"] * np.float32(1e7)}
    with pytest.raises(UnsupportedError, match=r"node head: .* fp16, got .* store it as fp32"):
        round_weights(replace(plain, weights=weights))
    edge = {**plain.weights, "head.weight": np.full_like(plain.weights["head.weight"], LARGEST)}
    assert np.isfinite(round_weights(replace(plain, weights=edge)).weights["head.weight"]).all()


@pytest.mark.parametrize("scheme", [None, "unstructured", "block"])
def test_the_program_computes_what_the_exported_model_does(tmp_path: Path, scheme: SchemeName | None):
    prunings = {} if scheme is None else {name: Pruning(scheme, 2.0) for name in ("wide", "head")}
    pruned = stored(one_shot(network(), prunings).network, HALF)
    made = runtime.generate(finish.export(pruned, NAME, tmp_path), NAME, HALF, Options(prunings=prunings))
    runtime.write(tmp_path, made, b"")
    layers = [x for x in made.lowered.plan.layers if isinstance(x, LinearLayer)]
    assert [layer.stored.storage for layer in layers] == ["fp16", "fp16"]
    assert_parity(verify(subject_of(tmp_path, made), images_of(pruned, 2)))
    assert finish.lock_of("", made).fully_connected == "fp16"


@pytest.mark.parametrize(
    ("scheme", "placement", "isa"),
    [
        (None, "buffer", "opencl8"),
        (None, "image", "opencl8"),
        ("unstructured", "buffer", "opencl8"),
        ("pattern", "buffer", "opencl8"),
        ("block_punched", "buffer", "opencl8"),
        ("block_punched", "local", "opencl8"),
        ("filter", "buffer", "opencl8"),
        (None, "buffer", "opencl_gpu"),
        ("block_punched", "buffer", "opencl_gpu"),
        ("block_punched", "image", "opencl_gpu"),
        *((scheme, "buffer", f"opencl8_{how}16") for scheme in (None, "pattern", "block_punched") for how in HOW),
        *(("block_punched", "local", f"opencl8_{how}16") for how in HOW),
        *((scheme, "buffer", f"opencl_gpu_{how}16") for scheme in (None, "block_punched") for how in HOW),
        *(("block_punched", "image", f"opencl_gpu_{how}16") for how in HOW),
        *(("block_punched", "buffer", f"opencl{lanes}_{how}16") for lanes in (4, 16) for how in HOW),
    ],
)
def test_on_opencl_those_of_convolutions_are_too(
    tmp_path: Path, scheme: SchemeName | None, placement: str, isa: IsaName
):
    """Values and products in half precision too, where the ISA says so."""
    require_device(isa)
    builder = Builder("net")
    x = builder.act(builder.bn(builder.conv(builder.input((3, 9, 9)), 16, 3)), "relu")
    x = builder.act(builder.conv(builder.conv(x, 16, 3, groups=16, name="depthwise"), 24, 3, name="pruned"), "relu")
    graph = builder.graph(builder.linear(builder.flatten(builder.act(builder.conv(x, 8, 1), "relu")), 12, name="head"))
    whole = initialise(graph, np.random.default_rng(0))
    prunings = {} if scheme is None else {"pruned": Pruning(scheme, 3.0)}
    half = replace(machine(isa), fully_connected="fp16", weights="fp16")
    pruned = stored(one_shot(whole, prunings).network, half)
    options = Options(prunings=prunings)
    if placement != "buffer":
        lanes = LaneSchedule(vectors=1, pixels=3, tiles_at_a_time=4, channel_block=16, placement=placement)
        options = replace(options, schedules={"pruned": lanes})
    made = runtime.generate(finish.export(pruned, NAME, tmp_path), NAME, half, options)
    runtime.write(tmp_path, made, b"")
    kinds = {layer.nodes[0]: layer.stored.storage for layer in made.lowered.plan.weights_layers}
    assert kinds.pop("depthwise") == "fp32" and set(kinds.values()) == {"fp16"}
    assert_parity(verify(subject_of(tmp_path, made, isa), images_of(pruned, 2)), ISAS[isa].values)
    lock = finish.lock_of("", made)
    assert (lock.fully_connected, lock.weights) == ("fp16", "fp16")


@pytest.mark.parametrize("number", [1e5, -1e9, 1e-12])
def test_a_constant_beyond_half_precision_is_refused(number: float):
    builder = Builder("net")
    x = builder.add(builder.input((4,)), builder.node(Constant(shape=(1, 4)), name="offset"))
    plain = initialise(builder.graph(x), np.random.default_rng(0))
    network = replace(plain, weights={"offset.value": np.array([[0.0, np.inf, 1.0, number]], np.float32)})
    lower(network, isa="opencl8", threads=1)
    with pytest.raises(UnsupportedError, match=r"node offset: a constant .* activations are fp16, got [-+\de]+, store"):
        lower(network, isa="opencl8_store16", threads=1)


def test_it_halves_the_weights(tmp_path: Path):
    _, whole = lower_for(network(), NAME, machine())
    _, half = lower_for(network(), NAME, HALF)
    for a, b in zip(whole.plan.weights_layers, half.plan.weights_layers, strict=True):
        saved = 2 * a.stored.weights if isinstance(a, LinearLayer) else 0
        assert a.stored.bytes - b.stored.bytes == saved


def test_weights_must_be_rounded_before():
    with pytest.raises(AssertionError, match="must be rounded before"):
        lower(simplify(network()), isa="portable", threads=1, options=Options(halves=("head",)))


def test_a_spec_asks_for_it():
    target = CpuTarget(type="cpu", isa="portable", fully_connected="fp16")
    machine = Machine.of(target)
    assert (machine.fully_connected, machine.weights) == ("fp16", "fp32")
    machine = Machine.of(OpenClTarget(type="opencl", weights="fp16"))
    assert (machine.fully_connected, machine.weights) == ("fp16", "fp16")
    machine = Machine.of(OpenClTarget(type="opencl", activations="fp16"))
    assert (machine.weights, machine.isa.values, machine.isa.products) == ("fp32", "fp16", "fp32")
