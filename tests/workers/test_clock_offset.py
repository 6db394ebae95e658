"""Clocks of other hosts, with offsets that are known."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parabench.records import Outcome, Trace
from parabench.workers.clock_offset import align, offset_of


def clock(ahead: float, before: float = 0.0, after: float = 0.0) -> Callable[[], float]:
    """A clock that is read after so many seconds of way there, and before so many of way back."""

    def read() -> float:
        time.sleep(before)
        reading = time.monotonic() + ahead
        time.sleep(after)
        return reading

    return read


@given(st.floats(-1e6, 1e6), st.sampled_from([0.0, 0.002]), st.sampled_from([0.0, 0.002]))
@settings(max_examples=15, deadline=None)
def test_the_true_offset_is_within_the_error(ahead: float, before: float, after: float) -> None:
    found = offset_of(clock(ahead, before, after))
    assert found is not None
    offset, error = found
    assert abs(offset - ahead) <= error + 1e-9
    assert error >= (before + after) / 2 * 0.9


def test_a_clock_that_does_not_answer_has_no_offset() -> None:
    assert offset_of(lambda: None) is None


def trace(host: str) -> Trace:
    return Trace(1000.0, 1001.0, 0.5, "1:1", host)


def test_traces_are_moved_by_the_offset_of_their_host() -> None:
    outcomes = [
        Outcome(1, None, trace("far")),
        Outcome(2, None, trace("near")),
        Outcome(3, None, trace("unknown")),
        Outcome(4),
    ]
    far, near, unknown, untraced = align(outcomes, {"far": (900.0, 0.001), "near": (1e-5, 0.001), "mute": None})
    assert far.trace is not None
    assert (far.trace.seconds_started, far.trace.seconds_ended) == (100.0, 101.0)
    assert far.trace.seconds_clock_error == 0.001
    assert near.trace == trace("near")._replace(seconds_clock_error=0.0)  # the same clock, as far as can be told
    assert unknown.trace == trace("unknown")
    assert untraced == outcomes[3]


@pytest.mark.parametrize("offset", [-3.0, 3.0])
def test_durations_do_not_change(offset: float) -> None:
    (moved,) = align([Outcome(1, None, trace("far"))], {"far": (offset, 0.1)})
    assert moved.trace is not None
    assert moved.trace.seconds_ended - moved.trace.seconds_started == pytest.approx(1.0)
