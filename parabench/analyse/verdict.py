"""Did it change? One verdict per cell from the replicates of two sides.

A replicate is a session's one number for a cell. Rounds and passes inside a session share everything that makes
sessions differ (memory layout, hash seed, the machine's hour), so they do not tell whether another session would agree.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parabench.analyse.permutation import holm, permutation_p, smallest_p, standard_error
from parabench.analyse.spread import variance
from parabench.analyse.student import t_probability, t_quantile, t_quantile_between

#: Changes below this are of no practical interest, unless the user says otherwise.
THRESHOLD = 0.05
#: Probability of calling any unchanged cell of a comparison changed.
ALPHA = 0.05
CONFIDENCE = 0.95
#: A history with fewer degrees of freedom does not tell how much sessions differ.
HISTORY_DEGREES_LEAST = 5
#: Fewer sessions on a side may all be late ones.
SESSIONS_FEW = 3
#: More sessions than this will not be run; the number needed is then unknown.
SESSIONS_MOST = 1000
#: How sure one wants to be of a decision when asking for the sessions it needs, and its normal quantiles, one-sided
#: and two-sided.
POWER, _POWER_ONE_SIDED, _POWER_TWO_SIDED = 0.90, 1.2816, 1.6449

FASTER, SLOWER, SAME, UNSURE, NOT_COMPARABLE = "faster", "slower", "same", "unsure", "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSamples:
    """The replicates of one cell: seconds per round, one number a session."""

    cell: str
    base: Sequence[float]
    new: Sequence[float]
    #: Replicates of other sessions of this cell that are known not to differ within a group (of one commit), to tell
    #: how much sessions differ when the sides have too few.
    history: Sequence[Sequence[float]] = ()
    #: Why the sides must not be compared; None: they may.
    not_comparable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVerdict:
    """What is known about one cell. `ratio` is new / base: above 1 the new side is slower."""

    cell: str
    verdict: str
    #: With the ends of its 95 % interval; None where the replicates do not give it.
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    #: Adjusted for the number of cells (Holm).
    p: float | None = None
    #: "permutation", "welch", or "student" (spread pooled over few sessions and the history): what p comes from.
    method: str | None = None
    #: Standard deviation of the logarithm of a replicate: 0.03 is 3 % from session to session.
    spread: float | None = None
    sessions_base: int = 0
    sessions_new: int = 0
    #: Sessions a side that would most probably decide; None: decided, or more than SESSIONS_MOST, or unknown.
    sessions_needed: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class _Estimate:
    """The difference of mean logarithms, how sure it is, and the probability of seeing it by chance."""

    difference: float
    error: float
    degrees: float
    spread: float
    p: float
    method: str
    #: Smaller differences may be one late session: they are not called, whatever p says.
    gap: float = 0.0

    @property
    def half_width(self) -> float:
        return t_quantile_between(CONFIDENCE, self.degrees) * self.error


def compare_cells(
    cells: Sequence[CellSamples], *, threshold: float = THRESHOLD, alpha: float = ALPHA
) -> list[CellVerdict]:
    """A verdict for each cell, in their order.

    Slower or faster: the permutation test rejects "nothing changed" at `alpha` after Holm's correction over all cells,
    and the ratio is beyond 1 + `threshold` or its inverse. Same: the whole interval is within. Else unsure.
    """
    refused = {place: _refusal(cell) for place, cell in enumerate(cells)}
    asked = [cell for place, cell in enumerate(cells) if refused[place] is None]
    estimates = [_estimate(cell, alpha / len(asked)) for cell in asked]
    adjusted = iter(holm([estimate.p for estimate in estimates if estimate is not None]))
    verdicts = []
    found = iter(estimates)
    for place, cell in enumerate(cells):
        refusal = refused[place]
        if refusal is not None:
            one = CellVerdict(cell=cell.cell, verdict=NOT_COMPARABLE, reason=refusal)
        elif (estimate := next(found)) is None:
            one = _unknown(cell, alpha, len(asked))
        else:
            one = _decide(cell.cell, estimate, next(adjusted), threshold, alpha, len(asked))
        verdicts.append(replace(one, sessions_base=len(cell.base), sessions_new=len(cell.new)))
    return verdicts


def sessions_needed(spread: float, cells: int, *, threshold: float = THRESHOLD, alpha: float = ALPHA) -> int | None:
    """Sessions a side after which a comparison of so many cells decides in 90 % of cases; None above SESSIONS_MOST.

    With that many, the exact test can reach alpha / cells; a cell that did not change is found to be the same; and one
    that changed by twice the threshold is called. `spread` is the standard deviation of a replicate's logarithm. What
    really changed by about the threshold stays unsure longer, whatever the number.
    """
    within, corrected = math.log1p(threshold), alpha / max(1, cells)

    def decides(sessions: int) -> bool:
        error, degrees = spread * math.sqrt(2 / sessions), 2 * sessions - 2
        return (
            smallest_p(sessions, sessions) <= corrected
            and (t_quantile(CONFIDENCE, degrees) + _POWER_TWO_SIDED) * error <= within
            and 2 * within - _POWER_ONE_SIDED * error >= max(within, t_quantile(1 - corrected, degrees) * error)
        )

    candidates = range(2, SESSIONS_MOST + 1)
    place = bisect.bisect_left(candidates, True, key=decides)
    return candidates[place] if place < len(candidates) else None


def detectable(spread: float, sessions: int, cells: int, *, alpha: float = ALPHA) -> float | None:
    """The smallest slow-down (0.1: 10 %) found in 90 % of cases with so many sessions a side; None: none can be."""
    corrected, degrees = alpha / max(1, cells), 2 * sessions - 2
    if degrees < 1 or smallest_p(sessions, sessions) > corrected:
        return None
    error = spread * math.sqrt(2 / sessions)
    return math.expm1((t_quantile(1 - corrected, degrees) + _POWER_ONE_SIDED) * error)


def _refusal(cell: CellSamples) -> str | None:
    if cell.not_comparable is not None:
        return cell.not_comparable
    for side, values in (("base", cell.base), ("new", cell.new)):
        if not values:
            return f"the {side} side has no number for it"
        if not all(math.isfinite(value) and value > 0 for value in values):
            return f"the {side} side has a time that is not above 0"
    return None


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values]


def _difference(cell: CellSamples) -> float:
    return statistics.fmean(_logs(cell.new)) - statistics.fmean(_logs(cell.base))


def _estimate(cell: CellSamples, corrected: float) -> _Estimate | None:
    """What the replicates say; None when nothing tells how much sessions differ.

    `corrected` is the level that the test has to reach. Where no permutation of so few sessions can reach it, the
    spread is pooled from the sides and the history, and the test is Student's.
    """
    base, new = _logs(cell.base), _logs(cell.new)
    if smallest_p(len(base), len(new)) <= corrected and min(len(base), len(new)) > 1:
        error, degrees = standard_error(base, new)
        spread = math.sqrt((variance(base) + variance(new)) / 2)
        method = "permutation" if smallest_p(len(base), len(new)) else "welch"
        return _Estimate(_difference(cell), error, degrees, spread, permutation_p(base, new), method)
    groups = [base, new, *(_logs(group) for group in cell.history)]
    pooled = sum(len(group) - 1 for group in groups if group)
    if pooled < HISTORY_DEGREES_LEAST:
        return None
    spread = math.sqrt(sum(variance(group) * (len(group) - 1) for group in groups if len(group) > 1) / pooled)
    error = spread * math.sqrt(1 / len(base) + 1 / len(new))
    difference = _difference(cell)
    p = 1 - t_probability(abs(difference) / error, pooled) if error else float(difference == 0)
    return _Estimate(difference, error, pooled, spread, p, "student", _gap(base, new, groups))


def _gap(base: Sequence[float], new: Sequence[float], groups: Sequence[Sequence[float]]) -> float:
    """How far apart so few sessions have to be: further than any two sessions of unchanged code have been, and apart.

    Student's t expects normal noise, and sessions are late now and then. One or two sessions a side, which may all be
    late ones, have to be twice as far apart.
    """
    if min(len(base), len(new)) > 1 and max(min(base), min(new)) <= min(max(base), max(new)):
        return math.inf
    deviations = [value - statistics.fmean(group) for group in groups if len(group) > 1 for value in group]
    widest = max(deviations) - min(deviations)
    return widest * (1 if min(len(base), len(new)) >= SESSIONS_FEW else 2)


def _unknown(cell: CellSamples, alpha: float, cells: int) -> CellVerdict:
    """The verdict where nothing tells how much sessions differ: the ratio is seen, and means nothing yet."""
    least = next(n for n in range(2, SESSIONS_MOST) if smallest_p(n, n) <= alpha / cells)
    return CellVerdict(
        cell=cell.cell,
        verdict=UNSURE,
        ratio=math.exp(_difference(cell)),
        sessions_needed=least,
        reason="too few sessions and too little history to tell how much sessions differ; at least so many are needed",
    )


def _decide(cell: str, found: _Estimate, p: float, threshold: float, alpha: float, cells: int) -> CellVerdict:
    low, high = found.difference - found.half_width, found.difference + found.half_width
    within = math.log1p(threshold)
    needed, reason = None, None
    if p <= alpha and abs(found.difference) > max(within, found.gap):
        verdict = SLOWER if found.difference > 0 else FASTER
    elif -within < low and high < within:
        verdict = SAME
    else:
        verdict = UNSURE
        needed = sessions_needed(found.spread, cells, threshold=threshold, alpha=alpha)
        reason = None if needed else f"more than {SESSIONS_MOST} sessions a side are needed at this spread"
        if p <= alpha and abs(found.difference) > within:
            reason = "so few sessions may just be late ones"
    return CellVerdict(
        cell=cell,
        verdict=verdict,
        ratio=math.exp(found.difference),
        low=math.exp(low),
        high=math.exp(high),
        p=p,
        method=found.method,
        spread=found.spread,
        sessions_needed=needed,
        reason=reason,
    )
