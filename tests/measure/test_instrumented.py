"""Rounds that are there to look at: they must not disturb what they look at."""

from __future__ import annotations

import dataclasses
from typing import Any

import deeds
import pytest

from parabench.measure.cell import CellProcess, Untimed
from parabench.measure.instrumented import MemoryWatch, _tasks_watched, instrumented_rounds, median_round
from parabench.measure.trace_cost import measure_trace_cost
from parabench.records import TraceCost, TracedRound


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


class StandIn(CellProcess):
    """A cell whose rounds are given: what else had a part in each, by what the round is for."""

    def __init__(self, *disturbed: dict[str, int], traced: bool) -> None:
        self.before_batch = lambda tasks: None
        self.untimed = Untimed(0.0, {})
        self._disturbed = list(disturbed)
        self._traced = traced
        self.rounds = 0

    def ask(self, step: str, watcher: Any = None, **arguments: Any) -> dict[str, Any]:
        if step == "trace_cost":
            return dataclasses.asdict(
                TraceCost(seconds=0.0, seconds_error=0.0, seconds_shared=0.0, seconds_shared_error=0.0)
            )
        if step == "serialisation":
            return {"measured": None}
        self.rounds += 1
        given = self._disturbed and arguments["traced"] == self._traced
        told = {"disturbed": self._disturbed.pop(0) if given else {}, "seconds": float(self.rounds)}
        return {**told, "outcomes": [], "began": 0.0, "host": "here", "stalled": (None, None)}

    def pids(self) -> list[int]:
        return []

    def bytes_resident(self) -> int:
        return 10 * self.rounds


@pytest.mark.parametrize("traced", [False, True])
def test_an_untimed_round_in_which_something_else_had_a_part_is_repeated_once_and_told(*, traced: bool) -> None:
    process = StandIn({"workers lost": 1}, traced=traced)
    done = instrumented_rounds(process, 1, whole=True)
    (told,) = done.disturbed
    first = 4.0 if traced else 1.0  # three rounds are for memory
    assert (told.cause, told.count, told.during, told.seconds_set_aside) == (
        "workers lost",
        1,
        "untimed round",
        (first,),
    )
    assert done.instrumented.seconds == 5.0, "what is shown is the first traced round that was not set aside"
    assert done.instrumented.bytes_before == (0 if traced else 10), "memory is read anew, too"


def test_an_untimed_round_whose_repetition_is_no_better_is_used_and_marked() -> None:
    process = StandIn({"workers lost": 1}, {"workers missing": 2}, traced=True)
    done = instrumented_rounds(process, 1, whole=True)
    told = [(one.cause, one.count, one.seconds_set_aside) for one in done.disturbed]
    assert told == [("workers lost", 1, (4.0,)), ("workers missing", 2, ())]
    assert done.instrumented.seconds == 5.0


def test_a_visit_tells_what_had_a_part_in_its_untimed_rounds(visit, monkeypatch: pytest.MonkeyPatch) -> None:
    real, disturbed = CellProcess.traced_round, [{"workers lost": 1}]

    def traced_round(process: CellProcess, *arguments: Any) -> Any:
        done = real(process, *arguments)
        process.untimed = Untimed(9.0, disturbed.pop() if disturbed else {})
        return done

    monkeypatch.setattr(CellProcess, "traced_round", traced_round)
    stay = visit(deeds.workload(deeds.wait, [0.01]), "thread-pool", instrument=True)
    assert [(one.cause, one.during, one.seconds_set_aside) for one in stay.disturbed] == [
        ("workers lost", "untimed round", (9.0,))
    ]
