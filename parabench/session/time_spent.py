"""Where a session's time goes: what it has used it for, and what a workload is going to cost."""

from __future__ import annotations

from collections.abc import Iterable

from parabench.analyse.race import PASSES_LEAST
from parabench.measure.experiment import Experiment
from parabench.records import CellRecord
from parabench.session.options import Options


def seconds_by_use(records: Iterable[CellRecord], total: float, experiment: Experiment | None) -> dict[str, float]:
    """All seconds of a session, and its parts: `other` is what no other part is."""
    visits = [visit for record in records for visit in record.visits]
    parts = {
        "timed": sum(sum(visit.seconds_per_round) for visit in visits),
        "opening": sum(visit.seconds_open for visit in visits),
        "warm_up": sum(sum(visit.seconds_warm_up) or visit.seconds_first_batch for visit in visits),
        "instrumented": experiment.seconds_instrumented if experiment else 0.0,
    }
    return {"total": total, **parts, "other": total - sum(parts.values())}


def first_batches(records: Iterable[CellRecord], options: Options) -> int:
    """How many batches of these cells the passes run that are made in any case, if none has more than one round."""
    cells = sum(record.cell.by_default and record.cell.unavailable is None for record in records)
    passes = PASSES_LEAST if options.passes is None else options.passes
    return cells * passes * (1 + (options.rounds or 1))
