"""Is a step between two stretches of a history more than what the machine does anyway?

Sessions of one batch have the batch's day in common, and neighbouring batches have neighbouring days, so that many
sessions may be worth few. A stretch is therefore judged by the means of its batches, and these as a first-order
autoregression, y(t) - m(t) = r (y(t - 1) - m(t - 1)) + e(t), whose r is fitted anew with and without the step: what
slow noise explains as well is no step.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from parabench.analyse.student import t_probability
from parabench.analyse.welch import welch_p

#: Values of r that are tried; noise that alternates is no excuse for a step, and at 1 there is no level at all.
_CORRELATIONS = [n / 50 for n in range(50)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The difference of two levels, after - before, with its standard error and degrees of freedom."""

    difference: float
    error: float
    degrees: int
    #: Two-sided, of this one place.
    p: float


def means_of_batches(values: Sequence[float], batches: Sequence[int]) -> list[float]:
    """The mean of each run of values of the same batch."""
    return [
        statistics.fmean(value for value, _ in group)
        for _, group in itertools.groupby(zip(values, batches, strict=True), key=lambda pair: pair[1])
    ]


def step_between(before: Sequence[float], after: Sequence[float]) -> Step:
    """Test the step between two stretches, each of one value or more.

    p is the larger one of two: of the likelihood ratio of the autoregressions with and without the step, as the t that
    would give the same ratio; and of Welch's test, for which a short stretch with single late values proves little.
    """
    sums = _Sums(before, after)
    n, degrees = len(before) + len(after), len(before) + len(after) - 3
    level = max(map(sums.fit, _CORRELATIONS), key=lambda fit: fit.likelihood_level)
    step = max(map(sums.fit, _CORRELATIONS), key=lambda fit: fit.likelihood_step)
    difference = statistics.fmean(after) - statistics.fmean(before)
    if degrees < 1:
        return Step(difference=difference, error=math.inf, degrees=1, p=1.0)
    if step.squares <= 1e-18 * max(1.0, sums.squares):
        return Step(difference=difference, error=0.0, degrees=degrees, p=float(abs(difference) < 1e-9))
    ratio = max(0.0, 2 * (step.likelihood_step - level.likelihood_level))
    t = math.sqrt(degrees * math.expm1(min(ratio / n, 600.0)))
    error = math.sqrt(step.squares / degrees / step.information)
    return Step(
        difference=step.difference,
        error=error,
        degrees=degrees,
        p=max(1 - t_probability(t, degrees), _welch(before, after)),
    )


def _welch(before: Sequence[float], after: Sequence[float]) -> float:
    return welch_p(before, after) if min(len(before), len(after)) > 1 else 1.0


@dataclass(frozen=True, slots=True)
class _Fit:
    """Generalised least squares at one r."""

    difference: float
    squares: float
    information: float
    likelihood_level: float
    likelihood_step: float


class _Sums:
    """What the fits need of the values, once for all r."""

    def __init__(self, before: Sequence[float], after: Sequence[float]) -> None:
        centre = statistics.fmean([*before, *after])
        y = [value - centre for value in (*before, *after)]
        self._n, self._k, self._first = len(y), len(before), y[0]
        self.squares = math.fsum([value * value for value in y])
        self._own = self.squares - y[0] ** 2
        self._lagged = self.squares - y[-1] ** 2
        self._cross = math.fsum([earlier * later for earlier, later in itertools.pairwise(y)])
        self._sum, self._sum_lagged = math.fsum(y[1:]), math.fsum(y[:-1])
        self._jump = (y[len(before)], y[len(before) - 1])
        self._after, self._after_lagged = math.fsum(y[len(before) + 1 :]), math.fsum(y[len(before) : -1])

    def fit(self, r: float) -> _Fit:
        """Fit a level, and a level with a step, to values without their correlation r (Prais and Winsten 1954)."""
        rest, late = 1 - r, self._n - self._k - 1
        total = (1 - r * r) * self._first**2 + self._own - 2 * r * self._cross + r * r * self._lagged
        of_level = (1 - r * r) * self._first + rest * (self._sum - r * self._sum_lagged)
        of_step = self._jump[0] - r * self._jump[1] + rest * (self._after - r * self._after_lagged)
        level = (1 - r * r) + (self._n - 1) * rest * rest
        both, step = rest + late * rest * rest, 1 + late * rest * rest
        information = step - both * both / level
        difference = (of_step - both * of_level / level) / information
        without = max(total - of_level * of_level / level, 0.0)
        squares = max(without - difference * difference * information, 0.0)
        free = math.log1p(-r * r) / 2
        tiny = 1e-300
        return _Fit(
            difference=difference,
            squares=squares,
            information=information,
            likelihood_level=free - self._n / 2 * math.log(without + tiny),
            likelihood_step=free - self._n / 2 * math.log(squares + tiny),
        )
