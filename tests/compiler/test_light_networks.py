"""Users' networks, as exporters wrote them: channel shuffles, concatenations, local response norms."""

from __future__ import annotations

import pytest
from light_networks import light_networks, parity_of
from programs import LOCAL_ISAS, machine

from npas.graph.graph import Network


@pytest.mark.parametrize(("name", "network"), [*light_networks("shufflenet", "squeezenet")])
def test_parity(name: str, network: Network) -> None:
    report = parity_of(network, machine(LOCAL_ISAS[-1], 2))
    assert report.passed, report.first_difference
