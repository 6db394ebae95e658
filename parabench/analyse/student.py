"""Student's t distribution for whole degrees of freedom, by its closed form; no dependency has wheels everywhere."""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

#: From so many degrees of freedom on, a series gives the quantile to six digits.
_MANY = 100


def t_probability(t: float, degrees: int) -> float:
    """P(|T| <= t) for t >= 0 and whole degrees of freedom >= 1.

    Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 (odd) and 26.7.4 (even degrees).
    """
    theta = math.atan2(t, math.sqrt(degrees))
    sine, cosine = math.sin(theta), math.cos(theta)
    if degrees == 1:
        return 2 * theta / math.pi
    term = cosine if degrees % 2 else 1.0
    total = term
    for k in range(3 if degrees % 2 else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    if degrees % 2:
        return 2 / math.pi * (theta + sine * total)
    return sine * total


def t_quantile_between(confidence: float, degrees: float) -> float:
    """`t_quantile` for any degrees of freedom >= 1, interpolated in their inverse, in which it is nearly linear."""
    below = math.floor(degrees)
    if degrees == below:
        return t_quantile(confidence, below)
    share = (1 / below - 1 / degrees) / (1 / below - 1 / (below + 1))
    return (1 - share) * t_quantile(confidence, below) + share * t_quantile(confidence, below + 1)


def _t_quantile_of_many(confidence: float, degrees: int) -> float:
    """Abramowitz and Stegun 26.7.5: the normal quantile, corrected by the inverse powers of the degrees of freedom."""
    x = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + math.fsum(term / degrees ** (power + 1) for power, term in enumerate(terms))


@functools.cache
def t_quantile(confidence: float, degrees: int) -> float:
    """The t with P(|T| <= t) = confidence, for 0 < confidence < 1 and whole degrees of freedom >= 1."""
    if degrees >= _MANY:
        return _t_quantile_of_many(confidence, degrees)
    low, high = 0.0, 1.0
    while t_probability(high, degrees) < confidence:
        high *= 2
        if math.isinf(high):
            raise ValueError(f"no finite t holds {confidence} with {degrees} degrees of freedom")
    for _ in range(200):
        middle = (low + high) / 2
        if t_probability(middle, degrees) < confidence:
            low = middle
        else:
            high = middle
    return (low + high) / 2
