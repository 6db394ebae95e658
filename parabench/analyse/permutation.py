"""Do two groups of replicates differ? An exact permutation test, and Holm's correction for asking it many times."""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Sequence

from parabench.analyse.spread import variance
from parabench.analyse.student import t_probability

#: Up to so many replicates on both sides together the test is exact; 2^12 sums a half take milliseconds.
EXACT_UP_TO = 24
#: Sums that differ by less than this share of the largest one differ by rounding only.
_ROUNDING = 1e-9


def permutation_p(base: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p of the difference of means under all ways to deal the values out to two groups of these sizes.

    If nothing changed, every way was as likely as the one seen: the test needs no distribution, only that sessions can
    be exchanged (Fisher, "The Design of Experiments", 1935, section 21; Pitman, Supplement to the Journal of the Royal
    Statistical Society 4(1), 1937). Above EXACT_UP_TO values, Welch's t takes its place: the permutation distribution
    of a studentized difference approaches it (Janssen, Statistics and Probability Letters 36(1), 1997).
    Both groups need one value at least.
    """
    if len(base) + len(new) > EXACT_UP_TO:
        return welch_p(base, new)
    pooled = [*base, *new]
    centre = statistics.fmean(pooled)
    values = [value - centre for value in pooled]  # the sum over all is 0, and 0 is the mean of a group's sum
    extreme = abs(math.fsum(values[: len(base)]))
    tolerance = _ROUNDING * math.fsum(map(abs, values))
    return _sums_beyond(values, len(base), extreme - tolerance) / math.comb(len(values), len(base))


def smallest_p(base: int, new: int) -> float:
    """The smallest p that a test of so many replicates a side can give."""
    if base + new > EXACT_UP_TO:
        return 0.0
    return (2 if base == new else 1) / math.comb(base + new, base)


def welch_p(base: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p of Welch's t test (Biometrika 34(1-2), 1947); 1 without any spread to judge by and no difference."""
    difference = statistics.fmean(new) - statistics.fmean(base)
    error, degrees = standard_error(base, new)
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return 1 - t_probability(abs(difference) / error, math.floor(degrees))


def standard_error(base: Sequence[float], new: Sequence[float]) -> tuple[float, float]:
    """Standard error of the difference of two means, and its degrees of freedom after Welch, at least 1."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (base, new)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return 0.0, float(max(1, len(base) + len(new) - 2))
    degrees = total**2 / sum(part**2 / free for part, free in parts)
    return math.sqrt(total), max(1.0, degrees)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values, in the order given: reject those up to alpha, and all errors together have probability alpha.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2), 1979. It
    holds whatever the tests have to do with each other, and cells of one session have a lot.
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def _sums_beyond(values: Sequence[float], size: int, extreme: float) -> int:
    """Number of subsets of `size` values whose sum is >= extreme or <= -extreme.

    Sums of the two halves are listed by subset size, and matched by bisection (Horowitz and Sahni, "Computing
    partitions with applications to the knapsack problem", Journal of the ACM 21(2), 1974).
    """
    if extreme <= 0:
        return math.comb(len(values), size)
    middle = len(values) // 2
    left, right = _sums_by_size(values[:middle]), _sums_by_size(values[middle:])
    beyond = 0
    for taken, sums in enumerate(left):
        if not 0 <= size - taken < len(right):
            continue
        others = right[size - taken]
        for total in sums:
            beyond += len(others) - bisect.bisect_left(others, extreme - total)
            beyond += bisect.bisect_right(others, -extreme - total)
    return beyond


def _sums_by_size(values: Sequence[float]) -> list[list[float]]:
    """The sorted sums of all subsets, by the number of values in them."""
    sums: list[list[float]] = [[0.0]]
    for value in values:
        sums.append([])
        for size in range(len(sums) - 2, -1, -1):
            sums[size + 1].extend([total + value for total in sums[size]])
    return [sorted(entries) for entries in sums]
