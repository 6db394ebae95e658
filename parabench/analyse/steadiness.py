"""Did the rounds of an interpreter that compiles as it runs come to a steady state, and from which side?

After Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual machine warmup blows hot and cold" (OOPSLA 2017): a
steady state is not taken for granted, and neither is that it is faster than what came before.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence

#: Rounds whose median is compared with that of as many rounds before them.
WINDOW = 4
#: Medians of two windows that differ by less are the same.
TOLERANCE = 0.05

FLAT, WARM_UP, SLOW_DOWN, NEVER_STEADY = "flat", "warm-up", "slow-down", "never steady"


def is_flat(seconds: Sequence[float]) -> bool:
    """Whether the last two windows agree."""
    if len(seconds) < 2 * WINDOW:
        return False
    last, before = (statistics.median(seconds[-WINDOW:]), statistics.median(seconds[-2 * WINDOW : -WINDOW]))
    return _same(last, before)


def label_of(seconds: Sequence[float]) -> str:
    """What a sequence of rounds did before timing began: flat, warm-up, slow-down, or never steady."""
    if not is_flat(seconds):
        return NEVER_STEADY
    whole = len(seconds) // WINDOW * WINDOW
    medians = [statistics.median(seconds[-n - WINDOW : len(seconds) - n]) for n in range(0, whole, WINDOW)]
    last, earlier = medians[0], medians[1:]
    if last > min(earlier) * (1 + TOLERANCE):
        return SLOW_DOWN
    # A window hides its slowest round, and the first one is what a warm-up may be about.
    rest = seconds[: max(1, len(seconds) - whole)]
    return FLAT if all(_same(last, median) for median in (*earlier, *rest)) else WARM_UP


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE * min(a, b)
