"""Since when is it so? Steps in the history of a cell, found by an exact search and confirmed by a test.

Candidates come from the best division into segments of constant level (`partition`; for the choice: Truong, Oudre and
Vayatis, "Selective review of offline change point detection methods", Signal Processing 167, 2020). A search always
finds the most suspicious place, so a candidate stays only if a test of the sessions before against those after rejects
with the error probability divided by the number of places, and the step is beyond the practical threshold.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parabench.analyse.partition import best_division
from parabench.analyse.permutation import standard_error, welch_p
from parabench.analyse.spread import variance
from parabench.analyse.student import t_quantile_between
from parabench.analyse.verdict import ALPHA, CONFIDENCE, THRESHOLD

#: A level needs so many sessions to be known.
SESSIONS_LEAST = 4
#: Cost of another segment, in units of the noise's variance and log n: a little above 2, where BIC would be.
PENALTY = 3.0
#: Sessions further from their neighbours than so many standard deviations count as being that far away.
OUTLIER = 3.0
_NEIGHBOURS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Sessions between two changes: their places in the series (the last one included) and their level."""

    first: int
    last: int
    #: Geometric mean, seconds.
    seconds: float
    low: float | None
    high: float | None

    @property
    def sessions(self) -> int:
        """How many there are."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A step between two segments: the ratio of their levels, after / before, with its 95 % interval."""

    #: Place of the first session after it.
    place: int
    ratio: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Series:
    """A history cut into segments; there is one more of them than changes, and none in an empty history."""

    segments: tuple[Segment, ...]
    changes: tuple[Change, ...]


Search = Callable[[Sequence[float]], Sequence[int]]


def change_points(
    seconds: Sequence[float], *, threshold: float = THRESHOLD, alpha: float = ALPHA, search: Search | None = None
) -> Series:
    """The segments of a history: replicates > 0 in the order in which they were measured.

    `search` returns the places of candidates for logarithms. Raises ValueError for a time that is not above 0.
    """
    if not all(math.isfinite(value) and value > 0 for value in seconds):
        raise ValueError("a history holds times above 0 only")
    logs = [math.log(value) for value in seconds]
    places = []
    if len(logs) >= 2 * SESSIONS_LEAST:
        places = _confirmed(logs, sorted((search or candidates)(without_outliers(logs))), threshold, alpha)
    bounds = [0, *places, len(logs)]
    segments = [_segment(logs, first, end) for first, end in itertools.pairwise(bounds) if end > first]
    changes = [_change(logs, bounds, number) for number in range(1, len(bounds) - 1)]
    return Series(tuple(segments), tuple(changes))


def candidates(logs: Sequence[float]) -> list[int]:
    """Candidates for changes of level: places of the first value after each."""
    noise = spread_of_steps(logs)
    if noise == 0:
        return [place for place in range(1, len(logs)) if logs[place] != logs[place - 1]]
    penalty = PENALTY * math.log(len(logs))
    return best_division([value / noise for value in logs], penalty=penalty, shortest=SESSIONS_LEAST)


def spread_of_steps(logs: Sequence[float]) -> float:
    """Standard deviation of the noise from the differences of neighbours, which level changes hardly touch.

    The median absolute deviation, scaled to the normal distribution (Rousseeuw and Croux, JASA 88, 1993).
    """
    steps = [abs(after - before) for before, after in itertools.pairwise(logs)]
    return statistics.median(steps) * 1.4826 / math.sqrt(2) if steps else 0.0


def without_outliers(logs: Sequence[float]) -> list[float]:
    """The series with single sessions pulled back to their neighbours: a late session is no change."""
    noise = OUTLIER * spread_of_steps(logs)
    clipped = []
    for place, value in enumerate(logs):
        around = statistics.median(logs[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1])
        clipped.append(min(max(value, around - noise), around + noise))
    return clipped


def _confirmed(logs: Sequence[float], places: Sequence[int], threshold: float, alpha: float) -> list[int]:
    """The candidates that hold; the weakest one falls first, and its neighbours are judged anew without it."""
    calm = without_outliers(logs)
    kept = [place for place in places if SESSIONS_LEAST <= place <= len(logs) - SESSIONS_LEAST]
    while kept:
        bounds = [0, *kept, len(logs)]
        judged = []
        for number in range(1, len(bounds) - 1):
            before = calm[bounds[number - 1] : bounds[number]]
            after = calm[bounds[number] : bounds[number + 1]]
            step = abs(statistics.fmean(after) - statistics.fmean(before))
            p = welch_p(before, after) if min(len(before), len(after)) > 1 else 1.0
            holds = p <= alpha / len(logs) and step > math.log1p(threshold)
            judged.append((holds, -p, step, bounds[number]))
        weakest = min(judged)
        if weakest[0]:
            break
        kept.remove(weakest[3])
    return kept


def _segment(logs: Sequence[float], first: int, end: int) -> Segment:
    values = logs[first:end]
    mean, half = statistics.fmean(values), None
    if len(values) > 1:
        half = t_quantile_between(CONFIDENCE, len(values) - 1) * math.sqrt(variance(values) / len(values))
    return Segment(
        first=first,
        last=end - 1,
        seconds=math.exp(mean),
        low=None if half is None else math.exp(mean - half),
        high=None if half is None else math.exp(mean + half),
    )


def _change(logs: Sequence[float], bounds: Sequence[int], number: int) -> Change:
    before, after = logs[bounds[number - 1] : bounds[number]], logs[bounds[number] : bounds[number + 1]]
    step = statistics.fmean(after) - statistics.fmean(before)
    error, degrees = standard_error(before, after)
    half = t_quantile_between(CONFIDENCE, degrees) * error
    return Change(
        place=bounds[number],
        ratio=math.exp(step),
        low=math.exp(step - half),
        high=math.exp(step + half),
        p=welch_p(before, after),
    )
