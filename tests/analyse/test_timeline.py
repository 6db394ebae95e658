"""Where the time of tasks went, on rounds whose truth is known."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st
from visits import visit

from parabench.analyse.timeline import (
    NO_CPU_TIME,
    NO_RUNQUEUE,
    NO_SEQUENTIAL,
    NO_TASKS,
    OTHER_HOST,
    SEVERAL_HOSTS,
    Timeline,
    make_timeline,
    timeline_of,
)
from parabench.analyse.timeline_json import timeline_from_json, timeline_info, timeline_to_json
from parabench.records import Cell, CellRecord, Instrumented, Trace


def task(
    start: float,
    end: float,
    cpu: float | None = 0.0,
    *,
    worker: str = "1:1",
    host: str = "here",
    runqueue: float | None = 0.0,
) -> Trace:
    return Trace(start, end, cpu, worker, host, runqueue)


#: Two tasks one after another, each 2 s on the CPU and 3 s in I/O.
ALONE = [task(100, 105, 2), task(105, 110, 2)]


def test_two_threads_share_one_gil() -> None:
    """Both tasks wait for I/O at once, and one computes while the other waits for the GIL."""
    timeline = make_timeline([task(10, 17, 2), task(10, 17, 2, worker="1:2")], 9.5, ALONE)
    assert timeline.seconds_queueing == (0.5, 0.5)
    assert (timeline.concurrency_most, timeline.concurrency_mean) == (2, 2.0)
    waiting = timeline.waiting
    assert (waiting.seconds, waiting.seconds_io, waiting.seconds_core, waiting.seconds_lock) == (10, 6, 0, 4)
    assert waiting.seconds_contention == 4
    assert waiting.reason is None


def test_two_processes_share_one_core() -> None:
    traces = [task(10, 17, 2, runqueue=2), task(10, 17, 2, worker="2:1", runqueue=2)]
    waiting = make_timeline(traces, 10, ALONE).waiting
    assert (waiting.seconds_io, waiting.seconds_core, waiting.seconds_lock) == (6, 4, 0)


def test_input_and_output_is_what_a_task_also_waits_alone() -> None:
    waiting = make_timeline([task(0, 4, 1), task(4, 8, 1)], 0, ALONE).waiting
    assert (waiting.seconds, waiting.seconds_io, waiting.seconds_lock) == (6, 6, 0)


def test_a_run_queue_delay_of_the_sequential_round_is_not_input_and_output() -> None:
    alone = [task(0, 10, 2, runqueue=8)]
    waiting = make_timeline([task(0, 10, 2)], 0, alone).waiting
    assert (waiting.seconds_io, waiting.seconds_lock) == (0, 8)


def test_tasks_of_an_event_loop_have_no_cpu_time_of_their_own() -> None:
    timeline = make_timeline([task(0, 5, None), task(0, 5, None)], 0, ALONE)
    assert timeline.concurrency_most == 2
    assert timeline.waiting.seconds is None
    assert timeline.waiting.reason == NO_CPU_TIME
    assert timeline.share_on_cpu is None


def test_what_is_missing_is_said() -> None:
    assert make_timeline([], 0).waiting.reason == NO_TASKS
    assert make_timeline([task(0, 1)], 0).waiting.reason == NO_SEQUENTIAL
    assert make_timeline([task(0, 1)], 0, ALONE).waiting.reason == NO_SEQUENTIAL, "another number of tasks"
    unknown = make_timeline([task(0, 5, 2, runqueue=None)], 0, ALONE[:1]).waiting
    assert (unknown.reason, unknown.seconds_contention, unknown.seconds_lock) == (NO_RUNQUEUE, 0, None)


def test_a_worker_that_did_most_of_the_work_shows() -> None:
    traces = [task(i, i + 1, worker="1:1" if i < 6 else f"1:{i}") for i in range(8)]
    timeline = make_timeline(traces, 0)
    assert timeline.tasks_per_worker == (6, 1, 1)
    assert timeline.imbalance == pytest.approx(6 / (8 / 3))
    assert timeline.concurrency_most == 1, "a task that begins as another ends does not overlap it"


def test_equal_numbers_of_unequal_tasks_are_not_equal_work() -> None:
    traces = [task(0, 9), task(9, 10), task(0, 1, worker="1:2"), task(1, 2, worker="1:2")]
    timeline = make_timeline(traces, 0)
    assert (timeline.tasks_per_worker, timeline.imbalance) == ((2, 2), 1)
    assert timeline.seconds_per_worker == (10, 2)
    assert timeline.imbalance_seconds == pytest.approx(10 / 6)
    info = timeline_info(timeline)
    assert (info["tasks_per_worker"], info["seconds_per_worker"]) == ([2, 2], [10, 2])
    assert info["worker_imbalance_seconds"] == pytest.approx(10 / 6)
    assert make_timeline([task(1, 1)], 0).imbalance_seconds is None


def test_clocks_of_other_hosts_are_not_compared() -> None:
    away = make_timeline([task(1e6, 1e6 + 1, host="there"), task(1e6 + 1, 1e6 + 2, host="there")], 5, host="here")
    assert (away.reason_no_queueing, away.reason_no_overlap) == (OTHER_HOST, None)
    assert away.seconds_queueing is None
    assert [t.seconds_started for t in away.tasks] == [0, 1]
    both = make_timeline([task(5, 6), task(1e6, 1e6 + 1, host="there")], 5, host="here")
    assert both.reason_no_overlap == SEVERAL_HOSTS
    assert both.concurrency_most is None
    assert [t.host for t in both.tasks] == [0, 1]


def record(model: str, traces: list[Trace], seconds_started: float | None = 0.0) -> CellRecord:
    instrumented = Instrumented(
        bytes_peak=None,
        bytes_before=None,
        samples=0,
        reason=None,
        traces=tuple(traces),
        seconds_started=seconds_started,
        host="here",
    )
    cell = Cell(workload="work", model=model, kind="cpu", workers=2, size="small")
    return CellRecord(cell, visits=[visit(0, 1.0)], instrumented=instrumented)


def test_a_cell_is_compared_with_the_sequential_round_of_its_session() -> None:
    threads, alone = record("thread-pool", [task(0, 7, 2), task(0, 7, 2)]), record("sequential", ALONE)
    other = dataclasses.replace(alone, cell=dataclasses.replace(alone.cell, workload="other"))
    assert timeline_of(threads, [threads, other, alone]).waiting.seconds_lock == 4
    assert timeline_of(threads, [threads, other]).waiting.reason == NO_SEQUENTIAL
    alone.failure = "wrong values"
    assert timeline_of(threads, [alone]).waiting.reason == NO_SEQUENTIAL


def test_without_an_instrumented_round_there_is_nothing_and_it_says_so() -> None:
    empty = timeline_of(record("thread-pool", [task(0, 1)], seconds_started=None), [])
    info = timeline_info(empty)
    assert info["timeline"] is None
    assert info["waiting_reason"] == info["timeline_reason"] == NO_TASKS
    assert {value for key, value in info.items() if not key.endswith("_reason")} == {None}


SECONDS = st.floats(0, 1000)
TASKS = st.lists(
    st.builds(
        lambda start, service, cpu, runqueue, worker: Trace(
            start, start + service, None if cpu is None else cpu * service, f"1:{worker}", "here", runqueue
        ),
        SECONDS,
        SECONDS,
        st.none() | st.floats(0, 1),
        st.none() | SECONDS,
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=20,
)


@given(TASKS, TASKS)
def test_the_parts_of_the_waiting_add_up_and_none_is_negative(traces: list[Trace], alone: list[Trace]) -> None:
    alone = (alone * len(traces))[: len(traces)]
    timeline = make_timeline(traces, 0, alone)
    for span in timeline.tasks:
        parts = (span.seconds_waiting, span.seconds_core, span.seconds_io)
        assert all(part is None or part >= 0 for part in parts)
    waiting = timeline.waiting
    if waiting.reason is None:
        assert waiting.seconds == pytest.approx(
            (waiting.seconds_io or 0) + (waiting.seconds_core or 0) + (waiting.seconds_lock or 0), abs=1e-6
        )
    assert 1 <= (timeline.concurrency_most or 1) <= len(traces)
    assert sum(timeline.tasks_per_worker) == len(traces)


@given(TASKS)
def test_a_timeline_survives_being_stored(traces: list[Trace]) -> None:
    timeline = make_timeline(traces, 0, traces)
    read = timeline_from_json(timeline_to_json(timeline))
    for before, after in zip(timeline.tasks, read.tasks, strict=True):
        for field in dataclasses.fields(before):
            assert getattr(after, field.name) == pytest.approx(getattr(before, field.name), abs=1e-6)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("worker", None, "column 'seconds_started' of a timeline is not a list of 0"),
        ("worker", [0, -1], "column 'worker' of a timeline holds -1, expected a number from 0"),
        ("seconds_started", [0.5], "column 'seconds_started' of a timeline is not a list of 2 entries"),
        ("seconds_ended", [1, "x"], "column 'seconds_ended' of a timeline holds 'x', expected seconds"),
        ("seconds_cpu", [float("nan"), 0], "column 'seconds_cpu' of a timeline holds nan"),
        ("host", [0, True], "column 'host' of a timeline holds True"),
    ],
)
def test_a_damaged_column_is_named(column: str, value: object, message: str) -> None:
    columns = timeline_to_json(make_timeline(ALONE, 0)) | {column: value}
    with pytest.raises(ValueError, match=message.replace("(", "[(]")):
        timeline_from_json(columns)


def test_no_tasks_are_stored_and_read_as_no_tasks() -> None:
    assert timeline_from_json(timeline_to_json(Timeline(()))) == Timeline(())


def test_tasks_on_other_hosts_count_once_their_clock_is_known() -> None:
    here = task(100, 105, 2)
    moved = task(101, 106, 2, host="there")._replace(seconds_clock_error=0.002)
    timeline = make_timeline([here, moved], 100, host="here")
    assert timeline.seconds_queueing == (0.0, 1.0)
    assert (timeline.concurrency_most, timeline.reason_no_overlap, timeline.reason_no_queueing) == (2, None, None)
    unknown = task(9101, 9106, 2, host="elsewhere")
    timeline = make_timeline([here, moved, unknown], 100, host="here")
    assert timeline.reason_no_overlap == SEVERAL_HOSTS
    assert timeline.reason_no_queueing == OTHER_HOST
    assert [span.seconds_started for span in timeline.tasks] == [0.0, 1.0, 0.0]
    assert timeline_from_json(timeline_to_json(timeline)) == timeline
