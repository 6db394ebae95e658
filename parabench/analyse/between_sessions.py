"""How much a speed-up differs from session to session, and what all sessions together say of the machine's.

All passes of a session share whatever makes sessions differ (memory layout, hash seed, the machine's hour), so the
interval of a speed-up says where it lies in that session only. Earlier sessions of the same cells on the same machine
are replicates: each gives one log speed-up. Their variance tells how far a session may be from the machine's speed-up;
it includes the scatter of passes. Their mean, this session's included, is an estimate of the machine's speed-up whose
variance is as many times smaller as there are sessions. Few sessions hardly tell a variance, so what all cells of a
group (a family of models with a kind of work) have in common steadies it, as in `moderated`.

Sessions in a row may be alike: then so many are worth fewer (Bayley and Hammersley, "The effective number of
independent observations in an autocorrelated time series", Supplement to the Journal of the Royal Statistical Society
8(2), 1946). How alike neighbours are is estimated from all cells together.
"""

from __future__ import annotations

import itertools
import math
import statistics
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


#: Fewer sessions than this say nothing of how alike neighbours are, and then a session stands for itself.
SESSIONS_LEAST = 4
#: A stronger memory cannot be told from a drift in the few sessions that there are.
MEMORY_MOST = 0.9
#: Sessions that are alike scatter less around their own mean, but their variance is not taken for more than so many
#: times as large.
CORRECTION_MOST = 3.0


@dataclass(frozen=True, slots=True)
class Between:
    """What earlier sessions say: the variance of one session's log speed-up about the machine's, and their mean."""

    variance: float
    #: Degrees of freedom of the variance.
    degrees: float
    #: Of their log speed-ups; 0 with no sessions.
    mean: float = 0.0
    sessions: int = 0
    #: Correlation of a session with the next, from 0 to MEMORY_MOST; None: too few sessions to tell.
    memory: float | None = None


def between_sessions(log_speedups: Mapping[K, Sequence[float]], group_of: Callable[[K], G]) -> dict[K, Between]:
    """What stored sessions say of each cell; a cell of which nothing is known is not in it.

    `log_speedups` has a number for each session that measured the cell and its baseline, of the same source and with
    the same libraries. A cell with fewer than two takes what its group, or else all cells together, have in common.
    """
    own = {cell: (variance(logs), len(logs) - 1) for cell, logs in log_speedups.items() if len(logs) > 1}
    priors = priors_by_group((group_of(cell), *known) for cell, known in own.items())
    memory = memory_of(log_speedups)
    between_by_cell = {}
    for cell in log_speedups:
        of_cell, free = own.get(cell, (0.0, 0))
        prior = priors.get(group_of(cell), NO_PRIOR)
        degrees = free + prior.degrees
        if degrees >= 1:
            shared = (of_cell * free + prior.variance * prior.degrees) / degrees
            logs = log_speedups[cell]
            between_by_cell[cell] = Between(shared, degrees, statistics.fmean(logs) if logs else 0.0, len(logs), memory)
    return between_by_cell


def memory_of(log_speedups: Mapping[K, Sequence[float]]) -> float | None:
    """Correlation of a session's log speed-up with the next session's, of all cells together; None: too few sessions.

    Around a mean of n sessions independent ones seem to have a correlation of -1 / n, which is taken off (Marriott and
    Pope, "Bias in the estimation of autocorrelations", Biometrika 41(3/4), 1954).
    """
    cells = [logs for logs in log_speedups.values() if len(logs) >= SESSIONS_LEAST]
    products = squares = 0.0
    for logs in cells:
        mean = statistics.fmean(logs)
        products += math.fsum((earlier - mean) * (later - mean) for earlier, later in itertools.pairwise(logs))
        squares += math.fsum((log - mean) ** 2 for log in logs)
    if squares <= 0:
        return None
    return min(MEMORY_MOST, max(0.0, products / squares + 1 / statistics.fmean(map(len, cells))))


def about_the_machine(ratio: Ratio, between: Between, confidence: float) -> Ratio:
    """The machine's speed-up: the geometric mean of a session's and of all earlier ones, with its interval.

    With few earlier sessions it is the session's own one. `confidence` has to be that of the session's own interval.
    The half-width is at least the session's own over the root of what the sessions are worth: where earlier sessions
    agreed by chance, they do not hide what its passes scatter by. A single pass, which has no interval, gets one.
    """
    if math.isnan(ratio.ratio):
        return ratio
    middle, share, variance = math.log(ratio.ratio), 1.0, between.variance
    if between.memory is not None and between.sessions >= SESSIONS_LEAST:
        sessions = between.sessions + 1
        alike = min(sessions, (1 + between.memory) / (1 - between.memory))
        middle = (between.sessions * between.mean + middle) / sessions
        share = alike / sessions
        variance *= min(CORRECTION_MOST, 1 / (1 - (alike - 1) / sessions))
    half = t_quantile_between(confidence, between.degrees) * math.sqrt(variance)
    if ratio.low is not None and ratio.high is not None:
        half = max(half, math.log(ratio.high / ratio.low) / 2)
    half = min(HALF_WIDTH_MOST, half * math.sqrt(share))
    return Ratio(ratio=math.exp(middle), low=math.exp(middle - half), high=math.exp(middle + half), pairs=ratio.pairs)
