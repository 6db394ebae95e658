"""How much a speed-up differs from session to session, and what that makes of the speed-up of one session.

All passes of a session share whatever makes sessions differ (memory layout, hash seed, the machine's hour), so the
interval of a speed-up says where it lies in that session only. Earlier sessions of the same cells on the same machine
tell how far that may be from the machine's: the variance of their log speed-ups, each session's one number. It holds
what passes scatter by, too. Few sessions hardly tell a variance, so what all cells of a group (a family of models with
a kind of work) have in common steadies it, as in `moderated`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parabench.analyse.moderated import NO_PRIOR
from parabench.analyse.noise import priors_by_group
from parabench.analyse.ranking import HALF_WIDTH_MOST, Ratio
from parabench.analyse.spread import variance
from parabench.analyse.student import t_quantile_between

K = TypeVar("K", bound=Hashable)
G = TypeVar("G", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Between:
    """Variance of the log speed-up of a session about the machine's, and its degrees of freedom."""

    variance: float
    degrees: float


def between_sessions(log_speedups: Mapping[K, Sequence[float]], group_of: Callable[[K], G]) -> dict[K, Between]:
    """What stored sessions say of each cell; a cell of which nothing is known is not in it.

    `log_speedups` has a number for each session that measured the cell and its baseline, of the same source and with
    the same libraries. A cell with fewer than two takes what its group, or else all cells together, have in common.
    """
    own = {cell: (variance(logs), len(logs) - 1) for cell, logs in log_speedups.items() if len(logs) > 1}
    priors = priors_by_group((group_of(cell), *known) for cell, known in own.items())
    found = {}
    for cell in log_speedups:
        of_cell, free = own.get(cell, (0.0, 0))
        prior = priors.get(group_of(cell), NO_PRIOR)
        degrees = free + prior.degrees
        if degrees >= 1:
            found[cell] = Between((of_cell * free + prior.variance * prior.degrees) / degrees, degrees)
    return found


def about_the_machine(ratio: Ratio, between: Between, confidence: float) -> Ratio:
    """A session's speed-up with an interval that holds what the machine's is, not only the session's.

    Never narrower than the session's own interval, whose `confidence` this has to be; a single pass, which has none,
    gets one.
    """
    if math.isnan(ratio.ratio):
        return ratio
    half = min(HALF_WIDTH_MOST, t_quantile_between(confidence, between.degrees) * math.sqrt(between.variance))
    if ratio.low is not None and ratio.high is not None:
        half = max(half, math.log(ratio.high / ratio.low) / 2)
    return Ratio(
        ratio=ratio.ratio, low=ratio.ratio * math.exp(-half), high=ratio.ratio * math.exp(half), pairs=ratio.pairs
    )
