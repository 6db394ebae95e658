"""The test behind the steps of a history; the long form of its simulations is study_histories.py."""

from __future__ import annotations

import math
import random

import pytest
from study_histories import finds, has_false_change

from parabench.analyse.change_points import change_points
from parabench.analyse.step_test import means_of_batches, step_between


@pytest.mark.parametrize(("noise", "sessions"), [("batches", 30), ("batches", 100), ("ar 0.8", 30), ("ar 0.8", 60)])
def test_slow_noise_is_hardly_ever_a_change(noise: str, sessions: int) -> None:
    source, runs = random.Random(f"{noise}{sessions}"), 150
    false = sum(has_false_change(source, noise, sessions) for _ in range(runs))
    print(f"{noise}, {sessions} sessions: {false} of {runs} histories have a false change")
    assert false <= 14, "5 % are 7.5; more than 14 have a probability below 1 %"


@pytest.mark.parametrize(
    ("noise", "sessions", "size"), [("plain", 60, 1.1), ("ar 0.8", 60, 1.1), ("batches", 300, 1.2)]
)
def test_a_step_is_found_in_spite_of_it(noise: str, sessions: int, size: float) -> None:
    source, runs = random.Random(f"step{noise}{sessions}"), 40
    found = sum(finds(source, noise, sessions, size) for _ in range(runs))
    assert found >= 0.85 * runs


def test_more_cells_to_look_at_ask_for_more() -> None:
    source = random.Random(1)
    seconds = [math.exp(source.gauss(0.1 * (n >= 15), 0.03)) for n in range(30)]
    alone = change_points(seconds, search=lambda _: [15]).changes
    assert len(alone) == 1
    assert change_points(seconds, search=lambda _: [15], cells=10_000).changes == ()


def test_eight_sessions_of_a_day_count_as_one() -> None:
    source = random.Random(2)
    days = [0.0, 0.02, -0.01, 0.01, 0.0, 0.01, 0.11, 0.10, 0.13, 0.12, 0.11, 0.11]
    seconds = [math.exp(day + source.gauss(0, 0.002)) for day in days for _ in range(8)]
    batches = [n // 8 for n in range(96)]
    one_by_one = change_points(seconds, search=lambda _: [48])
    by_day = change_points(seconds, search=lambda _: [48], batches=batches)
    assert len(one_by_one.changes) == len(by_day.changes) == 1, "large enough for both"
    widths = [math.log((s.high or 1) / (s.low or 1)) for s in (one_by_one.segments[0], by_day.segments[0])]
    assert widths[1] > 2 * widths[0]
    assert means_of_batches([1.0, 3.0, 5.0, 7.0], [0, 0, 1, 2]) == [2.0, 5.0, 7.0]


def test_the_step_and_its_error() -> None:
    source = random.Random(3)
    before, after = ([source.gauss(middle, 0.03) for _ in range(200)] for middle in (0.0, 0.1))
    found = step_between(before, after)
    assert found.difference == pytest.approx(0.1, abs=0.01)
    assert found.error == pytest.approx(0.003, rel=0.3)
    assert found.p < 1e-6
    assert found.degrees == 397


def test_without_noise_a_step_is_certain_and_a_level_none() -> None:
    assert step_between([1.0] * 5, [2.0] * 5).p == 0
    assert step_between([1.0] * 5, [1.0] * 5).p == 1
    assert step_between([1.0], [2.0]).p == 1, "two values prove nothing"
