"""The safe counter keeps every increment under real concurrency; the unsafe one is seen to lose some."""

import asyncio
import json
import multiprocessing
import subprocess
import sys
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path

import pytest

from parabench.task import TaskCall, leave_process, reference_to
from parabench.workers.loops import LoopContexts
from parabench.workload import LimitCase, ServiceOptions, Workload
from workloads import shared_state as state

WORKERS = 4
ATTEMPTS = 30
BOTH = (state.COUNTER_SAFE, state.COUNTER_UNSAFE)


def options(directory: Path) -> ServiceOptions:
    return ServiceOptions(
        seed=1, latency_seconds=0.05, scratch_directory=directory, github_url="https://api.github.com", size="small"
    )


def call_for(workload: Workload, settings) -> TaskCall:
    return TaskCall(
        task=reference_to(workload.task), context=reference_to(workload.context), settings=json.dumps(dict(settings))
    )


@pytest.fixture(params=["threads", "forked processes", "spawned processes", "subinterpreters"])
def pool(request):
    with open_pool(request.param) as executor:
        yield executor
    leave_process()


def open_pool(kind: str) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(WORKERS)
    if kind == "subinterpreters":
        if sys.version_info < (3, 14):
            pytest.skip("InterpreterPoolExecutor is new in Python 3.14")
        from concurrent.futures import InterpreterPoolExecutor

        return InterpreterPoolExecutor(WORKERS)
    context = multiprocessing.get_context("fork" if kind == "forked processes" else "spawn")
    return ProcessPoolExecutor(WORKERS, mp_context=context)


def run(workload: Workload, settings, pool: Executor):
    """One round; the findings about it."""
    items = workload.items("small")
    workload.before_round(items, settings)
    results = [outcome.value for outcome in pool.map(call_for(workload, settings), items)]
    assert all(workload.check(item, result) for item, result in zip(items, results, strict=True))
    return workload.after_round(items, results, settings)


def test_the_safe_counter_never_loses_an_update(tmp_path, pool):
    with state.safe_service(options(tmp_path)) as settings:
        for _ in range(5):
            findings = run(state.COUNTER_SAFE, settings, pool)
            assert findings == {"increments_expected": 9_600, "increments_kept": 9_600, "updates_lost": 0}
    assert list(tmp_path.iterdir()) == []


def test_the_unsafe_counter_is_seen_to_lose_updates(tmp_path, pool):
    with state.unsafe_service(options(tmp_path)) as settings:
        for _ in range(ATTEMPTS):
            findings = run(state.COUNTER_UNSAFE, settings, pool)
            assert findings["increments_kept"] + findings["updates_lost"] == findings["increments_expected"] == 9_600
            if findings["updates_lost"]:
                break
        else:
            pytest.fail(f"no update lost in {ATTEMPTS} batches")
    assert findings["updates_lost"] > 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("workload", BOTH, ids=lambda workload: workload.name)
def test_one_worker_loses_nothing(tmp_path, workload):
    with workload.service(options(tmp_path)) as settings, ThreadPoolExecutor(1) as one:
        assert run(workload, settings, one)["updates_lost"] == 0
    leave_process()


@pytest.mark.parametrize("workload", BOTH, ids=lambda workload: workload.name)
def test_an_event_loop_neither_deadlocks_nor_loses(tmp_path, workload):
    async def gather(call, items):
        run = await LoopContexts().bound(call, nullcontext())
        return await asyncio.gather(*(run(item) for item in items))

    items = workload.items("small")
    with workload.service(options(tmp_path)) as settings:
        outcomes = asyncio.run(gather(call_for(workload, settings), items))
        findings = workload.after_round(items, [outcome.value for outcome in outcomes], settings)
    leave_process()
    assert findings["updates_lost"] == 0


@pytest.mark.parametrize("workload", BOTH, ids=lambda workload: workload.name)
def test_greenlets_neither_deadlock_nor_lose(tmp_path, workload):
    pytest.importorskip("gevent", reason="gevent is an extra", exc_type=ImportError)
    code = (
        "from gevent import monkey; monkey.patch_all()\n"
        "import sys, gevent.pool\n"
        "from workloads import shared_state as state\n"
        f"task = state.{workload.task.__name__}\n"
        "items = state.counter_items('small')\n"
        "results = gevent.pool.Pool(4).map(lambda item: task(item, sys.argv[1]), items)\n"
        "print(state.unsafe_after(items, results, {'path': sys.argv[1]})['updates_lost'])\n"
    )
    with workload.service(options(tmp_path)) as settings:
        command = [sys.executable, "-c", code, settings["path"]]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("0", 0), done.stderr


def test_the_safe_batch_is_refused_when_an_update_is_lost(tmp_path):
    items = [{"increments": 3}, {"increments": 4}]
    with state.safe_service(options(tmp_path)) as settings:
        assert state.counter_safe(items[0], settings["path"]) == 3
        with pytest.raises(AssertionError, match="the locked counter kept 3 of 7 increments: a task ran twice or not"):
            state.safe_after(items, [3, 4], settings)


def test_the_unsafe_batch_only_reports_it(tmp_path):
    with state.unsafe_service(options(tmp_path)) as settings:
        state.counter_unsafe({"increments": 3}, settings["path"])
        findings = state.unsafe_after([{"increments": 5}], [5], settings)
    assert findings == {"increments_expected": 5, "increments_kept": 3, "updates_lost": 2}


def test_each_round_starts_at_zero_in_place(tmp_path):
    with state.safe_service(options(tmp_path)) as settings, state._shared(settings["path"]) as (counter, _):
        state.counter_safe({"increments": 3}, settings["path"])
        assert state.COUNTER.unpack_from(counter) == (3,)
        state.counter_before([], settings)
        assert state.COUNTER.unpack_from(counter) == (0,)


def test_a_lock_that_does_not_hold_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr(state.fcntl, "flock", lambda descriptor, operation: None)
    service = state.safe_service(options(tmp_path))
    with pytest.raises(RuntimeError, match=r"flock does not hold between two openings of .*counter-safe"), service:
        pass
    assert list(tmp_path.iterdir()) == []


def test_check_refuses_another_number_of_increments():
    assert state.counter_check({"increments": 3}, 3)
    assert not state.counter_check({"increments": 3}, 2)


def test_the_successor_is_one_more():
    assert [state._successor(value) for value in (0, 1, 41)] == [1, 2, 42]


def test_the_limit_is_unknown_with_a_reason():
    case = LimitCase(items=[], settings={}, workers=1, cores_usable=1, seconds_sequential=1.0)
    assert state.COUNTER_SAFE.limit(case).seconds is None
    assert state.COUNTER_SAFE.limit(case).reason.startswith("every increment has to wait")
