import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
from contextlib import asynccontextmanager, contextmanager, nullcontext

import pytest

from parabench import task
from parabench.task import TaskCall, call_from_text, call_to_text
from parabench.workers.loops import LoopContexts

EVENTS = []


@contextmanager
def context(settings):
    EVENTS.append(("enter", settings, threading.get_ident()))
    yield settings["value"]
    EVENTS.append(("leave", settings, threading.get_ident()))


@asynccontextmanager
async def context_async(settings):
    EVENTS.append(("enter async", settings))
    yield settings["value"]
    EVENTS.append(("leave async", settings))


@contextmanager
def broken_context(settings):
    raise OSError("the session does not open")
    yield


def add(item, value):
    return item + value


async def add_async(item, value):
    await asyncio.sleep(0)
    return item + value


def double(item):
    return 2 * item


def raise_odd(item):
    class Unpicklable(Exception):
        def __reduce__(self):
            raise TypeError("no pickle")

    raise Unpicklable("odd")


@pytest.fixture(autouse=True)
def forget():
    EVENTS.clear()
    yield
    task.leave_process()


def call(function, **fields):
    return TaskCall(task=f"{__name__}:{function.__name__}", **fields)


def with_context(**fields):
    return call(add, context=f"{__name__}:context", settings='{"value": 10}', **fields)


def test_a_call_is_one_short_string_and_one_object_per_process():
    original = with_context()
    data = pickle.dumps(original)
    assert len(data) < 500
    assert pickle.loads(data) is pickle.loads(data)
    assert call_from_text(call_to_text(original)) == original


def test_a_raising_task_is_an_outcome_of_text_only():
    outcome = call(raise_odd)(1)
    assert outcome.failure.type == "Unpicklable"
    assert outcome.failure.message == "odd"
    assert "in raise_odd" in outcome.failure.traceback
    assert pickle.loads(pickle.dumps(outcome)) == outcome


def test_a_context_is_entered_once_per_process_and_left_at_the_end():
    counted = with_context()
    threads = [threading.Thread(target=counted, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [event[0] for event in EVENTS] == ["enter"]
    assert counted(1).value == 11
    task.leave_process()
    assert [event[0] for event in EVENTS] == ["enter", "leave"]


def test_a_context_of_threads_is_entered_by_each_and_left_by_each():
    counted = with_context(context_scope="thread")

    def work():
        counted(1)
        counted(2)
        task.leave_thread()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event[0] for event in EVENTS) == ["enter"] * 3 + ["leave"] * 3


def test_a_thread_that_ends_without_a_word_leaves_its_context():
    thread = threading.Thread(target=with_context(context_scope="thread"), args=[1])
    thread.start()
    thread.join()
    gc.collect()  # PyPy's way of seeing the end of a thread's objects
    assert [event[0] for event in EVENTS] == ["enter", "leave"]
    assert EVENTS[0][2] == EVENTS[1][2] or sys.implementation.name == "pypy"


def test_traced_and_plain_calls_share_the_context():
    counted = with_context()
    traced = TaskCall(**{**{f: getattr(counted, f) for f in counted.__slots__}, "traced": True})
    assert counted(1).trace is None
    outcome = traced(1)
    assert outcome.value == 11
    assert outcome.trace.seconds_ended >= outcome.trace.seconds_started
    assert outcome.trace.worker == f"{os.getpid()}:{threading.get_native_id()}:{threading.get_ident()}"
    assert [event[0] for event in EVENTS] == ["enter"]


def test_a_context_that_fails_is_the_failure_of_every_task():
    broken = call(add, context=f"{__name__}:broken_context")
    broken.prepare()
    for item in (1, 2):
        assert broken(item).failure[:2] == ("OSError", "the session does not open")


def test_a_bound_call_does_what_the_call_does():
    scoped = with_context(context_scope="thread")
    for each in (
        call(double),
        with_context(),
        scoped,
        call(raise_odd),
        call(add, context=f"{__name__}:broken_context"),
    ):
        run = each.bound()
        for item in (1, 2):
            assert run(item)[0] == each(item)[0]
            assert (run(item)[1] or [None])[:2] == (each(item)[1] or [None])[:2]
    traced = call(double, traced=True).bound()(3)
    assert (traced.value, traced.trace.worker) == (
        6,
        f"{os.getpid()}:{threading.get_native_id()}:{threading.get_ident()}",
    )


def test_a_bound_call_enters_the_context_of_each_thread():
    scoped = with_context(context_scope="thread")
    run = scoped.bound()
    run(1)
    other = threading.Thread(target=lambda: [run(1), run(2), task.leave_thread()])
    other.start()
    other.join()
    assert [event[0] for event in EVENTS] == ["enter", "enter", "leave"]


def test_a_twin_whose_context_fails_is_the_failure_of_every_task():
    broken = call(add, task_async=f"{__name__}:add_async", context_async=f"{__name__}:broken_context")

    async def main():
        run = await LoopContexts().bound(broken, nullcontext())
        return [await run(item) for item in (1, 2)]

    for outcome in asyncio.run(main()):
        assert outcome.failure.type == "TypeError"
        assert "async" in outcome.failure.message


def test_coroutine_twins_run_in_their_own_context_of_the_loop():
    twin = with_context(task_async=f"{__name__}:add_async", context_async=f"{__name__}:context_async")

    async def main():
        contexts = LoopContexts()
        await contexts.prepare(twin)
        run = await contexts.bound(twin, nullcontext())
        outcomes = await asyncio.gather(*(run(item) for item in range(5)))
        await contexts.leave()
        return outcomes

    assert [outcome.value for outcome in asyncio.run(main())] == [10, 11, 12, 13, 14]
    assert [event[0] for event in EVENTS] == ["enter async", "leave async"]


def test_a_task_without_a_twin_runs_in_the_loop_itself():
    async def main():
        run = await LoopContexts().bound(call(double), nullcontext())
        return await run(4)

    assert asyncio.run(main()).value == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_enters_its_own_context_and_leaves_its_parents_alone():
    counted = with_context()
    counted(1)
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        value = counted(1).value
        task.leave_process()
        os.write(write, f"{value} {[event[0] for event in EVENTS]}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 1000).decode() == "11 ['enter', 'enter', 'leave']"
    os.close(read)
    os.close(write)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_does_not_leave_the_contexts_of_threads_that_it_lost():
    counted, entered, done = with_context(context_scope="thread"), threading.Event(), threading.Event()

    def work():
        counted(1)
        entered.set()
        done.wait()

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        gc.collect()
        os.write(write, f"{[event[0] for event in EVENTS]}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    done.set()
    thread.join()
    assert os.read(read, 1000).decode() == "['enter']"
    os.close(read)
    os.close(write)


def test_what_workers_import_is_the_standard_library_and_ours():
    foreign = ["psutil", "rich", "click", "pytest", "requests", "asyncio", "statistics"]
    code = f"import sys, parabench.task; print([m for m in sys.modules if m.split('.')[0] in {foreign}])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
