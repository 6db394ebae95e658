"""Student's t distribution for whole degrees of freedom, by its closed form; no dependency has wheels everywhere."""

from __future__ import annotations

import functools
import math


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


@functools.cache
def t_quantile(confidence: float, degrees: int) -> float:
    """The t with P(|T| <= t) = confidence, for 0 < confidence < 1 and whole degrees of freedom >= 1."""
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
