"""Rounds that are there to look at: they must not disturb what they look at."""

from __future__ import annotations

import dataclasses

import deeds
import pytest

from parabench.measure.instrumented import MemoryWatch, _tasks_watched, median_round
from parabench.measure.trace_cost import measure_trace_cost
from parabench.records import TracedRound


class Clock:
    """A clock that readings of memory move."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("costs", [[0.001] * 50, [0.0005, 0.004] * 25, [0.1] * 50])
def test_reading_memory_takes_5_per_cent_of_the_time_at_most(costs: list[float]) -> None:
    clock, spent = Clock(), 0.0

    def read() -> int:
        nonlocal spent
        cost = costs.pop()
        clock.now += cost
        spent += cost
        return 1

    watch = MemoryWatch(read, clock, cpu_clock=lambda: spent)
    began, spent = clock.now, 0.0
    while costs:
        clock.now = watch.due
        watch.look()
        assert spent <= 0.05 * (watch.due - began) + 1e-9


def test_a_reader_that_waits_for_a_core_reads_as_often_as_any_other() -> None:
    clock = Clock()

    def read() -> int:
        clock.now += 0.05  # of which it had a core for 1 ms
        return 1

    watch = MemoryWatch(read, clock, cpu_clock=lambda: clock.now * 0.02)
    assert watch.due - clock.now == pytest.approx(19 * 0.001)


def test_the_peak_is_the_most_of_all_readings_and_unknown_without_any() -> None:
    found: list[int | None] = [5, 9, None, 7]
    watch = MemoryWatch(lambda: found.pop(0))
    for _ in range(3):
        watch.look()
    assert (watch.bytes_before, watch.bytes_peak, watch.readings) == (5, 9, 3)
    assert MemoryWatch(lambda: None).bytes_peak is None


def test_the_round_of_median_length_is_shown() -> None:
    rounds = [TracedRound(traces=(), seconds_started=0.0, seconds=seconds) for seconds in (3.0, 1.0, 2.0)]
    assert median_round(rounds).seconds == 2.0
    assert median_round(rounds[:2]).seconds == 1.0


def test_memory_and_traces_have_rounds_of_their_own_and_all_spans_are_kept(visit) -> None:
    stay = visit(deeds.workload(deeds.wait, [0.01, 0.02]), "process-pool-fork", instrument=True)
    found = stay.instrumented
    rounds = [found.traces, *(other.traces for other in found.other_rounds)]
    assert [len(traces) for traces in rounds] == [2, 2, 2]
    assert len({traces[0].seconds_started for traces in rounds}) == 3
    assert found.samples >= 1
    assert found.bytes_peak >= found.bytes_before > 0
    assert found.trace_cost.seconds > 0
    assert dataclasses.astuple(found.trace_cost) == pytest.approx([1e-5] * 4, abs=1e-3)


def test_the_cost_of_a_trace_has_an_error_beside_it() -> None:
    cost = measure_trace_cost()
    assert cost.seconds > 0
    assert cost.seconds_error >= 0
    assert cost.seconds_shared > 0


def test_threads_are_looked_at_in_a_round_of_their_own(visit) -> None:
    found = visit(deeds.workload(deeds.wait, [0.1] * 4), "thread-pool", instrument=True).instrumented
    assert found.wait_sites_reason is None
    assert found.wait_sites["sleep"] > 0.5 * sum(found.wait_sites.values())


def test_of_a_long_batch_some_tasks_are_watched() -> None:
    assert _tasks_watched(100, 2, 0.1) is None
    assert _tasks_watched(100, 2, 1.0) == 10
    assert _tasks_watched(100, 2, 10.0) == 8
    assert _tasks_watched(6, 2, 10.0) is None
