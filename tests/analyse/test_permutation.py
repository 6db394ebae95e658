"""The exact test against plain enumeration, and Holm's correction against a calculation by hand."""

from __future__ import annotations

import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse.permutation import EXACT_UP_TO, holm, permutation_p, smallest_p, standard_error, welch_p

VALUES = st.lists(st.integers(-1000, 1000).map(lambda value: value / 7), min_size=1, max_size=5)


def by_enumeration(base: list[float], new: list[float]) -> float:
    """The definition of the test."""
    pooled = [*base, *new]
    places = range(len(pooled))

    def difference(chosen: tuple[int, ...]) -> float:
        one = [pooled[i] for i in chosen]
        other = [pooled[i] for i in places if i not in chosen]
        return abs(statistics.fmean(one) - statistics.fmean(other))

    ways = list(itertools.combinations(places, len(base)))
    seen = difference(tuple(range(len(base))))
    return sum(difference(way) >= seen - 1e-9 for way in ways) / len(ways)


@given(VALUES, VALUES)
def test_it_is_exact(base: list[float], new: list[float]) -> None:
    assert permutation_p(base, new) == pytest.approx(by_enumeration(base, new), abs=1e-12)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=5), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_ties_count_as_extreme(base: list[int], new: list[int]) -> None:
    one, other = [value / 3 for value in base], [value / 3 for value in new]
    assert permutation_p(one, other) == pytest.approx(by_enumeration(one, other), abs=1e-12)


@given(VALUES, VALUES)
def test_sides_are_alike_and_the_unit_does_not_matter(base: list[float], new: list[float]) -> None:
    p = permutation_p(base, new)
    assert permutation_p(new, base) == pytest.approx(p)
    assert permutation_p([3 * x + 7 for x in base], [3 * x + 7 for x in new]) == pytest.approx(p, abs=0.35)
    assert smallest_p(len(base), len(new)) <= p <= 1


def test_groups_that_are_apart_reach_the_smallest_p() -> None:
    for n, m in ((4, 4), (8, 8), (3, 5), (12, 12)):
        base, new = [float(i) for i in range(n)], [100.0 + i for i in range(m)]
        assert permutation_p(base, new) == pytest.approx(smallest_p(n, m))
    assert smallest_p(8, 8) == 2 / math.comb(16, 8)


def test_many_replicates_are_judged_by_welch() -> None:
    source = random.Random(1)
    base = [source.gauss(0, 1) for _ in range(EXACT_UP_TO)]
    new = [source.gauss(0.5, 2) for _ in range(EXACT_UP_TO)]
    assert permutation_p(base, new) == welch_p(base, new)
    exact, approximate = permutation_p(base[:12], new[:12]), welch_p(base[:12], new[:12])
    assert exact == pytest.approx(approximate, rel=0.2)


def test_welch_against_published_numbers() -> None:
    """The same as scipy 1.16's ttest_ind(a, b, equal_var=False), with its degrees of freedom rounded down."""
    a = [27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]
    b = [27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4]
    error, degrees = standard_error(a, b)
    assert (statistics.fmean(a) - statistics.fmean(b)) / error == pytest.approx(-2.8529548701715215)
    assert degrees == pytest.approx(27.88730398842012)
    assert welch_p(a, b) == pytest.approx(0.00821279147238975)


def test_without_any_spread() -> None:
    assert welch_p([1.0, 1.0], [1.0, 1.0]) == 1
    assert welch_p([1.0, 1.0], [2.0, 2.0]) == 0
    assert permutation_p([1.0] * 4, [1.0] * 4) == 1


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.5, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=20), st.randoms(use_true_random=False))
def test_holm_is_monotone_and_follows_its_input(p_values: list[float], source: random.Random) -> None:
    adjusted = holm(p_values)
    for (p, q), (r, s) in itertools.combinations(zip(p_values, adjusted, strict=True), 2):
        assert (q <= s) if p < r else (q >= s) if p > r else True
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = source.sample(range(len(p_values)), len(p_values))
    assert holm([p_values[i] for i in order]) == [adjusted[i] for i in order]
