"""CPU time as a second witness: what it says of cells whose times do not decide.

Other programs make a cell wait and hardly make it compute, so on a busy machine CPU time differs less from session to
session than time does: a change of what is computed shows in it first. It is no substitute: who waits less for the same
work is faster at the same CPU time. So it is told beside the verdict of time, which it never changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from parabench.analyse.verdict import FASTER, SAME, SLOWER, UNSURE, CellVerdict
from parabench.compare.comparison import Comparison, compare_sessions
from parabench.history.summary import SessionSummary

#: Verdicts that decide.
DECIDED = (SLOWER, FASTER, SAME)


def with_cpu(
    comparison: Comparison,
    store: Iterable[SessionSummary] = (),
    *,
    across: Iterable[str] = (),
    even_if_decided: bool = False,
) -> Comparison:
    """A comparison of times with what CPU time says; only where times are unsure, unless `even_if_decided`.

    The same test at the same level on the same sessions, with an error probability of its own: one look at both spends
    twice 1 %, so that both together stay within 5 %. Whoever looks after every session spends 5 % on either.
    """
    if comparison.metric != "seconds":
        return comparison
    if not even_if_decided and all(verdict.verdict != UNSURE for verdict in comparison.verdicts):
        return comparison
    cpu = compare_sessions(
        comparison.base, comparison.new, store, across=across, threshold=comparison.threshold, metric="cpu"
    )
    witnessed = replace(comparison, cpu={verdict.cell: verdict for verdict in cpu.verdicts})
    decided = sum(decided_by_cpu(witnessed, verdict) is not None for verdict in comparison.verdicts)
    if not decided:
        return witnessed
    cells = "1 cell" if decided == 1 else f"{decided} cells"
    note = (
        f"CPU time decides {cells} whose times do not; it is a second witness, and no part of the counts and of the "
        "exit status (`parabench compare --metric cpu`)"
    )
    return replace(witnessed, notes=(*witnessed.notes, note))


def decided_by_cpu(comparison: Comparison, verdict: CellVerdict) -> CellVerdict | None:
    """The verdict of CPU time where it decides and time does not; None elsewhere."""
    other = comparison.cpu.get(verdict.cell)
    return other if verdict.verdict == UNSURE and other is not None and other.verdict in DECIDED else None
