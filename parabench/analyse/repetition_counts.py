"""How many rounds a visit is worth: more rounds are cheap, and only further visits show how visits differ.

Kalibera and Jones, "Rigorous benchmarking in reasonable time" (ISMM 2013, section 6): the number of repetitions on the
lower level that gives the narrowest interval in a given time is sqrt(cost above / cost below x variance below /
variance above).
"""

from __future__ import annotations

import math

#: Rounds of a visit at most.
ROUNDS_MOST = 8
#: Before anything is known: the variance of rounds within a visit / that of visits.
RATIO_UNKNOWN = 1.0
#: Bounds of that ratio: of few visits it is hardly known.
RATIO_LEAST, RATIO_MOST = 0.25, 64.0
#: A round of so many seconds is repeated only as often as the formula says: it is a long look in itself.
SECONDS_LONG = 0.2


def rounds_worth(seconds_overhead: float, seconds_round: float, variance_ratio: float = RATIO_UNKNOWN) -> int:
    """Rounds to time in a visit, from 1 to ROUNDS_MOST.

    `seconds_overhead` is what a visit takes besides its timed rounds, `variance_ratio` the variance of log seconds
    between rounds of a visit / between visits. Short rounds are timed for as long as the overhead lasts: less would
    make half of the session's time useless.
    """
    ratio = min(RATIO_MOST, max(RATIO_LEAST, variance_ratio))
    overhead = seconds_overhead / max(seconds_round, 1e-9)
    best = math.sqrt(overhead * ratio)
    if seconds_round >= SECONDS_LONG:
        return max(1, min(ROUNDS_MOST, round(best)))
    return max(2, min(ROUNDS_MOST, math.ceil(max(best, overhead))))
