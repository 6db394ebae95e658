"""What traces cost is taken out of timelines, and nothing else."""

from __future__ import annotations

import pytest

from parabench.analyse.without_trace_cost import cost_of_one, without_cost
from parabench.records import Trace, TraceCost

COST = TraceCost(seconds=0.1, seconds_error=0.01, seconds_shared=0.05, seconds_shared_error=0.02)


def trace(start: float, end: float, worker: str = "1", cpu: float | None = 0.0) -> Trace:
    return Trace(start, end, cpu, worker, "here")


def starts(traces: list[Trace]) -> list[float]:
    return [one.seconds_started for one in traces]


def test_each_task_is_moved_by_what_those_before_it_in_its_worker_cost() -> None:
    moved = without_cost([trace(0, 1), trace(2, 3, "2"), trace(1.1, 2.1), trace(2.2, 3.2)], COST)
    assert starts(moved) == pytest.approx([0, 2, 1, 2])
    assert [one.seconds_ended - one.seconds_started for one in moved] == pytest.approx([1] * 4)


def test_no_task_is_moved_into_the_one_before_it() -> None:
    assert starts(without_cost([trace(0, 1), trace(1.04, 2), trace(2, 3)], COST)) == pytest.approx([0, 1, 1.96])


def test_tasks_that_take_turns_may_overlap() -> None:
    moved = without_cost([trace(0, 9, cpu=None), trace(1, 9, cpu=None), trace(1.02, 9, cpu=None)], COST)
    assert starts(moved) == pytest.approx([0, 0.95, 0.95])


def test_without_a_cost_nothing_moves() -> None:
    traces = [trace(0, 1), trace(5, 6)]
    assert without_cost(traces, None) == traces
    assert cost_of_one(traces, None) == (None, None)
    assert cost_of_one(traces, COST) == (0.1, 0.01)
    assert cost_of_one([trace(0, 1, cpu=None)], COST) == (0.05, 0.02)
