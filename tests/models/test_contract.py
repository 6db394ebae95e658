"""One suite over every model: what `parabench.models.contract` promises, observed from outside."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import contract_driver
import psutil
import pytest

import parabench
from parabench.models import find_models
from parabench.workers.services import OWN_SERVICES

MODELS = find_models()
HERE = Path(__file__).parent
HEALTHY = [
    *("order", "failures", "unpicklable_value", "values", "many", "empty", "one_worker", "together", "two_batches"),
    *("twin", "contexts", "thread_contexts", "leftovers", "leftovers_after_error"),
]
SECONDS_FOR_A_DRIVER = 120
#: A death has to be an outcome within seconds; slow tasks of the batch last 1.5.
SECONDS_FOR_A_DEATH = 6
#: A queue first has to be told that its worker died: celery waits 10 s for a result that may be on its way.
SECONDS_FOR_A_RETURN = 40
WORKERS = contract_driver.WORKERS


class Driven:
    """One run of the driver: its exit status, what it observed, and what outlived it."""

    def __init__(self, model, checks, folder):
        answer = folder / "answer.json"
        # A temporary directory of its own, under a short path: sockets of the fork server live in it.
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE), str(Path(parabench.__file__).parents[1])]),
            "TMPDIR": str(folder),
        }
        command = [sys.executable, "-m", "contract_driver", str(answer), model, *checks]
        if MODELS[model].unserved(OWN_SERVICES):
            command = [*alone_on_the_network(), *command]
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        ) as process:
            try:
                _, self.stderr = process.communicate(timeout=SECONDS_FOR_A_DRIVER * (4 if model == "ray" else 1))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                _, stderr = process.communicate()
                pytest.fail(f"{model} hung in one of {checks}:\n{stderr}")
        self.exit_code = process.returncode
        self.left = processes_of_session(process.pid)
        for left in self.left:
            left.kill()
        self.observations = json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else {}

    def __getitem__(self, check):
        assert check in self.observations, f"driver ended with {self.exit_code}:\n{self.stderr}"
        observation = self.observations[check]
        if isinstance(observation, dict) and "error" in observation:
            pytest.fail(f"{check}: {observation['error']}")
        return observation


def alone_on_the_network():
    """How to start a command that nobody can reach over a network; None where that cannot be had."""
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("ip")):
        return None
    return ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def processes_of_session(session, seconds=5.0):
    """Processes still running in a session whose leader has ended; helpers that end with it get a moment."""
    deadline = time.monotonic() + seconds
    while True:
        left = []
        for process in psutil.process_iter():
            try:
                if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                    left.append(process)
            except (ProcessLookupError, psutil.NoSuchProcess):
                continue
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.02)


def slow_if_on_request(name):
    """Models that start servers take long, and are run by name."""
    return pytest.param(name, marks=[pytest.mark.slow] if MODELS[name].on_request else [])


@pytest.fixture(scope="module", params=map(slow_if_on_request, MODELS))
def model(request):
    found = MODELS[request.param]
    unavailable = found.availability()
    if unavailable is not None:
        pytest.skip(unavailable.reason)
    if found.unserved(OWN_SERVICES) and alone_on_the_network() is None:
        pytest.skip(f"{found.unserved(OWN_SERVICES).reason}; as root, with unshare and ip, it runs in its own network")
    return found


@pytest.fixture(scope="module")
def observed(model):
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        return Driven(model.name, HEALTHY, Path(folder))


@pytest.fixture
def folder():
    """Not pytest's own, whose path is too long for sockets where tests run side by side."""
    with tempfile.TemporaryDirectory(prefix="d") as made:
        yield Path(made)


def values_of(outcomes):
    failures = [failure for _, failure, _ in outcomes if failure]
    assert failures == []
    return [value for value, _, _ in outcomes]


def is_queue(model):
    """Whether a task comes back to the queue when its worker dies."""
    return model.family in ("queues", "clusters")


def lives_in_caller(model):
    """Whether a task that ends its process ends the caller."""
    return model.capabilities.worker not in ("process", "greenlet") and model.family != "queues"


def test_outcomes_come_in_the_order_of_the_items(observed):
    assert values_of(observed["order"]) == [item * item for item in range(12)]


def test_a_failing_task_is_one_failed_outcome(observed):
    good, plain, unpicklable, fine = observed["failures"]
    assert good[:2] == ["good", None]
    assert fine[:2] == ["fine", None]
    assert plain[0] is None
    assert plain[1][:2] == ["ValueError", "plain went wrong: ünïcode"]
    assert 'raise ValueError("plain went wrong' in plain[1][2]  # the line of the task, from wherever it ran
    assert unpicklable[0] is None
    assert unpicklable[1][:2] == ["UnpicklableError", "this and that"]
    assert "in fail" in unpicklable[1][2]


def test_a_value_that_cannot_travel_is_a_failed_outcome(model, observed):
    before, lock, after = observed["unpicklable_value"]
    if model.capabilities.shares_memory and model.name != "gevent":
        assert lock[1] is None
    else:
        assert lock[1] is not None
        assert re.search("(?i)lock|pickle|cross-interpreter", lock[1][1])
    if model.name != "joblib-loky":  # joblib gives up the whole batch
        assert [before[0], after[0]] == ["before", "after"]


def test_any_json_value_comes_back_unchanged(observed):
    assert values_of(observed["values"]) == contract_driver.VALUES


def test_many_tasks_are_neither_lost_nor_doubled(observed):
    tasks, values = observed["many"]
    assert values == list(range(tasks))


def test_an_empty_batch_has_no_outcomes(observed):
    assert observed["empty"] == []


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
        assert worker.count(":") == 1
        assert host
        assert (seconds_cpu is None) == (model.capabilities.worker in ("coroutine", "greenlet"))
        if seconds_cpu is not None:
            assert 0 <= seconds_cpu < ended - started
    assert overlap([trace[:2] for trace in traces]) <= WORKERS
    if model.capabilities.worker not in ("caller", "coroutine"):
        assert len({trace[3] for trace in traces}) >= WORKERS


def test_a_second_batch_runs_on_the_same_workers(observed):
    assert observed["two_batches"] == [[1, 2, 3], [4, 5, 6, 7], [True] * 4]


def test_only_models_that_accept_coroutines_await_the_twin(model, observed):
    expected = "async" if model.capabilities.accepts_coroutines else "sync"
    assert observed["twin"] == [expected, expected]


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


@pytest.mark.parametrize("check", ["leftovers", "leftovers_after_error"])
def test_nothing_is_left_after_closing(model, observed, check):
    first, second = observed[check]
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


def assert_died(outcome, how):
    value, failure, _ = outcome
    assert value is None
    assert failure[0] == "WorkerDied"
    assert f"died with {how} before its task was done" in failure[1]


@pytest.mark.parametrize(("check", "how", "code"), [("killed", "signal SIGKILL", -9), ("exited", "exit status 3", 3)])
def test_a_dying_worker_costs_outcomes_not_the_batch(model, folder, check, how, code):
    driven = Driven(model.name, [check], folder)
    assert driven.left == []
    if lives_in_caller(model):
        assert driven.exit_code == code
        return
    death = driven[check]
    if is_queue(model):
        victim, *others = death["outcomes"]
        # It was done again by another process, which it took along, too. Celery and Dask do not tell how.
        how = how if model.name in ("celery-threads", "rq", "dramatiq") else "an unknown exit status"
        assert_died(victim, how)
        for outcome, expected in zip(others, ["quick", "quick", "quick", "slow", "quick"], strict=True):
            if model.name in ("dask", "celery-threads") and outcome[1]:  # it was in the same process, both times
                assert_died(outcome, how)
            else:
                assert outcome[0] == expected
        assert values_of(death["second"]) == ["quick"] * 3
        assert death["seconds"]["batch"] < SECONDS_FOR_A_RETURN
        assert set(death["threads left"]) <= {"Dask-Offload_0"}
        return
    assert death["seconds"]["batch"] < SECONDS_FOR_A_DEATH
    assert death["seconds"]["second"] < SECONDS_FOR_A_DEATH
    assert death["seconds"]["close"] < SECONDS_FOR_A_DEATH
    victim, *quick, slow, last = death["outcomes"]
    assert_died(victim, how)
    if model.capabilities.worker == "process":  # gevent answers a batch as a whole
        assert values_of(quick) == ["quick"] * 3
    for outcome in [*quick, slow, last, *death["second"]]:
        if outcome[1]:
            assert_died(outcome, how)
    if model.name == "process-per-task":
        assert values_of([slow, last]) == ["slow", "quick"]
    assert death["threads left"] == []
    assert driven.exit_code == 0


@pytest.mark.parametrize("check", ["killed_while_idle", "killed_and_closed", "dies_at_start"])
def test_a_worker_that_dies_without_a_task_hangs_nothing(model, folder, check):
    if lives_in_caller(model):
        pytest.skip("its workers live in the process that opened the model")
    if is_queue(model) and check == "dies_at_start":
        pytest.skip("its worker goes on starting processes until the start has taken too long")
    if model.name == "process-per-task" and check != "dies_at_start":
        pytest.skip("it has no idle workers")
    driven = Driven(model.name, [check], folder)
    assert driven.left == []
    assert driven.exit_code == 0
    if is_queue(model):
        assert values_of(driven[check]) == [1, 2, 3][: len(driven[check])], "another process takes its place"
        return
    how = "exit status 4" if check == "dies_at_start" else "signal SIGKILL"
    if check == "dies_at_start" and "unknown" in str(driven[check]) and model.name == "process-pool-fork":
        how = "an unknown exit status"  # gone before anybody could look
    for outcome in driven[check]:
        assert_died(outcome, how)
