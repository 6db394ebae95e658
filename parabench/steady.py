"""Interpreters with a JIT compiler get faster, or slower, as they run: rounds until they are flat, all of them kept.

After Barrett, Bolz-Tereick, Killick, Mount and Tratt, "Virtual machine warmup blows hot and cold" (OOPSLA 2017): a
steady state is not taken for granted, and neither is that it is faster than what came before.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence

#: Rounds whose median is compared with that of as many rounds before them.
WINDOW = 4
#: Medians of two windows that differ by less are the same.
TOLERANCE = 0.05
ROUNDS_MOST = 60
SECONDS_MOST = 1.5

FLAT, WARM_UP, SLOW_DOWN, NEVER_STEADY = "flat", "warm-up", "slow-down", "never steady"


def run_until_flat(run: Callable[[], float], first: Sequence[float]) -> tuple[float, ...]:
    """Run rounds until two windows in a row agree, or for SECONDS_MOST; returns the seconds of `first` and of those.

    `run` runs one round and returns its seconds.
    """
    seconds, deadline = list(first), time.monotonic() + SECONDS_MOST
    while not is_flat(seconds) and len(seconds) < ROUNDS_MOST and time.monotonic() < deadline:
        seconds.append(run())
    return tuple(seconds)


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


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * min(one, other)
