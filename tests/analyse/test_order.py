"""How far from alternating is an order, and where does a batch end?"""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse.order import ALTERNATING, ONE_AFTER_THE_OTHER, PAUSE_SECONDS, ahead, batches, order_of

DAY = 86400.0


def test_turns_and_halves_are_the_two_ends() -> None:
    assert ahead([0, 2, 4, 6], [1, 3, 5, 7]) == pytest.approx(1 / 4)
    assert ahead([0, 1, 2, 3], [4, 5, 6, 7]) == 1
    assert ahead([0, 3, 4, 7], [1, 2, 5, 6]) == pytest.approx(1 / 4)
    assert ahead([0, 1], [0, 1]) == 0, "at the same moments"


@pytest.mark.parametrize("sessions", [2, 3, 5, 8, 16])
def test_blocks_in_random_order_alternate(sessions: int) -> None:
    source = random.Random(sessions)
    for _ in range(50):
        sides: tuple[list[float], list[float]] = ([], [])
        for block in range(sessions):
            for turn, side in enumerate(source.sample([0, 1], 2)):
                sides[side].append(2.0 * block + turn)
        assert order_of(*sides) == ALTERNATING


def test_one_session_on_the_other_side_of_the_night_is_no_alternation() -> None:
    base, new = [float(n) for n in range(8)], [DAY + n for n in range(8)]
    assert order_of(base, new) == ONE_AFTER_THE_OTHER
    assert order_of([*base[:7], DAY + 4.5], new) == ONE_AFTER_THE_OTHER
    assert order_of([*base[:4], *(DAY + n + 0.5 for n in range(4))], new) == ONE_AFTER_THE_OTHER
    assert order_of([0, 2, 4, DAY, DAY + 2], [1, 3, 5, DAY + 1, DAY + 3]) == ALTERNATING


def test_one_session_and_unknown_moments_never_alternate() -> None:
    assert order_of([3.0], [1.0, 2.0, 4.0, 5.0]) == ONE_AFTER_THE_OTHER
    assert order_of([0, None, 4], [1, 3, 5]) == ONE_AFTER_THE_OTHER


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.lists(st.integers(0, 50), min_size=1, max_size=8))
def test_a_step_of_the_machine_looks_like_that_share_of_a_change(base: list[int], new: list[int]) -> None:
    """The meaning of the statistic, for a step at any moment."""
    steps = [
        abs(sum(moment > at for moment in new) / len(new) - sum(moment > at for moment in base) / len(base))
        for at in range(-1, 51)
    ]
    assert max(steps) == pytest.approx(ahead(base, new))


def test_a_batch_ends_with_a_pause() -> None:
    assert batches([0, 60, 120, 120 + PAUSE_SECONDS, 121 + 2 * PAUSE_SECONDS]) == [0, 0, 0, 0, 1]
    assert batches([DAY, 0, DAY + 60, 60]) == [1, 0, 1, 0]
    assert len(set(batches([None, None, 5.0]))) == 3
    assert batches([]) == []
