"""Traces without what taking them has cost."""

from __future__ import annotations

from collections.abc import Sequence

from parabench.records import Trace, TraceCost


def without_cost(traces: Sequence[Trace], cost: TraceCost | None) -> list[Trace]:
    """The traces as they would have been without any: each is moved forward by what those before it in its worker cost.

    The clock of a span is read inside of everything else that a trace takes, so spans keep their length. No task is
    moved before the end of the one before it (in a worker that has tasks take turns: before its start), because a trace
    cannot have taken more than the time between the two.
    """
    if cost is None:
        return list(traces)
    moved = list(traces)
    last: dict[tuple[str, str], tuple[float, float]] = {}
    for place in sorted(range(len(traces)), key=lambda place: traces[place].seconds_started):
        trace = traces[place]
        shared = trace.seconds_cpu is None
        worker = trace.host, trace.worker
        free_since, moved_by = last.get(worker, (trace.seconds_started, 0.0))
        between = max(0.0, trace.seconds_started - free_since)
        moved_by += min(cost.seconds_shared if shared else cost.seconds, between)
        last[worker] = trace.seconds_started if shared else trace.seconds_ended, moved_by
        moved[place] = trace._replace(
            seconds_started=trace.seconds_started - moved_by, seconds_ended=trace.seconds_ended - moved_by
        )
    return moved


def cost_of_one(traces: Sequence[Trace], cost: TraceCost | None) -> tuple[float | None, float | None]:
    """What one of these traces has cost, in seconds, and how wrong that may be; None without any, or unknown."""
    if cost is None or not traces:
        return None, None
    if any(trace.seconds_cpu is None for trace in traces):
        return cost.seconds_shared, cost.seconds_shared_error
    return cost.seconds, cost.seconds_error
