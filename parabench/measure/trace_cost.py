"""What a trace adds to a task, measured in a cell's process on a task that does nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from parabench.records import Outcome, TraceCost
from parabench.task import TaskCall, reference_to
from parabench.task.tracing import nothing, tracer

#: Traced and plain calls take turns in blocks, so that what the machine does meanwhile meets both; 30 ms in all.
BLOCKS, CALLS_PER_BLOCK = 41, 100


def measure_trace_cost() -> TraceCost:
    """Medians over the blocks, and half of their interquartile ranges."""
    plain = TaskCall(task=reference_to(nothing)).bound()
    traced = TaskCall(task=reference_to(nothing), traced=True).bound()
    own = tracer()
    outcome = Outcome(None)

    def shared(item: Any) -> Outcome:
        return own.shared(outcome, time.monotonic())

    calls: tuple[Callable[[Any], Outcome], ...] = (plain, traced, shared)
    for call in calls:
        call(None)  # what is made once
    blocks = [[_seconds_per_call(call) for call in calls] for _ in range(BLOCKS)]
    seconds, error = _middle([with_trace - without for without, with_trace, _ in blocks])
    seconds_shared, error_shared = _middle([alone for *_, alone in blocks])
    return TraceCost(
        seconds=seconds, seconds_error=error, seconds_shared=seconds_shared, seconds_shared_error=error_shared
    )


def _seconds_per_call(call: Callable[[Any], Outcome]) -> float:
    began = time.perf_counter()
    for _ in range(CALLS_PER_BLOCK):
        call(None)
    return (time.perf_counter() - began) / CALLS_PER_BLOCK


def _middle(values: Sequence[float]) -> tuple[float, float]:
    import statistics  # not at the top: forked workers would be born with it

    low, middle, high = statistics.quantiles(values, n=4)
    return max(0.0, middle), (high - low) / 2
