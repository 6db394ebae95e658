import math
import random

import pytest

from parabench.analyse.moderated import (
    NO_PRIOR,
    digamma,
    moderated,
    prior_of,
    trigamma,
    trigamma_inverse,
)
from parabench.analyse.ranking import common_prior, rank


def sample_variance(source, sigma, n):
    values = [source.gauss(0, sigma) for _ in range(n)]
    mean = sum(values) / n
    return sum((value - mean) ** 2 for value in values) / (n - 1)


def scaled_inverse_chi_square(source, degrees, variance):
    return degrees * variance / (2 * source.gammavariate(degrees / 2, 1.0))


def test_digamma_and_trigamma_of_known_points():
    euler = 0.5772156649015329
    assert digamma(1.0) == pytest.approx(-euler, abs=1e-10)
    assert digamma(0.5) == pytest.approx(-euler - 2 * math.log(2), abs=1e-10)
    assert trigamma(1.0) == pytest.approx(math.pi**2 / 6, abs=1e-9)
    assert trigamma(0.5) == pytest.approx(math.pi**2 / 2, abs=1e-9)


@pytest.mark.parametrize("y", [1e-3, 0.1, 1.0, 10.0])
def test_the_inverse_of_trigamma_is_its_inverse(y):
    assert trigamma(trigamma_inverse(y)) == pytest.approx(y, rel=1e-9)


@pytest.mark.parametrize("degrees", [3, 8])
def test_the_prior_of_simulated_variances_is_recovered(degrees):
    source = random.Random(4)
    variances = []
    for _ in range(20_000):
        sigma = math.sqrt(scaled_inverse_chi_square(source, degrees, 0.04))
        variances.append((sample_variance(source, sigma, 3), 2))
    prior = prior_of(variances)
    print(f"true: 0.0400 with {degrees} degrees of freedom; found: {prior.variance:.4f} with {prior.degrees:.2f}")
    assert prior.variance == pytest.approx(0.04, rel=0.1)
    assert prior.degrees == pytest.approx(degrees, rel=0.2)


def test_equal_variances_are_pooled_completely():
    source = random.Random(5)
    prior = prior_of([(sample_variance(source, 0.1, 3), 2) for _ in range(500)])
    assert prior.variance == pytest.approx(0.01, rel=0.2)
    assert prior.degrees > 20


def test_few_variances_give_no_prior():
    assert prior_of([(0.1, 2)] * 3) == NO_PRIOR
    assert prior_of([(0.0, 2)] * 100) == NO_PRIOR


def test_without_a_prior_a_variance_stays_what_it_is():
    assert moderated(0.25, 3, NO_PRIOR) == (0.25, 3)


def simulate_session(source, workloads, models, passes, noise):
    """Log-normal times whose noise differs from model to model; every model is as fast as `sequential`."""
    session = []
    for _ in range(workloads):
        sigmas = {model: noise * math.exp(source.gauss(0, 0.5)) for model in models}
        shared = [source.gauss(0, 0.2) for _ in range(passes)]
        session.append(
            {m: {k: math.exp(shared[k] + source.gauss(0, sigmas[m])) for k in range(passes)} for m in models}
        )
    return session


@pytest.mark.parametrize("passes", [2, 5])
def test_family_wise_false_speed_ups_stay_at_the_nominal_level(passes):
    source = random.Random(passes)
    models = ["sequential", *(f"m{n}" for n in range(12))]
    alarms = total = hits = intervals = 0
    for _ in range(60):
        session = simulate_session(source, 18, models, passes, 0.04)
        prior = common_prior(session)
        for workload in session:
            speedups = rank(workload, prior=prior).speedups
            total += 1
            alarms += any(ratio.separates for ratio in speedups.values())
            single = rank({m: workload[m] for m in ("sequential", "m0")}, prior=prior).speedups["m0"]
            intervals += 1
            hits += not single.separates
    rate, coverage = alarms / total, hits / intervals
    print(
        f"{passes} passes: {rate:.1%} of {total} workloads with a false speed-up; single intervals hold {coverage:.1%}"
    )
    assert rate <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / total)
    assert 0.93 <= coverage <= 0.98


def test_two_passes_are_enough_for_a_large_difference():
    source = random.Random(9)
    models = ["sequential", *(f"m{n}" for n in range(12))]
    session = simulate_session(source, 18, models, 2, 0.03)
    for workload in session:
        workload["fast"] = {k: seconds / 1.9 * math.exp(source.gauss(0, 0.03)) for k, seconds in workload["m0"].items()}
    prior = common_prior(session)
    found = [rank(workload, prior=prior).speedups["fast"].separates for workload in session]
    alone = [rank(workload).speedups["fast"].separates for workload in session]
    print(f"a speed-up of 1.9 in 2 passes: seen in {sum(found)} of 18 workloads; without moderation in {sum(alone)}")
    assert sum(found) >= 15
