import numpy as np
from blackbox import small_graph, small_space

from npas.search.q_learning import QAgent, epsilon


def test_epsilon_falls_as_in_metaqnn() -> None:
    values = [epsilon(told, 270) for told in range(271)]
    assert values == sorted(values, reverse=True)
    assert values[0] == values[149] == 1.0 and values[150] == 0.9 and values[270] == 0.1
    assert set(values) == {e / 10 for e in range(1, 11)}
    assert epsilon(10**6, 270) == 0.1


def test_one_sweep_is_bellmans() -> None:
    """Two sites, one episode, one update: Q1 = lr r/2, Q0 = lr (r/2 + Q1), in the states that were visited."""
    space = small_space(small_graph((8,)))
    agent = QAgent(space, 10, lr=0.1, replay=0)
    agent.tell(space.candidate((3, 2)), 0.8, np.random.default_rng(0))
    last = 0.1 * 0.4
    assert np.isclose(agent.values(1, 3)[2], last)
    assert np.isclose(agent.values(0, 0)[3], 0.1 * (0.4 + last))
    assert agent.values(0, 0).sum() == agent.values(0, 0)[3] and agent.values(1, 0).sum() == 0


def test_converges_on_a_toy() -> None:
    """The reward is the share of the sites that are right: the greedy episode gets them all right."""
    space = small_space(small_graph((8, 8)))
    target = (5, 7, 3)
    rng = np.random.default_rng(0)
    agent = QAgent(space, 400, lr=0.1)
    for _ in range(400):
        candidate = agent.ask(rng)
        agent.tell(candidate, np.mean([a == b for a, b in zip(space.indices(candidate), target, strict=True)]), rng)
    assert space.indices(agent.greedy(rng)) == target


def test_values_are_the_rewards_still_to_come() -> None:
    """One episode over and over: with gamma 1, its state at site i is worth the shares r / L of the sites from i on."""
    space = small_space(small_graph((8, 8)))
    agent = QAgent(space, 100, lr=0.2)
    for i in range(3):
        agent.tell(space.candidate((1, 2, 3)), 0.6, np.random.default_rng(i))
    assert np.allclose([agent.values(*s).max() for s in ((0, 0), (1, 1), (2, 2))], (0.6, 0.4, 0.2))


def test_replaying_the_trials_rebuilds_the_agent() -> None:
    space = small_space()
    rng = np.random.default_rng(3)
    trials = [(space.random(rng), float(rng.random())) for _ in range(12)]
    agents = [QAgent(space, 20) for _ in range(2)]
    for agent in agents:
        for i, (candidate, reward) in enumerate(trials):
            agent.tell(candidate, reward, np.random.default_rng(i))
    asked = [[agent.ask(np.random.default_rng(99)).key for _ in range(5)] for agent in agents]
    assert asked[0] == asked[1]


def test_learns_from_bad_trials_too() -> None:
    """Far over the budget is worse than unknown: a greedy agent goes elsewhere."""
    space = small_space(small_graph((8, 8)))
    rng = np.random.default_rng(0)
    agent = QAgent(space, 10)
    bad = space.dense()
    agent.tell(bad, -5.0, rng)
    assert all(space.indices(agent.greedy(rng))[0] != 0 for _ in range(20))
