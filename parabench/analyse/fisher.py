"""The tail of Fisher's F distribution; no dependency that has it has wheels everywhere."""

from __future__ import annotations

import math

_STEPS, _TINY = 300, 1e-300


def f_tail(ratio: float, above: int, below: int) -> float:
    """P(F > ratio) for a ratio of variances with so many degrees of freedom: DLMF 8.17(v), the continued fraction."""
    if ratio <= 0:
        return 1.0
    x = below / (below + above * ratio)
    return _incomplete_beta(below / 2, above / 2, x)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), 0 <= x <= 1."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x > (a + 1) / (a + b + 2):
        return 1.0 - math.exp(front) * _fraction(b, a, 1 - x) / b
    return math.exp(front) * _fraction(a, b, x) / a


def _fraction(a: float, b: float, x: float) -> float:
    """Lentz's algorithm for DLMF 8.17.22."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for numerator in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + numerator * d)
            c = _away(1 + numerator / c)
            value *= c * d
        if abs(c * d - 1) < 1e-14:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
