"""What would more sessions bring? A promise that is kept in nine of ten cases, or none."""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from parabench.analyse.dealing import floor_of
from parabench.analyse.looks import level_of

#: More sessions than this will not be run; then nothing is promised.
SESSIONS_MOST = 1000
#: A spread that rests on fewer degrees of freedom promises nothing.
DEGREES_LEAST = 5
PROBABILITY = 0.90
_NORMAL = NormalDist()
_ROOT_OF_2 = math.sqrt(2)
#: Variances over which a promise is averaged, since the spread is an estimate.
_VARIANCES = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """With so many sessions a side, old ones included, the verdict is this one with PROBABILITY, if that is true."""

    sessions: int
    verdict: str
    #: The truth that the promise is about: new / base.
    if_ratio: float
    probability: float = PROBABILITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a cell; `sessions` a side have been measured in turns, 0: none that will be of use."""

    sessions: float
    difference: float
    spread: float
    degrees: float
    cells: int


def t_of(deviate: float, degrees: float) -> float:
    """The t with the probability of a standard normal deviate (Wallace 1959, as in `parabench.analyse.max_t`)."""
    factor = ((8 * degrees + 1) / (8 * degrees + 3)) ** 2 * degrees
    return math.sqrt(degrees * math.expm1(min(deviate * deviate / factor, 600.0)))


def sessions_promised(known: Known, truth: float, *, least: int, threshold: float) -> int | None:
    """The smallest number of sessions a side, at least `least`, that decides with PROBABILITY; None if none does.

    `truth` is the difference of logarithms: 0, to be called the same, or beyond the threshold, to be called changed.
    """
    if known.degrees < DEGREES_LEAST or not known.spread > 0:
        return None
    variances = [known.spread**2 * known.degrees / value for value in _chi_squares(known.degrees)]
    within = math.log1p(threshold)

    def decides(sessions: int) -> bool:
        if floor_of(sessions, sessions) > level_of(sessions):
            return False
        return _chance(known, truth, sessions, variances, within) >= PROBABILITY

    candidates = range(least, SESSIONS_MOST + 1)
    place = bisect.bisect_left(candidates, True, key=decides)
    return candidates[place] if place < len(candidates) else None


def _chance(known: Known, truth: float, sessions: int, variances: Sequence[float], within: float) -> float:
    """How probable the right verdict is, given what has been seen, over true variances of a session alike probable."""
    share = min(1.0, known.sessions / sessions)
    mean = truth + (known.difference - truth) * share
    more = max(0.0, 2 * (sessions - known.sessions) - (0 if known.sessions else 2))
    degrees = known.degrees + more
    critical = t_of(_critical(known.cells, sessions), degrees)
    chances = []
    for variance in variances:
        deviation = max(math.sqrt(2 * variance / sessions * (1 - share)), 1e-12)
        estimated = (known.degrees * known.spread**2 + more * variance) / degrees
        half = critical * math.sqrt(2 * estimated / sessions)
        if truth == 0:
            chances.append(max(0.0, _below(within - half, mean, deviation) - _below(half - within, mean, deviation)))
        else:
            chances.append(1 - _below(max(half, within), math.copysign(1, truth) * mean, deviation))
    return math.fsum(chances) / len(chances)


def _below(value: float, mean: float, deviation: float) -> float:
    """How probable less than the value is for a normal number: `NormalDist.cdf` without an object for each."""
    return 0.5 * (1 + math.erf((value - mean) / (deviation * _ROOT_OF_2)))


def _critical(cells: int, sessions: int) -> float:
    """What the largest of so many independent standard normal deviates has to exceed."""
    return _NORMAL.inv_cdf(1 - level_of(sessions) / (2 * cells))


@functools.lru_cache(maxsize=256)
def _chi_squares(degrees: float) -> Sequence[float]:
    """Values of chi square of equal probability (Wilson and Hilferty, PNAS 17, 1931)."""
    part = 2 / (9 * degrees)
    deviates = [_NORMAL.inv_cdf((n + 0.5) / _VARIANCES) for n in range(_VARIANCES)]
    return [degrees * max(1 - part + deviate * math.sqrt(part), 0.01) ** 3 for deviate in deviates]
