"""Variances of few observations, steadied by what the other comparisons of the session show.

With two or three passes the variance of one comparison is hardly known, and an interval from it alone is useless.
A session makes hundreds of comparisons on one machine, whose variances scatter around a common value. Smyth, "Linear
models and empirical Bayes methods for assessing differential expression" (Statistical Applications in Genetics and
Molecular Biology 3(1), 2004, sections 3 and 6), estimates that common value and how far it can be trusted; the
moderated t has the degrees of freedom of both.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

#: More degrees of freedom than this make no difference to a t quantile that anyone would see.
DEGREES_MOST = 1000.0
#: Fewer variances than this say nothing about how variances scatter.
VARIANCES_LEAST = 8


@dataclass(frozen=True, slots=True)
class Prior:
    """What is known about a variance before looking at its own observations."""

    variance: float
    #: What that knowledge is worth, in degrees of freedom; 0: nothing.
    degrees: float


NO_PRIOR = Prior(variance=0.0, degrees=0.0)


def digamma(x: float) -> float:
    """The logarithmic derivative of the gamma function for x > 0 (Abramowitz and Stegun 6.3.5 and 6.3.18)."""
    shift = 0.0
    while x < 10:
        shift -= 1 / x
        x += 1
    square = 1 / (x * x)
    return (
        shift + math.log(x) - 1 / (2 * x) - square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square / 240)))
    )


def trigamma(x: float) -> float:
    """The derivative of digamma for x > 0 (Abramowitz and Stegun 6.4.6 and 6.4.12)."""
    shift = 0.0
    while x < 10:
        shift += 1 / (x * x)
        x += 1
    square = 1 / (x * x)
    return shift + 1 / x + square / 2 + square / x * (1 / 6 - square * (1 / 30 - square * (1 / 42 - square / 30)))


def trigamma_inverse(y: float) -> float:
    """The x > 0 with trigamma(x) = y, for y > 0, by bisection in log x (trigamma falls everywhere)."""
    low, high = -20.0, 20.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if trigamma(math.exp(middle)) > y else (low, middle)
    return math.exp((low + high) / 2)


def prior_of(variances: Sequence[tuple[float, int]]) -> Prior:
    """The prior that sample variances (variance, degrees of freedom) have in common; NO_PRIOR from too few.

    Matches the mean and the variance of their logarithms (Smyth 2004, section 6.2).
    """
    usable = [(variance, degrees) for variance, degrees in variances if variance > 0 and degrees > 0]
    if len(usable) < VARIANCES_LEAST:
        return NO_PRIOR
    centred = [math.log(variance) - digamma(degrees / 2) + math.log(degrees / 2) for variance, degrees in usable]
    mean = statistics.fmean(centred)
    scatter = statistics.variance(centred) - statistics.fmean(trigamma(degrees / 2) for _, degrees in usable)
    if scatter <= trigamma(DEGREES_MOST / 2):
        return Prior(variance=math.exp(mean), degrees=DEGREES_MOST)
    degrees = 2 * trigamma_inverse(scatter)
    return Prior(variance=math.exp(mean + digamma(degrees / 2) - math.log(degrees / 2)), degrees=degrees)


def moderated(variance: float, degrees: int, prior: Prior) -> tuple[float, int]:
    """A sample variance and its prior together: the posterior variance, its degrees of freedom rounded down."""
    total = prior.degrees + degrees
    return (prior.degrees * prior.variance + degrees * variance) / total, max(1, math.floor(total))
