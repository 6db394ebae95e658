"""The test of sides that were measured one after the other: what batches of unchanged code differed by before.

Whatever the machine did between two batches looks like a change of the code. Only a history in which the same code was
measured in several batches tells how much that is.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parabench.analyse.estimate import Estimate, Moment, Replicates, Sides
from parabench.analyse.looks import ALPHA, level_of
from parabench.analyse.order import batches
from parabench.analyse.spread import variance
from parabench.analyse.student import t_probability, t_quantile

#: A history with fewer degrees of freedom between batches does not tell how much they differ.
DEGREES_LEAST = 5
#: How much larger than in the history a difference has to be, at least. With batches as heavy-tailed as Student's t
#: with 2 degrees of freedom one in four of those that are the largest so far is larger by this.
_MARGIN = 2
_WOULD_DECIDE = "`parabench run --rev A --rev B` would decide"
ONE_SESSION = f"one session on a side; {_WOULD_DECIDE}"
NOT_IN_TURNS = f"measured one after the other; {_WOULD_DECIDE}"


def estimates(cells: Sequence[Replicates], sides: Sides, alpha: float) -> list[Estimate]:
    """What the batches of the history say, cell by cell; `alpha` is divided by the number of cells (Bonferroni)."""
    level = level_of(min(len(sides.base), len(sides.new)), alpha) / len(cells)
    groups = [_batches(side) for side in (sides.base, sides.new)]
    history = _history(sides, min(len(batch) for side in groups for batch in side))
    scatters = [_Scatter.of([_means(cell.history, code) for code in history]) for cell in cells]
    widest = max((scatter.widest for scatter in scatters), default=0.0)
    return [_estimate(cell, groups, scatter, widest, level) for cell, scatter in zip(cells, scatters, strict=True)]


@dataclass(frozen=True, slots=True)
class _Scatter:
    """How much the means of batches of unchanged code differed for one cell."""

    variance: float
    degrees: int
    #: How far any of them was from the others, in standard errors of that.
    widest: float

    @classmethod
    def of(cls, codes: Sequence[Sequence[float]]) -> _Scatter:
        """From the means of the batches of each code."""
        codes = [means for means in codes if len(means) > 1]
        degrees = sum(len(means) - 1 for means in codes)
        # Squared distance of each batch from the mean of the others of its code, over the variance of that in sessions.
        squares = [
            (value - statistics.fmean(means)) ** 2 * len(means) / (len(means) - 1) for means in codes for value in means
        ]
        total = sum(variance(means) * (len(means) - 1) for means in codes)
        if degrees < DEGREES_LEAST or not total:
            return cls(0.0, degrees, 0.0)
        ratios = [square * (degrees - 1) / max(total - square, 1e-12 * total) for square in squares]
        return cls(total / degrees, degrees, math.sqrt(max(ratios)))


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
    cell: Replicates,
    sides: Sequence[Sequence[Sequence[int]]],
    scatter: _Scatter,
    widest: float,
    level: float,
) -> Estimate:
    base, new = (_means(values, groups) for values, groups in zip((cell.base, cell.new), sides, strict=True))
    difference = statistics.fmean(new) - statistics.fmean(base)
    counted = cell.counted()
    spread, degrees = _spread_within(counted)
    known = Estimate(
        difference=difference,
        spread=spread,
        degrees=degrees,
        reason=ONE_SESSION if min(map(len, counted)) == 1 else NOT_IN_TURNS,
    )
    if scatter.degrees < DEGREES_LEAST:
        return known
    # Student's t expects normal noise, and batches are late now and then. So a difference has to be larger, too, than
    # what any cell showed in any batch of unchanged code, by a factor that the next late batch will hardly reach.
    error = math.sqrt(scatter.variance * (1 / len(base) + 1 / len(new)))
    quantile = t_quantile(1 - level, scatter.degrees)
    half = max(quantile, _MARGIN * widest) * error
    p = float(difference == 0)
    if half:
        p = min(1.0, (1 - t_probability(quantile * abs(difference) / half, scatter.degrees)) * ALPHA / level)
    return replace(
        known, low=difference - half, high=difference + half, p=p, method="batches", error=error, reason=None
    )


def _means(values: Sequence[float], groups: Sequence[Sequence[int]]) -> list[float]:
    """The mean of each batch that has any number."""
    means = []
    for group in groups:
        numbers = [values[place] for place in group if not math.isnan(values[place])]
        if numbers:
            means.append(statistics.fmean(numbers))
    return means


def _spread_within(sides: Sequence[Sequence[float]]) -> tuple[float | None, int]:
    """How much sessions of one side differ, with its degrees of freedom."""
    free = sum(len(side) - 1 for side in sides)
    if not free:
        return None, 0
    return math.sqrt(sum(variance(side) * (len(side) - 1) for side in sides if len(side) > 1) / free), free
