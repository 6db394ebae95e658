"""Since when is it so? Steps in the history of a cell, found by an exact search and confirmed by a test.

Candidates come from the best division into segments of constant level (`partition`; for the choice: Truong, Oudre and
Vayatis, "Selective review of offline change point detection methods", Signal Processing 167, 2020). A search always
finds the most suspicious place, so a candidate stays only if a test of the batches before against those after
(`parabench.analyse.step_test`) rejects with the error probability divided by the number of places and of cells that
are looked at, and the step is beyond the practical threshold.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parabench.analyse.looks import ALPHA
from parabench.analyse.partition import best_division
from parabench.analyse.spread import variance
from parabench.analyse.step_test import Step, means_of_batches, step_between
from parabench.analyse.student import t_quantile
from parabench.analyse.verdict import THRESHOLD

#: A level needs so many sessions to be known.
SESSIONS_LEAST = 4
#: Of the intervals of levels and steps.
CONFIDENCE = 0.95
#: Cost of another segment, in units of the noise's variance and log n: a little above 2, where BIC would be.
PENALTY = 3.0
#: Sessions further from their neighbours than so many standard deviations count as being that far away.
OUTLIER = 3.0
_NEIGHBOURS = 2
#: Chances that the search has for each batch of each cell; with a single one, noise whose neighbours have a
#: correlation of 0.8 shows a change in 5 to 6 % of histories (`tests/analyse/study_histories.py`).
_CHANCES = 2


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
    #: Adjusted for the number of places and of cells.
    p: float


@dataclass(frozen=True, slots=True)
class Series:
    """A history cut into segments; there is one more of them than changes, and none in an empty history."""

    segments: tuple[Segment, ...]
    changes: tuple[Change, ...]


Search = Callable[[Sequence[float]], Sequence[int]]


def change_points(
    seconds: Sequence[float],
    *,
    batches: Sequence[int] | None = None,
    cells: int = 1,
    threshold: float = THRESHOLD,
    alpha: float = ALPHA,
    search: Search | None = None,
) -> Series:
    """The segments of a history: replicates > 0 in the order in which they were measured.

    `batches` has the number of the batch of each, by default each is one of its own; `cells` is how many histories are
    looked at, which share `alpha`; `search` returns the places of candidates for logarithms. Raises ValueError for a
    time that is not above 0.
    """
    if not all(math.isfinite(value) and value > 0 for value in seconds):
        raise ValueError("a history holds times above 0 only")
    logs = [math.log(value) for value in seconds]
    judge = _Judge(logs, range(len(logs)) if batches is None else batches, cells)
    places: Sequence[int] = ()
    if len(logs) >= 2 * SESSIONS_LEAST:
        places = judge.confirmed(sorted((search or candidates)(without_outliers(logs))), math.log1p(threshold), alpha)
    bounds = [0, *places, len(logs)]
    segments = [
        _segment(judge.units(logs, first, end), logs[first:end], first)
        for first, end in itertools.pairwise(bounds)
        if end > first
    ]
    changes = [judge.change(bounds, number) for number in range(1, len(bounds) - 1)]
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


class _Judge:
    """Says which candidates hold."""

    def __init__(self, logs: Sequence[float], batches: Sequence[int], cells: int) -> None:
        self._logs, self._batches = logs, batches
        self._chances = _CHANCES * cells * len(set(batches))
        self._calm = without_outliers(logs)

    def units(self, values: Sequence[float], first: int, end: int) -> list[float]:
        """The means of the batches of some sessions."""
        return means_of_batches(values[first:end], self._batches[first:end])

    def confirmed(self, places: Sequence[int], within: float, alpha: float) -> list[int]:
        """The candidates that hold; the weakest one falls first, and its neighbours are judged anew without it."""
        kept = [place for place in places if SESSIONS_LEAST <= place <= len(self._logs) - SESSIONS_LEAST]
        while kept:
            bounds = [0, *kept, len(self._logs)]
            judged = []
            for number in range(1, len(bounds) - 1):
                test = self._step(self._calm, bounds, number)
                size = abs(test.difference)
                holds = test.p * self._chances <= alpha and size > within
                judged.append((holds, -test.p, size, bounds[number]))
            weakest = min(judged)
            if weakest[0]:
                break
            kept.remove(weakest[3])
        return kept

    def _step(self, values: Sequence[float], bounds: Sequence[int], number: int) -> Step:
        before, place, after = bounds[number - 1 : number + 2]
        return step_between(self.units(values, before, place), self.units(values, place, after))

    def change(self, bounds: Sequence[int], number: int) -> Change:
        """What is told of a candidate that holds."""
        step = self._step(self._logs, bounds, number)
        half = t_quantile(CONFIDENCE, step.degrees) * step.error
        p = self._step(self._calm, bounds, number).p
        return Change(
            place=bounds[number],
            ratio=math.exp(step.difference),
            low=math.exp(step.difference - half),
            high=math.exp(step.difference + half),
            p=min(1.0, p * self._chances),
        )


def _segment(units: Sequence[float], values: Sequence[float], first: int) -> Segment:
    """A level; its interval is that of the means of batches."""
    mean, half = statistics.fmean(values), None
    if len(units) > 1:
        half = t_quantile(CONFIDENCE, len(units) - 1) * math.sqrt(variance(units) / len(units))
    return Segment(
        first=first,
        last=first + len(values) - 1,
        seconds=math.exp(mean),
        low=None if half is None else math.exp(mean - half),
        high=None if half is None else math.exp(mean + half),
    )
