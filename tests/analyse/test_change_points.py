"""Histories whose truth is known."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse.change_points import change_points, spread_of_steps, without_outliers


def history(seed: int, *levels: tuple[int, float], noise: float = 0.03) -> list[float]:
    """Replicates: so many sessions on each level."""
    source = random.Random(seed)
    return [level * math.exp(source.gauss(0, noise)) for count, level in levels for _ in range(count)]


def test_a_step_is_found_with_its_size_and_place() -> None:
    found = change_points(history(1, (30, 1.0), (30, 1.15)))
    [change] = found.changes
    assert abs(change.place - 30) <= 1
    assert change.low < 1.15 < change.high
    assert [segment.sessions for segment in found.segments] == [change.place, 60 - change.place]
    assert found.segments[1].seconds == pytest.approx(1.15, rel=0.02)


def test_two_steps_are_two_changes() -> None:
    found = change_points(history(2, (20, 1.0), (20, 1.3), (20, 0.9)))
    assert [round(change.ratio, 1) for change in found.changes] == [1.3, 0.7]
    assert [abs(change.place - true) <= 1 for change, true in zip(found.changes, (20, 40), strict=True)] == [True] * 2


def test_unchanged_histories_have_hardly_any_change() -> None:
    changes = sum(len(change_points(history(seed, (60, 1.0))).changes) for seed in range(150))
    print(f"{changes} changes in 150 unchanged histories")
    assert changes <= 7, "5 % of 150 are 7.5"


def test_late_sessions_are_no_changes() -> None:
    source = random.Random(4)
    found = 0
    for seed in range(100):
        late = [value * (1.8 if source.random() < 0.05 else 1.0) for value in history(seed, (60, 1.0))]
        found += len(change_points(late).changes)
    assert found <= 5


def test_a_change_below_the_threshold_is_none() -> None:
    small = history(5, (40, 1.0), (40, 1.03), noise=0.002)
    assert change_points(small).changes == ()
    assert len(change_points(small, threshold=0.01).changes) == 1


def test_short_and_constant_histories() -> None:
    assert change_points([]).segments == ()
    for n in (1, 2, 7):
        found = change_points([1.0] * n)
        assert (len(found.segments), found.changes) == (1, ())
    assert change_points([1.0]).segments[0].low is None
    assert change_points([1.0] * 50).changes == ()
    assert len(change_points([1.0] * 20 + [2.0] * 20).changes) == 1, "without any noise"


@pytest.mark.parametrize("wrong", [0.0, -1.0, math.nan, math.inf])
def test_what_is_no_time_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="times above 0"):
        change_points([1.0, wrong])


@given(st.lists(st.floats(1e-6, 1e3), max_size=40))
def test_segments_cover_the_history_once(seconds: list[float]) -> None:
    found = change_points(seconds)
    covered = [place for segment in found.segments for place in range(segment.first, segment.last + 1)]
    assert covered == list(range(len(seconds)))
    assert len(found.changes) == max(0, len(found.segments) - 1)
    assert [change.place for change in found.changes] == [segment.first for segment in found.segments[1:]]


def test_thousands_of_sessions() -> None:
    found = change_points(history(6, (6000, 1.0), (4000, 1.1)))
    assert [abs(change.place - 6000) < 20 for change in found.changes] == [True]


def test_noise_is_told_apart_from_steps() -> None:
    assert spread_of_steps([math.log(v) for v in history(7, (300, 1.0), (300, 5.0))]) == pytest.approx(0.03, rel=0.15)
    calm = [0.0, 0.01] * 10
    assert without_outliers([*calm, 5.0, *calm])[20] < 0.1
    assert spread_of_steps([]) == 0


def test_a_search_of_ones_own_takes_the_place_of_the_candidates() -> None:
    step = [1.0] * 20 + [2.0, 2.01] * 10
    assert change_points(step, search=lambda _: [20]).changes[0].place == 20
    assert change_points(step, search=lambda _: []).changes == ()
