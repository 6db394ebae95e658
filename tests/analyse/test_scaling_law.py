from __future__ import annotations

import math
import random
import re

import pytest

from parabench.analyse.fisher import f_tail
from parabench.analyse.scaling_law import fit_law

COUNTS = (1, 2, 4, 8, 16, 32)


def simulated(alpha, beta, *, seed=0, sessions=6, noise=0.05, counts=COUNTS, bend=lambda n: 1.0):
    """Throughputs of a known law; a session as a whole is faster or slower, too."""
    source = random.Random(seed)
    shifts = [source.gauss(0, noise) for _ in range(sessions)]
    law = {n: 100 * n / (1 + alpha * (n - 1) + beta * n * (n - 1)) * bend(n) for n in counts}
    return {n: [law[n] * math.exp(shift + source.gauss(0, noise)) for shift in shifts] for n in counts}


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.05, 0.0), (0.1, 0.002), (0.4, 0.02)])
def test_without_noise_the_law_is_found(alpha, beta):
    law = fit_law(simulated(alpha, beta, noise=1e-6), 2, resamples=20)
    assert law.kind == "usl"
    assert law.serial_share.value == pytest.approx(alpha, abs=1e-3)
    assert law.pair_cost.value == pytest.approx(beta, abs=1e-4)
    assert law.fitted[8].value == pytest.approx(simulated(alpha, beta, noise=0.0)[8][0], rel=1e-3)


def test_a_peak_is_told_where_it_is_sure_and_not_where_it_is_not():
    sure = fit_law(simulated(0.05, 0.005), 2, resamples=40)
    assert sure.slower_beyond.low < math.sqrt(0.95 / 0.005) < sure.slower_beyond.high
    assert fit_law(simulated(0.05, 0.0), 2, resamples=40).slower_beyond is None
    assert (
        fit_law(simulated(0.0, 1e-6, noise=1e-5), 2, resamples=40).slower_beyond is None
    )  # a peak at 1000 of 32 measured


def test_the_best_number_is_the_smallest_that_is_nearly_as_fast_as_any():
    law = fit_law(simulated(1.0, 0.0), 2, resamples=40)
    assert (law.best.value, law.best.low) == (1, 1)
    assert fit_law(simulated(0.0, 0.0), 2, resamples=40).best.value == 31


def test_it_goes_one_step_further_and_says_so():
    law = fit_law(simulated(0.1, 0.0), 2, resamples=40)
    assert (law.extrapolated, max(law.fitted)) == (48, 48)
    assert law.fitted[48].low < 100 * 48 / (1 + 0.1 * 47) < law.fitted[48].high


def test_a_cliff_at_the_cores_is_piecewise_and_a_jagged_curve_has_no_law():
    falls = simulated(0.0, 0.0, noise=0.02, bend=lambda n: 1.0 if n <= 4 else (4 / n) ** 1.6)
    cliff = fit_law(falls, 4, resamples=40)
    assert cliff.kind == "piecewise"
    assert cliff.power_beyond.high < 0
    assert cliff.slower_beyond.value == 4
    jagged = fit_law(simulated(0.0, 0.0, bend=lambda n: 0.4 if n in (2, 16) else 1.0), 4, resamples=40)
    assert (jagged.kind, jagged.serial_share) == ("none", None)
    assert jagged.reason.startswith("no law fits: the best one is wrong by ")


@pytest.mark.parametrize("cores", [2, 4, 14, None])
def test_a_fall_that_is_steeper_than_any_usl_is_no_usl(cores):
    """A published curve of free-threaded threads falls 3.95x between 4 and 14 workers; a USL at most 2.31x."""
    counts = (1, 2, 4, 8, 14)
    fall = math.log(3.95) / math.log(14 / 4)
    curve = simulated(0.0, 0.0, counts=counts, noise=0.02, bend=lambda n: 1.0 if n <= 4 else 4 / n * (4 / n) ** fall)
    assert curve[4][0] / curve[14][0] == pytest.approx(3.95, rel=0.15)
    law = fit_law(curve, cores, resamples=20)
    assert law.kind != "usl"
    if law.kind == "piecewise":
        assert law.slower_beyond.value == 4
    else:
        assert law.reason.startswith("no law fits: ")


def test_too_little_is_said_to_be_too_little():
    law = fit_law(simulated(0.1, 0.0, sessions=2, counts=(1, 2, 4)), 2, resamples=40)
    assert (law.kind, law.reason) == ("none", "3 numbers of workers in 2 sessions; 5 and 5 are needed")


def test_the_largest_count_is_predicted_from_the_others_or_no_law_fits():
    assert fit_law(simulated(0.1, 0.002, noise=0.01), 2, resamples=5).error_left_out < 0.1
    # Each pair of workers costs nothing up to 16, so that nothing announces what happens at 32.
    late = fit_law(simulated(0.1, 0.0, noise=0.02, bend=lambda n: 0.8 if n == 32 else 1.0), None, resamples=5)
    assert late.kind == "none"
    assert late.error_left_out > 0.1
    assert late.error_most < 0.1, "fitted to all of them it would have passed"
    assert re.fullmatch(
        r"no law fits: what is fitted to all other numbers is wrong by [12]\d % about 32 workers",
        late.reason.replace("%", " %"),
    )


@pytest.mark.slow
def test_intervals_cover_what_they_promise():
    trials = 40
    held = {"serial": 0, "pairs": 0, "next": 0}
    for seed in range(trials):
        law = fit_law(simulated(0.1, 0.004, seed=seed, noise=0.03), 2, resamples=80)
        held["serial"] += law.serial_share.low <= 0.1 <= law.serial_share.high
        held["pairs"] += law.pair_cost.low <= 0.004 <= law.pair_cost.high
        held["next"] += law.fitted[48].low <= 100 * 48 / (1 + 0.1 * 47 + 0.004 * 48 * 47) <= law.fitted[48].high
    print({name: count / trials for name, count in held.items()})
    assert min(held.values()) >= 0.85 * trials  # 95 % would fall below that once in a hundred times


@pytest.mark.parametrize(
    ("ratio", "above", "below", "tail"),
    [(3.3258, 5, 10, 0.05), (4.9646, 1, 10, 0.05), (1.0, 7, 7, 0.5), (0.0, 3, 4, 1.0)],
)
def test_the_tail_of_f_is_that_of_the_tables(ratio, above, below, tail):
    assert f_tail(ratio, above, below) == pytest.approx(tail, abs=1e-5)
