import math
import random

import pytest

from parabench.analyse.ranking import paired_ratio, rank


def simulate(source, true_seconds, passes, noise, drift=0.0):
    """Seconds per round by model and pass: log-normal noise of its own, and a drift that a whole pass shares."""
    return {
        model: {k: seconds * math.exp(drift * k + source.gauss(0, noise)) for k in range(passes)}
        for model, seconds in true_seconds.items()
    }


def test_the_interval_holds_the_true_ratio_as_often_as_it_says():
    source = random.Random(1)
    runs, hits = 4000, 0
    for _ in range(runs):
        slow = [2.0 * math.exp(source.gauss(0, 0.05)) for _ in range(5)]
        fast = [1.0 * math.exp(source.gauss(0, 0.05)) for _ in range(5)]
        ratio = paired_ratio(slow, fast, 0.95)
        hits += ratio.low <= 2.0 <= ratio.high
    print(f"coverage at nominal 95 %: {100 * hits / runs:.1f} % of {runs}")
    assert 0.93 <= hits / runs <= 0.97


def test_equal_models_are_rarely_told_apart():
    source = random.Random(2)
    runs, alarms, winners = 4000, 0, 0
    for _ in range(runs):
        ranking = rank(simulate(source, {"sequential": 1.0, "a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}, 5, 0.03))
        alarms += any(ratio.separates for ratio in ranking.speedups.values())
        winners += not ranking.is_tie
    print(f"of {runs} workloads: {alarms / runs:.2%} with a false speed-up, {winners / runs:.2%} with a winner")
    two_standard_errors = 2 * math.sqrt(0.05 * 0.95 / runs)
    assert alarms / runs <= 0.05 + two_standard_errors
    assert winners / runs <= 0.05


def test_a_drift_shared_by_a_pass_cancels():
    source = random.Random(3)
    ranking = rank(simulate(source, {"sequential": 2.0, "a": 1.0, "b": 1.5}, 6, 0.01, drift=0.3))
    assert ranking.leaders == ("a",)
    assert ranking.speedups["a"].low < 2.0 < ranking.speedups["a"].high
    assert ranking.speedups["a"].high / ranking.speedups["a"].low < 1.1


def test_a_clear_winner_is_named_alone_and_equals_are_a_tie():
    winner = rank({"sequential": {0: 2.0, 1: 2.02, 2: 1.99}, "a": {0: 1.0, 1: 1.01, 2: 1.0}})
    assert (winner.best, winner.is_tie) == ("a", False)
    tie = rank({"sequential": {0: 1.0, 1: 1.1, 2: 0.9}, "a": {0: 1.1, 1: 0.95, 2: 1.0}})
    assert tie.is_tie
    assert set(tie.leaders) == {"sequential", "a"}


def test_one_pass_gives_a_ratio_without_an_interval_and_never_a_winner():
    ranking = rank({"sequential": {0: 10.0}, "a": {0: 1.0}})
    assert ranking.speedups["a"].ratio == pytest.approx(10)
    assert (ranking.speedups["a"].low, ranking.speedups["a"].high) == (None, None)
    assert ranking.is_tie


def test_only_passes_both_took_part_in_are_compared():
    ranking = rank({"sequential": {0: 2.0, 2: 2.0, 3: 2.0}, "a": {1: 9.0, 2: 1.0, 3: 1.0}})
    assert ranking.speedups["a"].pairs == 2
    assert ranking.speedups["a"].ratio == pytest.approx(2.0)


def test_without_sequential_there_is_an_order_but_no_speed_up():
    ranking = rank({"a": {0: 1.0, 1: 1.0}, "b": {0: 2.0, 1: 2.1}})
    assert ranking.best == "a"
    assert ranking.speedups == {}


def test_nothing_measured_is_no_ranking():
    assert rank({}) is None
    assert rank({"a": {}}) is None
