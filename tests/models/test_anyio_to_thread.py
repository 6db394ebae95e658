"""What only anyio's threads do: those that are idle for long are replaced by new ones."""

import gc
import json
import time

import pytest

from parabench.models.anyio_to_thread import MODEL
from parabench.task import Batch, TaskCall

backend = pytest.importorskip("anyio._backends._asyncio")
SECONDS_TO_END = 10


def threads_when(log, done):
    """The threads that have entered and left, when that is as it has to be: replaced ones end by themselves."""
    deadline = time.monotonic() + SECONDS_TO_END
    while True:
        gc.collect()  # PyPy's way of seeing the end of a thread's objects
        noted = [line.split() for line in log.read_text().splitlines()]
        entered, left = (sorted(thread for word, thread in noted if word == what) for what in ("enter", "leave"))
        if done(entered, left) or time.monotonic() > deadline:
            return entered, left
        time.sleep(0.01)


def test_a_thread_in_place_of_an_idle_one_enters_its_context_and_both_leave_theirs(monkeypatch, tmp_path):
    monkeypatch.setattr(backend.WorkerThread, "MAX_IDLE_TIME", 0)
    log = tmp_path / "log"
    call = TaskCall(
        task="tasks_for_tests:own_context",
        context="tasks_for_tests:NotedByClass",
        context_scope="thread",
        settings=json.dumps({"log": str(log)}),
    )
    with MODEL.open(3, call) as run:
        assert run(Batch(call, [0]))[0].value is True  # one thread is taken, and the two others end
        entered, left = threads_when(log, lambda entered, left: len(left) == 2)
        assert (len(entered), len(left)) == (3, 2)
        assert set(left) < set(entered)  # each by itself
        assert [outcome.value for outcome in run(Batch(call, [0] * 12))] == [True] * 12
    entered, left = threads_when(log, lambda entered, left: entered == left)
    assert entered == left
    assert len(entered) >= 5
