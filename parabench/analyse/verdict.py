"""Did it change? One verdict per cell from the replicates of two sides.

A replicate is a session's one number for a cell. Rounds and passes inside a session share everything that makes
sessions differ (memory layout, hash seed, the machine's hour), so they do not tell whether another session would agree.
Sides that were measured in turns are judged by dealing out their sessions (`parabench.analyse.in_turns`), sides that
were measured one after the other by how much batches of unchanged code differed (`parabench.analyse.by_batches`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from parabench.analyse import by_batches, in_turns
from parabench.analyse.estimate import Estimate, Replicates, Sides
from parabench.analyse.looks import ALPHA
from parabench.analyse.order import ALTERNATING, order_of
from parabench.analyse.promise import DEGREES_LEAST, PROBABILITY, SESSIONS_MOST, Known, Promise, sessions_promised

#: Changes below this are of no practical interest, unless the user says otherwise.
THRESHOLD = 0.05

FASTER, SLOWER, SAME, UNSURE, NOT_COMPARABLE = "faster", "slower", "same", "unsure", "not comparable"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSamples:
    """The replicates of one cell: seconds per round, one for each session of `Sides`; NaN: the session has none."""

    cell: str
    base: Sequence[float]
    new: Sequence[float]
    history: Sequence[float] = ()
    #: Why the sides must not be compared; None: they may.
    not_comparable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CellVerdict:
    """What is known about one cell. `ratio` is new / base: above 1 the new side is slower."""

    cell: str
    verdict: str
    #: With the ends of its interval, which holds for all cells together and however often one looks; None where the
    #: replicates do not give it.
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    #: Adjusted for the number of cells and of looks: at most 5 % where the interval does not hold 1.
    p: float | None = None
    #: What p and the interval come from: "max-t, exact", "max-t, sampled", or "batches" of the history.
    method: str | None = None
    #: "alternating" or "one after the other".
    order: str | None = None
    #: Standard deviation of the logarithm of a replicate: 0.03 is 3 % from session to session.
    spread: float | None = None
    sessions_base: int = 0
    sessions_new: int = 0
    #: Sessions a side of the promise; None: decided, or nothing can be promised.
    sessions_needed: int | None = None
    promise: Promise | None = None
    reason: str | None = None


def compare_cells(
    cells: Sequence[CellSamples], sides: Sides, *, threshold: float = THRESHOLD, alpha: float = ALPHA
) -> list[CellVerdict]:
    """A verdict for each cell, in their order.

    Slower or faster: the interval, which is of the same test, does not hold 1, and the ratio is beyond 1 + `threshold`
    or its inverse. Same: the whole interval is within. Else unsure. Both sides are session by session those of `sides`.
    """
    verdicts: dict[int, CellVerdict] = {}
    asked: dict[str, dict[int, Replicates]] = {}
    orders: dict[bytes, str] = {}  # by which sessions have no number for a cell: mostly the same ones, or none
    for place, cell in enumerate(cells):
        refusal = _refusal(cell)
        if refusal is not None:
            verdicts[place] = CellVerdict(cell=cell.cell, verdict=NOT_COMPARABLE, reason=refusal)
        else:
            replicates = Replicates.of_seconds(cell.base, cell.new, cell.history)
            missing = bytes(map(math.isnan, (*replicates.base, *replicates.new)))
            if missing not in orders:
                orders[missing] = order_of(*replicates.moments(sides))
            asked.setdefault(orders[missing], {})[place] = replicates
    number = sum(map(len, asked.values()))
    for order, replicates_by_place in asked.items():
        method = in_turns if order == ALTERNATING else by_batches
        share = alpha * len(replicates_by_place) / number
        estimates = method.estimates(list(replicates_by_place.values()), sides, share)
        for (place, replicates), estimate in zip(replicates_by_place.items(), estimates, strict=True):
            verdicts[place] = _decide(cells[place].cell, replicates, order, estimate, threshold, number)
    return [
        replace(verdicts[place], sessions_base=_known(cell.base), sessions_new=_known(cell.new))
        for place, cell in enumerate(cells)
    ]


def _known(values: Sequence[float]) -> int:
    return len(values) - sum(map(math.isnan, values))


def _refusal(cell: CellSamples) -> str | None:
    if cell.not_comparable is not None:
        return cell.not_comparable
    for side, values in (("base", cell.base), ("new", cell.new)):
        if values and all(map(math.isfinite, values)) and min(values) > 0:
            continue
        known = [value for value in values if not math.isnan(value)]
        if not known:
            return f"the {side} side has no number for it"
        if not (min(known) > 0 and max(known) < math.inf):
            return f"the {side} side has a time that is not above 0"
    return None


def _decide(
    cell: str, replicates: Replicates, order: str, estimate: Estimate, threshold: float, cells: int
) -> CellVerdict:
    within, size = math.log1p(threshold), abs(estimate.difference)
    low, high = estimate.low, estimate.high
    verdict, reason, promise = UNSURE, estimate.reason, None
    if low is not None and high is not None:
        if (low > 0 or high < 0) and size > within:
            verdict = SLOWER if estimate.difference > 0 else FASTER
            reason = _exaggeration(estimate, within)
        elif -within < low and high < within:
            verdict = SAME
    if verdict == UNSURE:
        promise = _promise(replicates, order, estimate, threshold, cells)
        if promise is None and reason is None:
            reason = _no_promise(estimate)
    return CellVerdict(
        cell=cell,
        verdict=verdict,
        ratio=_factor(estimate.difference),
        low=None if low is None else _factor(low),
        high=None if high is None else _factor(high),
        p=estimate.p,
        method=estimate.method,
        order=order,
        spread=estimate.spread,
        sessions_needed=promise.sessions if promise else None,
        promise=promise,
        reason=reason,
    )


def _no_promise(estimate: Estimate) -> str:
    if estimate.is_heavy_tailed:
        return "single sessions are far off: how many would decide is unknown"
    if estimate.degrees < DEGREES_LEAST:
        return "how much sessions differ is not known: nor is how many would decide"
    return f"more than {SESSIONS_MOST} sessions a side are needed at this spread"


def _factor(difference: float) -> float:
    return math.exp(max(-700.0, min(700.0, difference)))


def _exaggeration(estimate: Estimate, within: float) -> str | None:
    """What to say of a change that was found although most changes of its size would not have been.

    Such estimates are too large on average (Gelman and Carlin, Perspectives on Psychological Science 9(6), 2014).
    """
    edge = (estimate.low if estimate.difference > 0 else estimate.high) or 0.0
    reach = max(abs(estimate.difference - edge), within)
    if math.isnan(estimate.error) or abs(estimate.difference) >= reach + 1.2816 * estimate.error:
        return None
    return "found with little power: the true change is probably smaller"


def _promise(replicates: Replicates, order: str, estimate: Estimate, threshold: float, cells: int) -> Promise | None:
    """What more sessions in turns would bring: that it is the same, or changed by twice the threshold."""
    if estimate.spread is None or estimate.is_heavy_tailed:
        return None
    base, new = map(len, replicates.counted())
    known = Known(
        sessions=2 / (1 / base + 1 / new) if order == ALTERNATING else 0.0,
        difference=estimate.difference,
        spread=estimate.spread,
        degrees=estimate.degrees,
        cells=cells,
    )
    changed = abs(estimate.difference) > math.log1p(threshold)
    truth = math.copysign(2 * math.log1p(threshold), estimate.difference) if changed else 0.0
    least = max(base, new) + 1 if order == ALTERNATING else 2
    sessions = sessions_promised(known, truth, least=least, threshold=threshold)
    if sessions is None:
        return None
    verdict = (SLOWER if estimate.difference > 0 else FASTER) if changed else SAME
    return Promise(sessions=sessions, verdict=verdict, if_ratio=math.exp(truth), probability=PROBABILITY)
