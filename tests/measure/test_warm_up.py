"""When rounds are flat, and what they did before."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse import steadiness
from parabench.analyse.steadiness import FLAT, NEVER_STEADY, SLOW_DOWN, WARM_UP, is_flat, label_of
from parabench.measure import warm_up as steady
from parabench.measure.warm_up import run_until_flat


@pytest.mark.parametrize(
    ("seconds", "label"),
    [
        ([1.0] * 8, FLAT),
        ([1.0, 1.01, 0.99] * 5, FLAT),
        ([9.0] + [1.0] * 8, WARM_UP),  # the first batch is all it took
        ([4.0, 3.0, 2.0, 1.5] + [1.0] * 8, WARM_UP),
        ([1.0] * 8 + [2.0] * 8, SLOW_DOWN),
        ([3.0] * 4 + [1.0] * 4 + [2.0] * 8, SLOW_DOWN),
        ([1.0, 2.0] * 2 + [3.0, 4.0] * 2, NEVER_STEADY),
        ([1.0] * 7, NEVER_STEADY),  # too few to know
    ],
)
def test_rounds_are_labelled_by_what_they_did(seconds: list[float], label: str) -> None:
    assert label_of(seconds) == label


@given(st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=40), st.floats(1e-3, 1e3))
def test_the_label_does_not_depend_on_the_unit(seconds: list[float], unit: float) -> None:
    scaled = [value * unit for value in seconds]
    if is_flat(seconds) == is_flat(scaled):  # rounding may tip what lies on the edge
        assert label_of(seconds) in (FLAT, WARM_UP, SLOW_DOWN, NEVER_STEADY)
    assert (label_of(seconds) == NEVER_STEADY) == (not is_flat(seconds))


def compiled(fast: float = 1.0, slow: float = 10.0, after: int = 20, noise: float = 0.01) -> itertools.count:
    """Rounds of an interpreter that has compiled the loop after so many of them."""
    source = random.Random(7)
    return ((slow if n < after else fast) * source.gauss(1, noise) for n in itertools.count(1))


def test_a_warm_up_that_begins_late_is_not_seen() -> None:
    """The limit of any rule that stops: ten rounds that are flat look like the end."""
    rounds = compiled(after=20)
    assert label_of(run_until_flat(lambda: next(rounds), [10.0])) == FLAT


@pytest.mark.parametrize("after", [1, 3, 6])
def test_rounds_run_until_they_are_flat_and_all_are_kept(after: int) -> None:
    rounds = compiled(after=after)
    seconds = run_until_flat(lambda: next(rounds), [12.0])
    assert seconds[0] == 12.0
    assert 2 * steadiness.WINDOW <= len(seconds) < 30
    assert label_of(seconds) == WARM_UP
    assert min(seconds[-steadiness.WINDOW :]) == pytest.approx(1.0, rel=0.1)


def test_rounds_that_never_get_flat_end_at_the_limit() -> None:
    growing = itertools.count(1)
    seconds = run_until_flat(lambda: float(2 ** next(growing)), [1.0])
    assert len(seconds) == steady.ROUNDS_MOST
    assert label_of(seconds) == NEVER_STEADY
