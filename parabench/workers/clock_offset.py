"""Clocks of other hosts: how far each is ahead of this one, how wrong that may be, and traces moved by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from parabench.records import Outcome

#: Readings of a clock, of which the quickest counts.
READINGS = 7


def offset_of(read: Callable[[], float | None]) -> tuple[float, float] | None:
    """Seconds that another monotonic clock is ahead of ours, and how wrong that may be; None without an answer.

    Cristian's method (Probabilistic clock synchronization, Distributed Computing 3, 1989): the reading was taken
    between question and answer, so taking the middle errs by half of the round trip at most.
    """
    best: tuple[float, float] | None = None
    for _ in range(READINGS):
        asked = time.monotonic()
        reading = read()
        answered = time.monotonic()
        if reading is None:
            break
        error = (answered - asked) / 2
        if best is None or error < best[1]:
            best = (reading - (asked + answered) / 2, error)
    return best


def align(outcomes: Sequence[Outcome], clocks: Mapping[str, tuple[float, float] | None]) -> list[Outcome]:
    """The outcomes with the times of their traces on this host's clock, where their host's offset is known."""
    return [_aligned(outcome, clocks) for outcome in outcomes]


def _aligned(outcome: Outcome, clocks: Mapping[str, tuple[float, float] | None]) -> Outcome:
    trace = outcome.trace
    clock = clocks.get(trace.host) if trace is not None else None
    if trace is None or clock is None:
        return outcome
    offset, error = clock
    if abs(offset) <= error:  # the same clock: nothing to add to it
        offset = error = 0.0
    return outcome._replace(
        trace=trace._replace(
            seconds_started=trace.seconds_started - offset,
            seconds_ended=trace.seconds_ended - offset,
            seconds_clock_error=error,
        )
    )
