"""Instruction sets: what is detected, resolved, refused."""

from __future__ import annotations

import pytest

from npas.errors import DeviceError
from npas.targets import isa

X86 = "processor : 0\nmodel name\t: Some CPU @ 3 GHz\nflags\t\t: fpu sse2 avx2 fma\nflags\t\t: other\n"


def test_cpuinfo_is_read(tmp_path):
    path = tmp_path / "cpuinfo"
    path.write_text(X86)
    assert isa.cpu_features(path) == {"fpu", "sse2", "avx2", "fma"}
    assert isa.cpu_name(path) == "Some CPU @ 3 GHz"


def test_a_machine_that_says_nothing_is_portable(tmp_path):
    missing = tmp_path / "none"
    assert isa.cpu_features(missing) == frozenset()
    assert isa.cpu_name(missing) == "unknown processor"
    assert isa.widest(frozenset()).name == "portable"


@pytest.mark.parametrize("name", isa.CPU_ISAS)
def test_native_is_the_widest_that_is_there(name):
    assert isa.resolve("native", isa.CPU_ISAS[name].features).name == name


@pytest.mark.parametrize("name", isa.CPU_ISAS)
def test_an_isa_can_be_generated_for_but_runs_only_where_it_is(name):
    chosen = isa.resolve(name, frozenset())
    assert chosen.name == name
    isa.require(chosen, chosen.features)
    for feature in chosen.features:
        with pytest.raises(DeviceError, match=f"lacks {feature}"):
            isa.require(chosen, chosen.features - {feature})


def test_wider_isas_have_more_lanes():
    lanes = [entry.lanes for entry in isa.CPU_ISAS.values()]
    assert lanes == sorted(set(lanes))
