"""Do the means of two groups differ, whose spreads may differ, too? Welch's t."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from parabench.analyse.spread import variance
from parabench.analyse.student import t_probability


def welch_p(base: Sequence[float], new: Sequence[float]) -> float:
    """Two-sided p of Welch's t test (Biometrika 34(1-2), 1947); 1 without any spread to judge by and no difference."""
    difference = statistics.fmean(new) - statistics.fmean(base)
    error, degrees = standard_error(base, new)
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    return 1 - t_probability(abs(difference) / error, math.floor(degrees))


def standard_error(base: Sequence[float], new: Sequence[float]) -> tuple[float, float]:
    """Standard error of the difference of two means, and its degrees of freedom after Welch, at least 1."""
    parts = [(variance(side) / len(side), len(side) - 1) for side in (base, new)]
    total = sum(part for part, _ in parts)
    if total == 0:
        return 0.0, float(max(1, len(base) + len(new) - 2))
    degrees = total**2 / sum(part**2 / free for part, free in parts)
    return math.sqrt(total), max(1.0, degrees)
