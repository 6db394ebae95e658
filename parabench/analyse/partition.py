"""The best division of a series into segments of constant level: exact, in pure Python, in close to linear time.

Of all divisions it finds the one of least cost: squared distances from the mean of each segment, plus a penalty for
each segment (optimal partitioning; the objective of PELT: Killick, Fearnhead and Eckley, "Optimal detection of
changepoints with a linear computational cost", JASA 107, 2012). PELT's rule drops a start only after a change, and a
history seldom has one; so starts are dropped by level, as in FPOP (Maidstone, Hocking, Rigaill and Fearnhead, "On
optimal multiple changepoint algorithms for large data", Statistics and Computing 27, 2017): one that is not the best
for any level of the current segment never will be again, because each further value costs every start the same there.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

#: Levels from the first number to the second for which a segment had best begun at the place that is third.
_Piece = tuple[float, float, int]


def best_division(values: Sequence[float], *, penalty: float, shortest: int) -> list[int]:
    """Places of the first value of each segment but the first.

    `penalty` is what one more segment costs, in squared units of the values; `shortest` the least length of a segment
    (at least 1). A series shorter than two of them is one segment.
    """
    n = len(values)
    if n < 2 * shortest:
        return []
    middle = statistics.fmean(values)  # sums around it keep more of their digits
    sums = list(itertools.accumulate((value - middle for value in values), initial=0.0))
    # Least cost of what is before a place, without the squares of the values: those are the same in every division.
    costs = [0.0] * (n + 1)
    starts = [0] * (n + 1)
    pieces: list[_Piece] = [(-math.inf, math.inf, 0)]
    alive = [0]
    for end in range(shortest, n + 1):
        newest = end - shortest
        if newest >= shortest:
            pieces = _with_start(pieces, newest, sums, costs)
            alive = list({start for _, _, start in pieces})
        total = sums[end]
        candidates = [(costs[start] - (total - sums[start]) ** 2 / (end - start), start) for start in alive]
        least, starts[end] = min(candidates)
        costs[end] = least + penalty
    return _traced(starts)


def _with_start(pieces: list[_Piece], newest: int, sums: Sequence[float], costs: Sequence[float]) -> list[_Piece]:
    """The pieces once a segment may begin at one place more: each older start keeps the levels at which it is better.

    At level m a segment costs costs[start] - 2 m (sums[end] - sums[start]) + (end - start) m^2, so an older start is
    better by costs[newest] - costs[start] + 2 m rise - length m^2: above 0 between two roots, and nowhere else.
    """
    kept: list[_Piece] = []
    newest_from: float | None = None  # the lowest level of the new start's piece that is being put together
    cost, total = costs[newest], sums[newest]
    for low, high, start in pieces:
        length, rise = newest - start, total - sums[start]
        inside = rise * rise + length * (cost - costs[start])
        root = math.sqrt(inside) if inside > 0 else 0.0
        first, last = max(low, (rise - root) / length), min(high, (rise + root) / length)
        if not first < last:
            newest_from = low if newest_from is None else newest_from
            continue
        if first > low and newest_from is None:
            newest_from = low
        if newest_from is not None:
            kept.append((newest_from, first, newest))
        kept.append((first, last, start))
        newest_from = last if last < high else None
    if newest_from is not None:
        kept.append((newest_from, math.inf, newest))
    return kept


def _traced(starts: Sequence[int]) -> list[int]:
    places = []
    place = starts[-1]
    while place > 0:
        places.append(place)
        place = starts[place]
    return places[::-1]
