"""The joint test against its definition, tried way by way, and what follows from it for any numbers."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parabench.analyse.dealing import DRAWN, EXACT_UP_TO, dealings, floor_of
from parabench.analyse.max_t import Row, max_t


def t_square(values: list[float], new: set[int]) -> float:
    """Student's t of two groups, squared; infinite without any spread within them."""
    sides = [[v for n, v in enumerate(values) if n not in new], [values[n] for n in sorted(new)]]
    within = sum((v - statistics.fmean(side)) ** 2 for side in sides for v in side)
    difference = statistics.fmean(sides[1]) - statistics.fmean(sides[0])
    if abs(difference) < 1e-12:
        return 0.0
    if within < 1e-20:
        return math.inf
    return difference**2 / (within / (len(values) - 2) * (1 / len(sides[0]) + 1 / len(sides[1])))


def single_step(cells: list[list[float]], base: int) -> list[float]:
    """The definition: the share of all ways in which the largest t of all cells is at least the one seen."""
    units = range(len(cells[0]))
    ways = [set(way) for way in itertools.combinations(units, len(units) - base)]
    largest = [max(t_square(values, way) for values in cells) for way in ways]
    seen = [t_square(values, set(units[base:])) for values in cells]
    return [sum(one >= mine * (1 - 1e-7) for one in largest) / len(ways) for mine in seen]


VALUES = st.integers(-1000, 1000).map(lambda value: value / 7)


@st.composite
def cells_of_sides(draw: st.DrawFn) -> tuple[list[list[float]], int]:
    base, new = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    rows = draw(st.lists(st.lists(VALUES, min_size=base + new, max_size=base + new), min_size=1, max_size=4))
    return rows, base


@given(cells_of_sides())
@settings(max_examples=60, deadline=None)
def test_p_is_the_share_of_ways_in_which_any_cell_shows_as_much(given_cells: tuple[list[list[float]], int]) -> None:
    cells, base = given_cells
    found = max_t([Row(values) for values in cells], base, 0.0)  # nothing can be rejected: a single step
    assert [one.p for one in found] == pytest.approx(single_step(cells, base), abs=1e-9)


@given(cells_of_sides(), st.sampled_from([0.01, 0.05, 0.1, 0.3]))
@settings(max_examples=150, deadline=None)
def test_the_interval_leaves_0_out_if_and_only_if_the_test_rejects_it(
    given_cells: tuple[list[list[float]], int], level: float
) -> None:
    cells, base = given_cells
    for one in max_t([Row(values) for values in cells], base, level):
        assert one.rejected == (one.low > 0 or one.high < 0) == (one.p <= level + 1e-12)
        assert one.low <= one.difference <= one.high


def drawn(source: random.Random, cells: int, units: int, spread: float = 0.03) -> list[list[float]]:
    return [[source.gauss(0, spread) for _ in range(units)] for _ in range(cells)]


def test_an_end_of_the_interval_is_where_the_test_turns() -> None:
    """Moved back by a little more than an end, the cell differs; by a little less, it does not."""
    source = random.Random(3)
    for base, new, cells in ((5, 5, 3), (4, 6, 12), (7, 5, 3)):
        rows = drawn(source, cells, base + new)
        first = max_t([Row(values) for values in rows], base, 0.05)
        for n, one in enumerate(first):
            for end, outwards in ((one.low, -1), (one.high, 1)):
                for nudge, is_rejected in ((1e-6, True), (-1e-6, False)):
                    moved = [list(values) for values in rows]
                    back = end + outwards * nudge
                    moved[n] = [value - back * (place >= base) for place, value in enumerate(rows[n])]
                    assert max_t([Row(values) for values in moved], base, 0.05)[n].rejected == is_rejected


@given(st.integers(0, 10**6), st.floats(-3, 3))
@settings(max_examples=20, deadline=None)
def test_sides_can_be_swapped_and_changes_shift_the_interval(seed: int, change: float) -> None:
    rows = drawn(random.Random(seed), 2, 10)
    [there, *_] = max_t([Row(values) for values in rows], 5, 0.05)
    [back, *_] = max_t([Row([*values[5:], *values[:5]]) for values in rows], 5, 0.05)
    assert (back.low, back.high, back.p) == pytest.approx((-there.high, -there.low, there.p))
    alone = max_t([Row(rows[0])], 5, 0.05)[0]
    shifted = max_t([Row([value + change * (n >= 5) for n, value in enumerate(rows[0])])], 5, 0.05)[0]
    assert (shifted.low, shifted.high) == pytest.approx((alone.low + change, alone.high + change), abs=1e-9)


def test_what_one_cell_shows_does_not_hide_another() -> None:
    """Step-down: a cell that has doubled competes only until it is rejected, and then as what it is without that."""
    rows = drawn(random.Random(4), 6, 10)
    calm = max_t([Row(values) for values in rows], 5, 0.01)
    rows[5] = [value + 0.7 * (n >= 5) for n, value in enumerate(rows[5])]
    found = max_t([Row(values) for values in rows], 5, 0.01)
    assert [one.rejected for one in found] == [False] * 5 + [True]
    for before, after in zip(calm[:5], found[:5], strict=True):
        assert after.high - after.low <= 1.5 * (before.high - before.low)


def test_too_few_ways_give_no_interval() -> None:
    [found] = max_t([Row([0.0, 0.1, 0.05, 5.0, 5.1, 5.2])], 3, 0.05)
    assert (found.p, found.rejected, found.low, found.high) == (0.1, False, -math.inf, math.inf)


def test_numbers_that_are_missing_are_left_out() -> None:
    """A cell that some sessions did not measure is judged by the others, and does not disturb its neighbours."""
    source, nan = random.Random(5), math.nan
    rows = drawn(source, 4, 12)
    rows[0] = [value + 0.5 * (n >= 6) for n, value in enumerate(rows[0])]
    whole = max_t([Row(values) for values in rows], 6, 0.05)
    rows[0][1] = rows[0][8] = nan
    rows[1][0] = nan
    found = max_t([Row(values) for values in rows], 6, 0.05)
    assert found[0].rejected
    known = [value for value in rows[1] if not math.isnan(value)]
    assert found[1].difference == pytest.approx(statistics.fmean(known[5:]) - statistics.fmean(known[:5]))
    assert [one.rejected for one in found[1:]] == [one.rejected for one in whole[1:]]
    assert (found[2].low, found[2].high) == pytest.approx((whole[2].low, whole[2].high), rel=0.3)


def test_numbers_missing_at_random_raise_no_alarms() -> None:
    source, alarms, runs = random.Random(6), 0, 150
    for _ in range(runs):
        rows = drawn(source, 8, 10)
        for values in rows:
            for n in range(10):
                if source.random() < 0.15:
                    values[n] = math.nan
        usable = [Row(v) for v in rows if sum(map(math.isnan, v[:5])) < 4 and sum(map(math.isnan, v[5:])) < 4]
        alarms += any(one.rejected for one in max_t(usable, 5, 0.05))
    print(f"{alarms} of {runs} at 5 %")
    assert alarms <= 14


def test_constant_cells_differ_or_do_not() -> None:
    same, apart = max_t([Row([1.0] * 10), Row([1.0] * 5 + [2.0] * 5)], 5, 0.05)
    assert (same.rejected, same.low, same.high) == (False, 0, 0)
    assert (apart.rejected, apart.difference) == (True, 1)
    assert apart.low > 0


def test_no_cell_is_no_question() -> None:
    assert max_t([], 3, 0.05) == []


def test_ways_are_all_of_them_or_a_sample_with_the_true_one() -> None:
    for base, new in ((1, 3), (3, 3), (4, 6), (7, 7)):
        found = dealings(base, new)
        assert found.exact
        assert found.ways == math.comb(base + new, new) // (2 if base == new else 1) <= EXACT_UP_TO
        assert floor_of(base, new) == 1 / found.ways
    sampled = dealings(12, 12)
    assert (sampled.exact, sampled.ways, floor_of(12, 12)) == (False, DRAWN + 1, 1 / (DRAWN + 1))
    assert floor_of(0, 3) == 1
    values = [float(2**n) for n in range(24)]
    assert sampled.sums(values)[0] == sum(values[12:])
    assert {int(way).bit_count() for way in sampled.sums(values)} == {12}


def test_dependence_between_cells_is_used_and_not_paid_for() -> None:
    """Two hundred cells that are one and the same cost nothing."""
    values = [source.gauss(0, 0.03) + 0.08 * (n >= 6) for source in [random.Random(7)] for n in range(12)]
    [alone] = max_t([Row(values)], 6, 0.05)
    many = max_t([Row(values)] * 200, 6, 0.05)
    assert {one.p for one in many} == {alone.p}


def test_it_is_fast_enough_for_250_cells_and_24_sessions() -> None:
    """The figure is printed; a machine under load would make a bound on it fail for nothing."""
    rows = [Row(values) for values in drawn(random.Random(8), 250, 24)]
    began = time.process_time()
    found = max_t(rows, 12, 0.01)
    print(f"{time.process_time() - began:.2f} s of CPU for 250 cells x 24 sessions")
    assert len(found) == 250
