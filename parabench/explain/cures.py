"""What a cure would give: a bound from the split, and beside it what other models of the same work were measured at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from parabench.explain import facts as causes
from parabench.explain.cause_rules import parts_of_dispatch, parts_of_serialisation
from parabench.explain.evidence import Evidence
from parabench.explain.facts import Facts

_PARALLEL = ("processes", "interpreters")
#: Families of models that cure a cause; none: another model does not.
CURES = {
    causes.COMPUTING: _PARALLEL,
    causes.GIL: _PARALLEL,
    causes.LOOP: _PARALLEL,
    causes.WAITING: ("threads", "asyncio", "greenlets"),
    causes.START_UP: ("threads", "processes", "interpreters"),
    causes.DISPATCH: ("baseline",),
    causes.SERIALISATION: ("baseline", "threads"),
}
#: A prediction holds where the measured speed-up is within this factor of it.
HOLDS_WITHIN = 1.5
#: Where less than this share of the batch would be left, no number is told: parts are not known so well.
LEFT_LEAST = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """How much faster a cell would be without its main cause; at most, because a cure has costs of its own."""

    #: None: next to nothing of its batch would be left, and no bound is known.
    speedup: float | None
    #: Families of models that would do it; empty: none would.
    by: tuple[str, ...]
    #: Seconds of this cell / seconds of the best measured cell of those families; None: none was measured.
    measured: float | None
    #: Whether that is within HOLDS_WITHIN of the prediction; None where nothing was measured, or there is no bound.
    holds: bool | None


def predict(cause: str, facts: Facts, others: Sequence[Evidence]) -> Prediction | None:
    """The prediction for a cell's main cause; `others` are the cells of the same work. None where nothing is known."""
    evidence = facts.evidence
    speedup = _speedup(cause, facts)
    if speedup is None:
        return None
    by = CURES.get(cause, ())
    cells = [other.seconds for other in others if other.family in by and other.cell != evidence.cell]
    measured = evidence.seconds / min(cells) if cells else None
    if math.isinf(speedup):
        return Prediction(speedup=None, by=by, measured=measured, holds=None)
    holds = None if measured is None else 1 / HOLDS_WITHIN <= measured / speedup <= HOLDS_WITHIN
    return Prediction(speedup=speedup, by=by, measured=measured, holds=holds)


def _speedup(cause: str, facts: Facts) -> float | None:
    """At most; infinite where next to nothing would be left, None where nothing is known to help."""
    parts = _parts(cause, facts)
    if parts is not None:
        left = 1.0 - facts.share(*parts)
        return 1.0 / left if left >= LEFT_LEAST else math.inf
    without = _seconds_without(cause, facts)
    return None if without is None or without <= 0 else max(1.0, facts.seconds_undisturbed / without)


def _parts(cause: str, facts: Facts) -> tuple[str, ...] | None:
    """The parts of the split that would be gone with the cause: those that its rule counts. None: no parts are it."""
    return {
        causes.CORES: ("core",),
        causes.SERVER: ("lock",),
        causes.LOCK: ("lock",),
        causes.DISPATCH: parts_of_dispatch(facts),
        causes.SERIALISATION: parts_of_serialisation(facts),
        causes.START_UP: ("start_up",),
        causes.IMBALANCE: ("idle_tail",),
    }.get(cause)


def _seconds_without(cause: str, facts: Facts) -> float | None:
    """Seconds of the batch if the work were done another way; None where nothing is known to help."""
    evidence, split = facts.evidence, facts.split
    parts = split.seconds_per_batch
    cores = evidence.cores or 1
    if cause == causes.COMPUTING and split.lanes >= cores:
        return None
    if cause in (causes.COMPUTING, causes.GIL, causes.LOOP):
        computing = evidence.seconds_cpu_alone or parts.running * split.lanes
        spread = computing / max(1, min(cores, evidence.tasks))
        return max(spread, evidence.seconds_longest_alone or 0.0, parts.waiting if cause != causes.COMPUTING else 0.0)
    if cause == causes.WAITING:
        busy = evidence.figures.get("seconds_cpu", 0.0)
        return max(busy / (1 if evidence.gil else cores), evidence.seconds_longest_alone or 0.0)
    return None
