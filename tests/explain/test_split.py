from __future__ import annotations

import pytest

from parabench.explain.split import split_of
from tests.explain.cells import cell, computing_alone, span

SENT = {
    "serialiser": "pickle",
    "seconds_dump_items": 0.1,
    "seconds_load_items": 0.2,
    "seconds_dump_values": 0.2,
    "seconds_load_values": 0.2,
}


def parts_of(evidence):
    return {name: round(seconds, 9) for name, seconds in split_of(evidence).seconds_per_batch.items() if seconds}


def test_the_parts_of_lanes_add_up_to_the_batch():
    alone = computing_alone(tasks=3, seconds=1.0, waited=1.0)
    first, second = span(1, 4, 1.0, core=0.5, alone=1.0), span(5, 7, 1.0, alone=1.0)
    other = span(1, 4, 1.0, alone=1.0, worker=1)
    evidence = cell("thread-pool", [first, second, other], seconds=8.5, alone=alone, seconds_traced=8.0)
    assert parts_of(evidence) == {
        "queueing": 1.0,
        "dispatch": 1.5,  # half of the second between two tasks, and the second after the last one
        "running": 1.5,
        "waiting": 1.5,
        "core": 0.25,
        "lock": 0.75,
        "idle_tail": 1.5,
        "unexplained": 0.5,
    }
    split = split_of(evidence)
    assert (split.lanes, split.source, split.closes) == (2, "spans", True)
    assert sum(seconds for _, seconds in split.seconds_per_batch.items()) == pytest.approx(8.5)
    assert dict(split.seconds_per_task.items())["running"] == pytest.approx(1.0)


def test_what_does_not_add_up_is_told():
    evidence = cell("thread-pool", [span(0, 1, 1.0)], seconds=2.0, seconds_traced=1.0)
    assert not split_of(evidence).closes
    assert split_of(evidence).seconds_per_batch.unexplained == 1.0


def test_what_traces_cost_is_no_part_of_the_batch():
    evidence = cell("thread-pool", [span(0, 1, 1.0)], seconds=1.0, seconds_traced=1.25, seconds_trace=0.25)
    assert parts_of(evidence) == {"running": 1.0}


def test_without_a_baseline_looks_at_threads_tell_locks_from_waiting():
    spans = [span(0, 1, 0.2, alone=None)]
    asleep = cell("thread-pool", spans, seconds=1.0, tables={"wait_sites": {"running": 0.2, "sleep": 0.8}})
    assert parts_of(asleep) == {"running": 0.2, "waiting": 0.8}
    held = cell("thread-pool", spans, seconds=1.0, tables={"wait_sites": {"running": 0.2, "gil": 0.6, "sleep": 0.2}})
    assert parts_of(held) == pytest.approx({"running": 0.2, "waiting": 0.2, "lock": 0.6})


def test_measured_pickling_is_a_part_of_handing_out():
    spans = [span(1, 2, 1.0, worker=0), span(1, 2, 1.0, worker=1), span(4, 5, 1.0, worker=0)]
    evidence = cell("pool", spans, seconds=5.0, family="processes", tables={"serialisation": SENT}, seconds_traced=5.0)
    parts = split_of(evidence).seconds_per_batch
    assert (parts.serialisation, parts.dispatch) == (0.5, 0.5)


def test_workers_that_are_started_for_a_task_are_start_up():
    spans = [span(1 + 2 * place, 2 + 2 * place, 1.0, worker=place) for place in range(4)]
    parts = split_of(cell("process-per-task", spans, seconds=8.0, family="processes", workers=1)).seconds_per_batch
    assert (parts.start_up, parts.queueing, parts.dispatch, parts.running) == (4.0, 0.0, 0.0, 4.0)


def test_an_event_loop_is_one_lane():
    spans = [span(0.5, 4.5, None, alone=3.0), span(0.5, 4.5, None, alone=3.0)]
    evidence = cell("asyncio", spans, seconds=5.0, family="asyncio", seconds_cpu=1.0, seconds_traced=5.0)
    assert parts_of(evidence) == {"queueing": 0.5, "dispatch": 0.5, "waiting": 3.0, "lock": 1.0}
    assert split_of(evidence).lanes == 1
    assert split_of(evidence).seconds_per_batch.waiting == 3.0


def test_the_range_over_the_traced_rounds_is_the_error():
    from dataclasses import replace

    from parabench.analyse.timeline import Timeline

    evidence = cell("thread-pool", [span(0, 2, 2.0)], seconds=2.0)
    other = Timeline((span(0, 3, 3.0),))
    error = split_of(replace(evidence, timelines=(*evidence.timelines, other))).seconds_error
    assert error.running == 0.5
    assert split_of(evidence).seconds_error is None


def test_without_spans_the_parts_are_estimates_from_totals():
    evidence = cell("thread-pool", [], seconds=0.8, alone=computing_alone(), seconds_cpu=0.82)
    split = split_of(evidence)
    assert split.source == "totals"
    assert (split.seconds_per_batch.running, split.seconds_per_batch.lock) == pytest.approx((0.4, 0.38))


def test_without_spans_and_baseline_all_is_unexplained():
    split = split_of(cell("thread-pool", [], seconds=0.8, seconds_cpu=0.82))
    assert parts_of(cell("thread-pool", [], seconds=0.8, seconds_cpu=0.82)) == {"unexplained": 0.8}
    assert not split.closes
