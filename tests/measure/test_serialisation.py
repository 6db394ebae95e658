"""What sending a batch takes, apart from any round."""

from __future__ import annotations

import asyncio
import json
import pickle
import time

import deeds
import pytest

from parabench.measure.serialisation import measure_serialisation
from parabench.models import find_models
from parabench.records import Outcome
from parabench.workers.loop_ticks import begin_ticks, take_ticks

ITEMS, OUTCOMES = ["a" * 1000, [1, 2, 3]], [Outcome("b" * 50), Outcome(None)]


@pytest.mark.parametrize(("serialiser", "dumps"), [("pickle", pickle.dumps), ("json", json.dumps)])
def test_bytes_are_those_of_the_serialiser_and_seconds_are_told_for_each_way(serialiser, dumps):
    found = measure_serialisation(f"{serialiser}:dumps", ITEMS, OUTCOMES)
    assert (found.serialiser, found.bytes_items) == (serialiser, sum(len(dumps(item)) for item in ITEMS))
    assert found.bytes_values == sum(len(dumps(outcome)) for outcome in OUTCOMES)
    seconds = (found.seconds_dump_items, found.seconds_load_items, found.seconds_dump_values, found.seconds_load_values)
    assert all(0 < one < 1 for one in seconds)


def test_models_that_send_nothing_have_none_and_pools_of_processes_do(visit):
    workload = deeds.workload(deeds.wait, [0.01] * 2)
    assert visit(workload, "thread-pool", instrument=True).instrumented.serialisation is None
    sent = visit(workload, "process-pool-fork", instrument=True).instrumented.serialisation
    assert (sent.serialiser, sent.bytes_items) == ("pickle", 2 * len(pickle.dumps(0.01)))


def test_a_library_that_pickles_in_its_own_way_is_asked_to():
    reduction = pytest.importorskip("joblib.externals.loky.backend.reduction")
    found = measure_serialisation(find_models()["joblib-loky"].capabilities.serialiser, ITEMS, OUTCOMES)
    assert (found.serialiser, found.bytes_items) == ("joblib", sum(len(reduction.dumps(item)) for item in ITEMS))


def test_a_loop_that_is_blocked_is_late_and_one_that_waits_is_not():
    async def wait_and_block(seconds_blocked: float) -> None:
        begin_ticks()
        await asyncio.sleep(0.02)
        time.sleep(seconds_blocked)  # noqa: ASYNC251 - that is what is looked for
        await asyncio.sleep(0.02)

    asyncio.run(wait_and_block(0.1))
    stalled, longest = take_ticks()
    assert 0.09 < longest <= stalled
    assert take_ticks() == (None, None)


def test_without_a_loop_nothing_is_known():
    begin_ticks()
    assert take_ticks() == (None, None)


def test_a_cell_with_a_loop_tells_how_late_it_was(visit):
    workload = deeds.workload(deeds.wait, [0.03] * 2)
    stalled = visit(workload, "asyncio", instrument=True).instrumented  # without a coroutine it blocks the loop
    assert stalled.seconds_stalled >= 0.02
    assert visit(workload, "thread-pool", instrument=True).instrumented.seconds_stalled is None
