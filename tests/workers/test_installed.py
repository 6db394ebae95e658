"""What a worker is given once, and what it answers: every value and every failure becomes the outcome that it was."""

import pickle
import threading
from dataclasses import replace

import pytest

from parabench.errors import CallNotInstalled
from parabench.records import Outcome
from parabench.task import TaskCall, lost
from parabench.workers import installed


class RefusesToComeBack:
    """Pickles, and does not unpickle."""

    def __reduce__(self):
        return int, ("no number",)


def give(item):
    if item == "fail":
        raise ValueError("went wrong")
    return {"lock": threading.Lock(), "refuses": RefusesToComeBack()}.get(item, item) if isinstance(item, str) else item


CALL = TaskCall(task=f"{__name__}:give")
VALUES = [None, True, 1, 1.5, "text", [1, [None]], {"a": {}}]


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.setattr(installed, "_function", installed._function)
    installed.install(CALL)


@pytest.mark.parametrize("function", [installed.plain, installed.traced])
def test_every_value_comes_back(worker, function):
    answers = [function(value) for value in VALUES]
    assert None not in answers  # which is what pools have for what has not come back
    assert [outcome[:2] for outcome in installed.outcomes_of(answers)] == [(value, None) for value in VALUES]


@pytest.mark.parametrize("function", [installed.plain, installed.traced])
def test_failures_and_values_that_do_not_travel_are_one_failed_outcome(worker, function):
    fail, lock, refuses = installed.outcomes_of([function(item) for item in ("fail", "lock", "refuses")])
    assert fail.failure[:2] == ("ValueError", "went wrong")
    assert "in give" in fail.failure.traceback
    assert "cannot pickle '_thread.lock'" in lock.failure.message
    assert "no number" in refuses.failure.message


def test_a_task_of_a_chunk_is_traced_alone(worker):
    first, second = installed.outcomes_of(installed.traced_each([1, 2]))
    assert [first.value, second.value] == [1, 2]
    assert first.trace.seconds_ended <= second.trace.seconds_started


def test_a_lost_chunk_is_the_outcome_of_each_of_its_items():
    loss = lost(RuntimeError("gone"))
    answers = installed.one_by_one([["a", "b"], loss], [[1, 2], [3, 4]])
    assert installed.outcomes_of(answers) == [Outcome("a"), Outcome("b"), loss, loss]


def test_calls_may_differ_by_traced_only():
    assert installed.function_for(CALL, CALL) is installed.plain
    assert installed.function_for(CALL, replace(CALL, traced=True)) is installed.traced
    assert installed.function_for(CALL, CALL, chunks=True) is installed.plain_each
    other = replace(CALL, settings='{"other": 1}')
    with pytest.raises(CallNotInstalled, match=f"were opened for {CALL.task} and cannot run {CALL.task} with another"):
        installed.function_for(CALL, other)


def test_a_worker_that_was_given_nothing_says_so():
    outcome = installed.unpacked(installed.plain(1))
    assert outcome.failure.message == "no call was installed in this worker"


def test_a_trace_travels_as_numbers_beside_the_answer(worker):
    """Traced rounds are to last as long as others: classes would take several times as long on their way."""
    assert b"parabench" not in pickle.dumps(installed.traced(1))
    assert len(pickle.dumps(installed.traced(1))) < 150


def test_tasks_that_fail_are_traced_as_well(worker):
    for item in ("fail", "lock"):
        outcome = installed.unpacked(installed.traced(item))
        assert outcome.value is None
        assert outcome.failure is not None
        assert outcome.trace.seconds_started <= outcome.trace.seconds_ended
