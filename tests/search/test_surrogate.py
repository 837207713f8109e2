import numpy as np
from blackbox import evaluate, small_space
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm, spearmanr

from npas.search.candidate import Candidate
from npas.search.gp import covariance, log_marginal_likelihood, posterior, standardise
from npas.search.mutation import mutate
from npas.search.surrogate import MEMORY, expected_improvement, sample_hyperparameters, select
from npas.search.wl import WLFeatures

SPACE = small_space()
THETA = np.log([1e-5, 0.6, 0.3, 0.2])


def candidates(count: int, seed: int = 0) -> list[Candidate]:
    """Random candidates and mutations of them, so that some are near each other."""
    rng = np.random.default_rng(seed)
    found = [SPACE.random(rng) for _ in range(count // 2)]
    return found + [mutate(SPACE, found[i], rng) for i in range(count - len(found))]


def test_kernel_is_normalised_positive_semidefinite() -> None:
    grams = WLFeatures(SPACE).gram(candidates(40))
    assert grams.shape == (3, 40, 40)
    for gram in grams:
        assert np.allclose(gram.diagonal(), 1) and np.array_equal(gram, gram.T)
        assert gram.min() >= 0 and gram.max() <= 1 + 1e-12
        assert np.linalg.eigvalsh(gram).min() > -1e-9


def test_kernel_does_not_depend_on_what_was_labelled_before() -> None:
    found = candidates(10)
    used = WLFeatures(SPACE)
    used.gram(candidates(30, seed=5))
    assert np.array_equal(used.gram(found), WLFeatures(SPACE).gram(found))


def test_kernel_sees_neighbours_and_rates() -> None:
    """One changed site: other layers' labels differ from iteration 1 on, and more of them the further it looks; the
    nearer the rate, the more alike."""
    site = next(i for i, s in enumerate(SPACE.sites) if s.node == "conv4")
    found = [SPACE.dense()]
    for rate in (10.0, 5.0):
        choices = SPACE.sites[site].choices
        choice = next(i for i, c in enumerate(choices) if str(c) == f"3x3 block_punched {rate:g}x")
        found.append(SPACE.candidate(tuple(choice if i == site else 0 for i in range(len(SPACE.sites)))))
    grams = WLFeatures(SPACE).gram(found)
    assert 1 > grams[0, 0, 1] > grams[1, 0, 1] > grams[2, 0, 1] > 0
    assert grams[0, 2, 1] > grams[0, 0, 1]


def test_marginal_likelihood_is_the_normal_density() -> None:
    rng = np.random.default_rng(0)
    grams = WLFeatures(SPACE).gram(candidates(12))
    y = rng.standard_normal(12)
    theta = np.log([0.1, 0.6, 0.3, 0.2])
    expected = multivariate_normal(np.zeros(12), covariance(theta, grams) + 0.1 * np.eye(12)).logpdf(y)
    assert np.isclose(log_marginal_likelihood(theta, grams, y), expected)


def test_posterior_interpolates_and_reverts() -> None:
    """At a trial the mean is its reward and the variance the noise's; far away, both are the prior's."""
    grams = WLFeatures(SPACE).gram(candidates(20))
    y = standardise(np.random.default_rng(1).standard_normal(20))
    mean, variance = posterior(THETA, grams, grams, y)
    assert np.allclose(mean, y, atol=0.01) and variance.max() < 1e-4
    mean, variance = posterior(THETA, grams, np.zeros((3, 20, 5)), y)
    assert np.allclose(mean, 0) and np.allclose(variance, np.exp(THETA[1:]).sum())


def test_expected_improvement_is_its_integral() -> None:
    for mean, deviation, best in ((0.3, 0.5, 0.0), (-1.0, 0.7, 0.5), (2.0, 0.1, 0.0)):
        density = norm(mean, deviation).pdf
        integral, _ = quad(lambda x, b=best, p=density: (x - b) * p(x), best, mean + 12 * deviation)
        got = expected_improvement(np.array([mean]), np.array([deviation**2]), best)
        assert np.isclose(got[0], integral, rtol=1e-6)
    assert expected_improvement(np.array([-50.0]), np.array([0.01]), 0.0)[0] == 0.0


def test_hyperparameters_tell_noise_from_signal() -> None:
    found = candidates(40)
    grams = WLFeatures(SPACE).gram(found)
    clean = standardise(np.array([evaluate(SPACE, c).accuracy for c in found]))
    noisy = standardise(np.random.default_rng(0).standard_normal(40))
    draws = [sample_hyperparameters(grams, y, np.random.default_rng(0)) for y in (clean, noisy)]
    assert all(np.isfinite(d).all() and d.shape == (16, 4) for d in draws)
    assert np.median(draws[0][:, 0]) < np.median(draws[1][:, 0])


def test_select_finds_the_good_ones() -> None:
    """The predicted order of a pool follows the true one; the pick is better than the pool's average."""
    told = [(c, evaluate(SPACE, c).accuracy) for c in candidates(60)]
    pool = candidates(60, seed=9)
    truth = np.array([evaluate(SPACE, c).accuracy for c in pool])
    features = WLFeatures(SPACE)
    grams = features.gram([c for c, _ in told] + pool)
    mean, _ = posterior(
        np.log([0.01, 1.0, 0.2, 0.1]),
        grams[:, :60, :60],
        grams[:, :60, 60:],
        standardise(np.array([r for _, r in told])),
    )
    assert spearmanr(mean, truth).statistic > 0.5
    picked = select(features, told, pool, 4, np.random.default_rng(0))
    assert len(set(picked)) == 4
    assert truth[picked].mean() > truth.mean()
    assert picked == select(WLFeatures(SPACE), told, pool, 4, np.random.default_rng(0))


def test_select_copes_with_equal_rewards_few_trials_and_small_pools() -> None:
    found = candidates(6)
    assert len(select(WLFeatures(SPACE), [(c, 0.5) for c in found[:4]], found[4:], 4, np.random.default_rng(0))) == 2
    assert len(select(WLFeatures(SPACE), [(found[0], 0.5)], found[1:], 1, np.random.default_rng(0))) == 1


def test_select_remembers_the_best_of_many() -> None:
    found = candidates(MEMORY + 40)
    told = [(c, float(i == 3)) for i, c in enumerate(found)]
    rng = np.random.default_rng(0)
    pool = [mutate(SPACE, found[3], rng), *candidates(6, seed=4)]
    assert select(WLFeatures(SPACE), told, pool, 1, rng) == [0]


def test_mutations_are_near_and_never_the_same() -> None:
    rng = np.random.default_rng(0)
    parent = SPACE.random(rng)
    changes = []
    for _ in range(200):
        child = mutate(SPACE, parent, rng)
        changes.append(sum(a != b for a, b in zip(SPACE.indices(parent), SPACE.indices(child), strict=True)))
    assert min(changes) == 1 and max(changes) == len(SPACE.sites) // 3
