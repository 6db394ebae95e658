"""The test of sides that were measured one after the other: what batches of unchanged code differed by before.

Whatever the machine did between two batches looks like a change of the code. Only a history in which the same code was
measured in several batches tells how much that is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist

from parabench.analyse.estimate import Estimate, Moment, Replicates, Sides
from parabench.analyse.looks import level_of
from parabench.analyse.order import batches
from parabench.analyse.spread import variance
from parabench.analyse.student import t_probability, t_quantile

#: A history with fewer degrees of freedom between batches does not tell how much they differ.
DEGREES_LEAST = 5
#: Fewer batches on a side may all be late ones: differences have to be twice as large.
_BATCHES_FEW = 3
_WOULD_DECIDE = "`parabench run --rev A --rev B` would decide"
ONE_SESSION = f"one session on a side; {_WOULD_DECIDE}"
NOT_IN_TURNS = f"measured one after the other; {_WOULD_DECIDE}"


def estimates(cells: Sequence[Replicates], sides: Sides, alpha: float) -> list[Estimate]:
    """What the batches of the history say, cell by cell; `alpha` is divided by the number of cells (Bonferroni)."""
    fewest = min(len(sides.base), len(sides.new))
    level = level_of(fewest, alpha)
    groups = [_batches(side) for side in (sides.base, sides.new)]
    history = _history(sides, min(len(batch) for side in groups for batch in side))
    return [_estimate(cell, groups, history, level / len(cells), alpha) for cell in cells]


def _batches(moments: Sequence[Moment]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for place, number in enumerate(batches(moments)):
        groups.setdefault(number, []).append(place)
    return list(groups.values())


def _history(sides: Sides, most: int) -> list[list[list[int]]]:
    """Batches of the history by the code they measured, of at most as many sessions as the smallest one of the sides.

    The mean of more sessions would scatter less.
    """
    by_code: dict[str, list[int]] = {}
    for place, (_, code) in enumerate(sides.history):
        by_code.setdefault(code, []).append(place)
    return [
        [[places[n] for n in batch[:most]] for batch in _batches([sides.history[place][0] for place in places])]
        for places in by_code.values()
    ]


def _estimate(
    cell: Replicates, sides: Sequence[Sequence[Sequence[int]]], history: Sequence[Sequence[Sequence[int]]],
    level: float, alpha: float,
) -> Estimate:
    base, new = (_means(values, groups) for values, groups in zip((cell.base, cell.new), sides, strict=True))
    difference = statistics.fmean(new) - statistics.fmean(base)
    counted = cell.counted()
    spread, degrees = _spread_within(counted)
    known = Estimate(
        difference=difference, spread=spread, degrees=degrees,
        critical=NormalDist().inv_cdf(1 - level / 2),
        reason=ONE_SESSION if min(map(len, counted)) == 1 else NOT_IN_TURNS,
    )
    residuals, free = [], 0
    for code in history:
        means = _means(cell.history, code)
        if len(means) > 1:
            residuals += [value - statistics.fmean(means) for value in means]
            free += len(means) - 1
    if free < DEGREES_LEAST:
        return known
    return _by_history(known, residuals, free, (len(base), len(new)), level, alpha)


def _by_history(
    known: Estimate, residuals: Sequence[float], free: int, sides: tuple[int, int], level: float, alpha: float
) -> Estimate:
    """The estimate with the interval that batches of unchanged code give: `sides` are the numbers of batches.

    Student's t expects normal noise, and batches are late now and then. So differences have to be larger, too, than any
    two batches of unchanged code have shown, and twice as large where all batches of a side may be late ones.
    """
    error = math.sqrt(math.fsum([value * value for value in residuals]) / free * (1 / sides[0] + 1 / sides[1]))
    quantile = t_quantile(1 - level, free)
    widest = (max(residuals) - min(residuals)) * (2 if min(sides) < _BATCHES_FEW else 1)
    half = max(quantile * error, widest)
    size = abs(known.difference)
    p = min(1.0, (1 - t_probability(quantile * size / half, free)) * alpha / level) if half else float(size == 0)
    return replace(
        known, low=known.difference - half, high=known.difference + half, p=p, method="batches", error=error, reason=None
    )


def _means(values: Sequence[float], groups: Sequence[Sequence[int]]) -> list[float]:
    """The mean of each batch that has any number."""
    found = []
    for group in groups:
        numbers = [values[place] for place in group if not math.isnan(values[place])]
        if numbers:
            found.append(statistics.fmean(numbers))
    return found


def _spread_within(sides: Sequence[Sequence[float]]) -> tuple[float | None, int]:
    """How much sessions of one side differ, with its degrees of freedom."""
    free = sum(len(side) - 1 for side in sides)
    if not free:
        return None, 0
    return math.sqrt(sum(variance(side) * (len(side) - 1) for side in sides if len(side) > 1) / free), free
