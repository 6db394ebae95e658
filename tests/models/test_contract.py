"""One suite over every model: what `parabench.models.contract` promises, observed from outside."""

import re
import tempfile
from pathlib import Path

import contract_driver
import pytest
from driven import WORKERS, Driven, is_queue, values_of

HEALTHY = [
    *("order", "failures", "echoes", "one_worker", "together", "twin", "gives_up", "coroutine"),
    *("contexts", "thread_contexts", "leftovers"),
]


@pytest.fixture(scope="module")
def observed(model):
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        return Driven(model.name, HEALTHY, Path(folder))


def test_outcomes_come_in_the_order_of_the_items(observed):
    assert values_of(observed["order"]) == [item * item for item in range(12)]


def test_a_failing_task_is_one_failed_outcome(observed):
    good, plain, unpicklable, fine = observed["failures"]["raised"]
    assert good[:2] == ["good", None]
    assert fine[:2] == ["fine", None]
    assert plain[0] is None
    assert plain[1][:2] == ["ValueError", "plain went wrong: ünïcode"]
    assert 'raise ValueError("plain went wrong' in plain[1][2]  # the line of the task, from wherever it ran
    assert unpicklable[0] is None
    assert unpicklable[1][:2] == ["UnpicklableError", "this and that"]
    assert "in fail" in unpicklable[1][2]


def test_a_value_that_cannot_travel_is_a_failed_outcome(model, observed):
    before, lock, after = observed["failures"]["unpicklable_value"]
    if model.capabilities.shares_memory and model.name != "gevent":
        assert lock[1] is None
    else:
        assert lock[1] is not None
        assert re.search("(?i)lock|pickle|cross-interpreter", lock[1][1])
    assert [before[0], after[0]] == ["before", "after"]


def test_any_json_value_comes_back_unchanged(observed):
    assert values_of(observed["echoes"]["values"]) == contract_driver.VALUES


def test_many_tasks_are_neither_lost_nor_doubled(observed):
    tasks, values = observed["echoes"]["many"]
    assert values == list(range(tasks))


def test_an_empty_batch_has_no_outcomes(observed):
    assert observed["echoes"]["empty"] == []


def overlap(intervals):
    """How many of the intervals have a moment in common, at most."""
    moments = sorted([(start, 1) for start, _ in intervals] + [(end, -1) for _, end in intervals])
    count = most = 0
    for _, step in moments:
        count += step
        most = max(most, count)
    return most


def test_one_worker_runs_one_task_at_a_time(observed):
    assert overlap(values_of(observed["one_worker"])) == 1


def test_waiting_tasks_keep_exactly_the_workers_busy(model, observed):
    expected = 1 if model.capabilities.worker == "caller" else WORKERS
    assert overlap(values_of(observed["together"])) == expected


def test_traces_say_when_and_where_each_task_ran(model, observed):
    traces = [trace for _, _, trace in observed["together"]]
    for started, ended, seconds_cpu, worker, host, *_ in traces:
        assert started < ended
        assert all(part.isdigit() for part in worker.split(":")), "numbers of the process, and of its thread or task"
        assert worker.count(":") in (1, 2)
        assert host
        assert (seconds_cpu is None) == (model.capabilities.worker in ("coroutine", "greenlet"))
        if seconds_cpu is not None:
            assert 0 <= seconds_cpu < ended - started
    assert overlap([trace[:2] for trace in traces]) <= WORKERS
    if model.capabilities.worker not in ("caller", "coroutine"):
        assert len({trace[3] for trace in traces}) >= WORKERS


def test_a_second_batch_runs_on_the_same_workers(observed):
    assert observed["echoes"]["two_batches"] == [[1, 2, 3], [4, 5, 6, 7], [True] * 4]


def test_only_models_that_accept_coroutines_await_the_twin(model, observed):
    expected = "async" if model.capabilities.accepts_coroutines else "sync"
    assert observed["twin"] == [expected, expected]


def test_a_coroutine_that_gives_up_is_one_failed_outcome(model, observed):
    if not model.capabilities.accepts_coroutines:
        pytest.skip("it awaits nothing")
    before, asynchronous, own, after = observed["gives_up"]
    assert values_of([before, after]) == ["fine", "fine"]
    cancelled = "Cancelled" if model.capabilities.async_library == "trio" else "CancelledError"
    assert [asynchronous[1][0], own[1][0]] == ["CancelledError", cancelled]
    assert asynchronous[1][1] == "nobody waits for this"
    assert "in give_up_async" in own[1][2]


def test_a_coroutine_function_runs_everywhere_with_one_loop_for_each_worker(model, observed):
    if model.capabilities.worker == "greenlet":
        pytest.skip("greenlets of one thread cannot each drive a loop; such cells are unavailable")
    seen = observed["coroutine"]
    *driven, given_up, last = seen["outcomes"]
    assert values_of([*driven, last]) == [True] * 7
    assert given_up[1][:2] == ["CancelledError", "nobody waits for this"]
    assert seen["entered"] == seen["left"] == contexts_expected(model, "thread")


def contexts_expected(model, scope):
    """How often 8 tasks on 3 workers enter a context."""
    if model.name == "process-per-task" or (model.name == "thread-per-task" and scope == "thread"):
        return 8 + 1  # each task's own, and the one of opening
    if model.capabilities.worker in ("process", "interpreter"):
        return WORKERS
    if model.capabilities.worker in ("thread", "greenlet") and scope == "thread":
        return WORKERS
    return 1


@pytest.mark.parametrize("scope", ["process", "thread"])
def test_each_worker_enters_its_context_once_and_leaves_it(model, observed, scope):
    contexts = observed["contexts" if scope == "process" else "thread_contexts"]
    assert contexts["own"] == [True] * 8
    assert contexts["entered"] == contexts["left"] == contexts_expected(model, scope)
    if not model.name.endswith("-per-task"):
        assert contexts["before"] == contexts["entered"]  # on entry every worker has prepared the call


@pytest.mark.parametrize("raised", [False, True])
def test_nothing_is_left_after_closing(model, observed, raised):
    first, second = map(dict, observed["leftovers"][int(raised) :][:2])
    if is_queue(
        model
    ):  # kombu keeps an epoll descriptor of each connection, ray two; a cell opens one model in its life
        assert second.pop("file descriptors") - first.pop("file descriptors") <= 2
    assert second == first
    own = ("MainThread", *(["Dask-Offload_0"] if model.family == "clusters" else []))  # dask keeps one for good
    assert [name for name in second["threads"] if name not in own] == []


def test_nothing_outlives_the_process_that_opened_the_model(observed):
    assert observed.left == []
    assert observed.exit_code == 0
