"""Laws of ideal times that measurements contradict: nothing can be faster than possible."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parabench.analyse.ranking import BASELINE
from parabench.errors import LawBroken
from parabench.records import CellRecord
from parabench.workload import Limit

#: A single pass proves nothing against a law.
PASSES_LEAST = 2
#: Nor does a time that is below the least possible by less than this share: the law rests on measured times, too.
NOISE = 0.05


def broken_laws(records: Iterable[CellRecord], limits: Mapping[str, Limit]) -> dict[str, LawBroken]:
    """The error of each cell that was faster than its law allows in every pass, by cell id.

    A law may rest on the sequential time of the session, so it is scaled to the fastest pass of the baseline: that some
    passes were disturbed proves nothing either.
    """
    records = [record for record in records if record.valid and len(record.seconds_by_pass) >= PASSES_LEAST]
    baselines = {record.cell.workload: record for record in records if record.cell.model == BASELINE}
    broken = {}
    for record in records:
        limit = limits.get(record.cell.id)
        if limit is None or limit.seconds is None:
            continue
        least = limit.seconds * _fastest_share(baselines.get(record.cell.workload))
        slowest = max(record.seconds_by_pass.values())
        if record.cell.model != BASELINE and slowest < least * (1 - NOISE):
            broken[record.cell.id] = LawBroken(record.cell.id, slowest, least, limit.reason)
    return broken


def _fastest_share(baseline: CellRecord | None) -> float:
    """The baseline's fastest pass / its median."""
    if baseline is None or not baseline.seconds:
        return 1.0
    return min(baseline.seconds_by_pass.values()) / baseline.seconds
