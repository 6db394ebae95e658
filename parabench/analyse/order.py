"""In which order were the sessions of two sides measured, and in which batches?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

#: Sessions between which more seconds passed belong to different batches: the machine may have another day.
PAUSE_SECONDS = 3600.0
#: A side may be ahead of the other by this share of its sessions at any time; a random order of eight against eight is
#: within it about as often as not.
AHEAD_MOST = 1 / 3
ALTERNATING, ONE_AFTER_THE_OTHER = "alternating", "one after the other"


def ahead(base: Sequence[float | None], new: Sequence[float | None]) -> float:
    """How far from alternating two sides are, near 0 to 1; 1 is one after the other, and what unknown moments give.

    The largest difference at any time between the shares of the two sides that have been measured (the statistic of
    Kolmogorov and Smirnov, used as a distance). If the machine changes by x % at some moment, and stays so, unchanged
    code looks changed by this share of x % at most; so does a drift in one direction by x % in all.
    """
    events = [(moment, 1 / len(base)) for moment in base] + [(moment, -1 / len(new)) for moment in new]
    known = sorted((moment, step) for moment, step in events if moment is not None)
    if len(known) < len(events):
        return 1.0
    level, furthest = 0.0, 0.0
    for _, steps in itertools.groupby(known, key=lambda event: event[0]):
        level += sum(step for _, step in steps)
        furthest = max(furthest, abs(level))
    return furthest


def order_of(base: Sequence[float | None], new: Sequence[float | None]) -> str:
    """ALTERNATING or ONE_AFTER_THE_OTHER: whether what a machine does over the day can be told from a change.

    Blocks of one session of each side in random order always alternate. One session on a side never does.
    """
    fewest = min(len(base), len(new))
    if fewest < 2:
        return ONE_AFTER_THE_OTHER
    return ALTERNATING if ahead(base, new) <= max(AHEAD_MOST, 1 / fewest) + 1e-9 else ONE_AFTER_THE_OTHER


def batches(moments: Sequence[float | None]) -> list[int]:
    """The number of the batch of each session, in the order given; an unknown moment is a batch of its own.

    A batch ends where nothing was stored for PAUSE_SECONDS.
    """
    order = sorted(range(len(moments)), key=lambda n: (moments[n] is not None, moments[n] or 0.0))
    numbers, number, before = [0] * len(moments), -1, None
    for place in order:
        moment = moments[place]
        if moment is None or before is None or moment - before > PAUSE_SECONDS:
            number += 1
        numbers[place], before = number, moment
    return numbers
