"""Interpreters side by side, on times whose truth is known."""

from __future__ import annotations

import math
import random

import pytest

from parabench.analyse.across import crossing, fastest, standings
from parabench.analyse.ranking import Ratio


def times(blocks: int = 6, drift: float = 0.0) -> dict[str, dict[str, dict[int, float]]]:
    """Threads gain 3x on "free" only, and "free" is 1.2 times as slow; every block is slower by `drift`."""
    source = random.Random(1)
    truth = {"gil": {"sequential": 1.0, "threads": 1.0}, "free": {"sequential": 1.2, "threads": 0.4}}
    return {
        label: {
            model: {block: seconds * (1 + drift) ** block * source.gauss(1, 0.01) for block in range(blocks)}
            for model, seconds in models.items()
        }
        for label, models in truth.items()
    }


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_speed_ups_and_ratios_are_those_of_the_truth_whatever_the_machine_does(drift: float) -> None:
    found = {(one.interpreter, one.model): one for one in standings(times(drift=drift), baseline="gil")}
    free = found["free", "threads"]
    assert free.speedup is not None
    assert free.speedup.low is not None
    assert free.speedup.high is not None
    assert free.speedup.low < 3 < free.speedup.high
    assert free.speedup.high - free.speedup.low < 0.2
    assert free.against_baseline is not None
    assert free.against_baseline.ratio == pytest.approx(0.4, rel=0.05)
    assert found["free", "sequential"].against_baseline.ratio == pytest.approx(1.2, rel=0.05)  # type: ignore[union-attr]
    assert found["gil", "threads"].against_baseline is None
    assert free.sessions == 6


def test_what_was_not_measured_is_unknown() -> None:
    given = times()
    del given["free"]["sequential"]
    del given["gil"]["threads"]
    found = {(one.interpreter, one.model): one for one in standings(given, baseline="gil")}
    assert found.keys() == {("gil", "sequential"), ("free", "threads")}
    assert found["free", "threads"].speedup is None
    assert found["free", "threads"].against_baseline is None


def test_blocks_that_only_one_has_are_left_out() -> None:
    given = times(blocks=3)
    given["free"]["threads"] = {2: 0.4, 3: 0.4, 4: 0.4}
    (one,) = [one for one in standings(given, baseline="gil") if (one.interpreter, one.model) == ("free", "threads")]
    assert one.speedup is not None
    assert (one.speedup.pairs, one.speedup.low, one.sessions) == (1, None, 3)


def ratio(value: float, width: float = 1.05) -> Ratio:
    return Ratio(ratio=value, low=value / width, high=value * width, pairs=5)


def test_a_crossing_is_interpolated_on_logarithmic_scales() -> None:
    found = crossing({1e-5: ratio(0.25), 1e-3: ratio(4.0)})
    assert found.at == pytest.approx(1e-4)
    assert (found.low, found.high) == (1e-5, 1e-3)


def test_a_crossing_that_comes_back_counts_from_its_last_time() -> None:
    found = crossing({1.0: ratio(2), 2.0: ratio(0.5), 4.0: ratio(2), 8.0: ratio(3)})
    assert found.at == pytest.approx(math.sqrt(8))
    assert (found.low, found.high) == (2.0, 4.0)


def test_without_a_crossing_it_is_said_on_which_side_it_would_lie() -> None:
    assert (crossing({1.0: ratio(2), 2.0: ratio(3)}).high, crossing({1.0: ratio(2), 2.0: ratio(3)}).at) == (1.0, None)
    assert (crossing({1.0: ratio(0.5), 2.0: ratio(1.0)}).low, crossing({1.0: ratio(0.5)}).at) == (2.0, None)
    assert crossing({}).at is None


def test_an_estimate_above_1_that_is_not_sure_does_not_count_as_ahead() -> None:
    found = crossing({1.0: ratio(1.02, 1.5), 2.0: ratio(2.0)})
    assert (found.low, found.high, found.at) == (1.0, 2.0, 1.0)


def test_the_fastest_is_named_when_it_is_faster_than_every_other_one_for_sure() -> None:
    assert fastest(times()) == ("free", "threads")
    tied = times()
    tied["gil"]["threads"] = {block: seconds * 1.001 for block, seconds in tied["free"]["threads"].items()}
    tied["gil"]["threads"][0] *= 0.98
    assert fastest(tied) is None


def test_one_session_or_one_candidate_settles_nothing() -> None:
    assert fastest(times(blocks=1)) is None
    assert fastest({"gil": {"sequential": dict.fromkeys(range(6), 1.0)}}) is None
    assert fastest({}) is None


def test_blocks_that_are_not_shared_settle_nothing() -> None:
    given = times()
    given["gil"]["sequential"] = {block + 100: seconds for block, seconds in given["gil"]["sequential"].items()}
    assert fastest(given) is None
