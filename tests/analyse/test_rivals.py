"""What many cells show at most, way by way, against a search through all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parabench.analyse.rivals import Rivals

WAYS = 12
SQUARES = st.lists(
    st.lists(st.integers(0, 9).map(float), min_size=WAYS, max_size=WAYS),  # few values: ties are frequent
    min_size=1,
    max_size=5,
)


@given(SQUARES, SQUARES)
@settings(max_examples=40, deadline=None)
def test_what_others_show_at_most_without_one_cell(cells: list[list[float]], others: list[list[float]]) -> None:
    for besides in (None, others):
        rivals = Rivals(cells, None if besides is None else Rivals(besides))
        rows = [*cells, *(besides or [])]
        assert rivals.largest == [max(column) for column in zip(*rows, strict=True)]
        for place in range(len(cells)):
            led = rivals.led_by(place)
            rest = [*rows[:place], *rows[place + 1 :]]
            shown = [max((row[way] for row in rest), default=0.0) for way in range(WAYS)]
            assert [led.get(way, rivals.largest[way]) for way in range(WAYS)] == shown


@given(SQUARES, st.lists(st.booleans(), min_size=WAYS, max_size=WAYS), st.integers(1, WAYS))
@settings(max_examples=40, deadline=None)
def test_the_first_ways_are_those_in_which_others_show_most(
    cells: list[list[float]], asked: list[bool], number: int
) -> None:
    rivals = Rivals(cells)
    led = rivals.led_by(0)
    open_ways = [way for way in range(WAYS) if asked[way] and way not in led]
    found = rivals.first_ways(number, asked, led)
    assert set(found) <= set(open_ways)
    assert [rivals.largest[way] for way in found] == sorted(map(rivals.largest.__getitem__, open_ways))[::-1][:number]


def test_the_share_of_ways_in_which_any_cell_shows_as_much() -> None:
    rivals = Rivals([[1.0, 2.0, 3.0, 0.0], [0.0, 5.0, 1.0, 0.0]])
    shares = [rivals.share_beyond(square) for square in (6.0, 5.0, 3.0, 1.0, 0.0)]
    assert shares == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])
