"""The search for the best division, against every division there is and against ruptures."""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parabench.analyse.partition import best_division


def steps(seed: int, n: int, *, chance: float = 0.05, late: float = 0.0) -> list[float]:
    """Normal noise of 1 around a level that moves now and then; now and then a value far off."""
    source, level, values = random.Random(seed), 0.0, []
    for _ in range(n):
        level += source.gauss(0, 4) if source.random() < chance else 0.0
        values.append(level + source.gauss(0, 1) + (10.0 if source.random() < late else 0.0))
    return values


def cost(values: Sequence[float], places: Sequence[int], penalty: float) -> float:
    """What a division costs, from its definition."""
    bounds = [0, *places, len(values)]
    parts = [values[first:end] for first, end in itertools.pairwise(bounds)]
    return sum(sum((value - math.fsum(part) / len(part)) ** 2 for value in part) + penalty for part in parts)


def least_cost(values: Sequence[float], penalty: float, shortest: int) -> float:
    """Of every division there is: the first segment may end anywhere, and the rest is divided at its best."""

    @functools.cache
    def of_rest(first: int) -> float:
        whole = cost(values[first:], [], penalty)
        ends = range(first + shortest, len(values) - shortest + 1)
        return min([whole, *(cost(values[first:end], [], penalty) + of_rest(end) for end in ends)])

    return of_rest(0)


@pytest.mark.parametrize("shortest", [1, 2, 4])
@pytest.mark.parametrize("penalty", [0.5, 4.0, 12.0])
def test_no_division_costs_less(shortest: int, penalty: float) -> None:
    for seed in range(40):
        values = steps(seed, 8 + seed, chance=0.15, late=0.05)
        found = best_division(values, penalty=penalty, shortest=shortest)
        assert cost(values, found, penalty) == pytest.approx(least_cost(values, penalty, shortest), rel=1e-9), seed


@given(st.lists(st.integers(-3, 3), max_size=16), st.integers(1, 5), st.floats(0.1, 20))
def test_no_division_costs_less_where_values_repeat(values: list[int], shortest: int, penalty: float) -> None:
    found = best_division(values, penalty=penalty, shortest=shortest)
    bounds = [0, *found, len(values)]
    assert all(end - first >= shortest for first, end in itertools.pairwise(bounds)) or not found
    assert cost(values, found, penalty) == pytest.approx(least_cost(values, penalty, shortest), rel=1e-9, abs=1e-9)


def test_what_cannot_be_divided_is_one_segment() -> None:
    assert best_division([], penalty=1, shortest=4) == []
    assert best_division([0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0], penalty=1, shortest=4) == []
    assert best_division([0.0, 0.0, 0.0, 0.0, 9.0, 9.0, 9.0, 9.0], penalty=1, shortest=4) == [4]
    assert best_division([5.0] * 40, penalty=1, shortest=1) == []


def test_far_from_zero_it_finds_the_same() -> None:
    values = steps(3, 200)
    near = best_division(values, penalty=15, shortest=4)
    assert near, "there are steps"
    assert best_division([value + 1e6 for value in values], penalty=15, shortest=4) == near


def test_ruptures_finds_the_same() -> None:
    """With segments of any length both are exact; with a least length its pruning may lose the best, ours must not."""
    numpy = pytest.importorskip("numpy", reason="the library that it is compared with needs numpy")
    ruptures = pytest.importorskip("ruptures", reason="it is not built for this interpreter")

    def theirs(values: Sequence[float], penalty: float, shortest: int) -> list[int]:
        search = ruptures.KernelCPD(kernel="linear", min_size=shortest).fit(numpy.asarray(values).reshape(-1, 1))
        return [int(place) for place in search.predict(pen=penalty)[:-1]]

    same = {1: 0, 4: 0}
    for shortest in same:
        for seed in range(60):
            values = steps(seed, 20 + 3 * seed, late=0.03)
            penalty = 3 * math.log(len(values))
            ours, other = (find(values, penalty, shortest) for find in (_ours, theirs))
            same[shortest] += ours == other
            assert ours == other or cost(values, ours, penalty) < cost(values, other, penalty), seed
    assert same[1] == 60
    assert same[4] >= 57


def _ours(values: Sequence[float], penalty: float, shortest: int) -> list[int]:
    return best_division(values, penalty=penalty, shortest=shortest)
