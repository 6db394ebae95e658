"""What a trace says, and that nothing is made or opened again for each task."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from parabench import task
from parabench.records import Outcome
from parabench.task import TaskCall
from parabench.task.tracing import tracer

SCHEDSTAT = Path("/proc/thread-self/schedstat")
pytestmark = pytest.mark.skipif(not SCHEDSTAT.exists(), reason="needs schedstat")


def traced() -> TaskCall:
    return TaskCall(task="parabench.task.tracing:nothing", traced=True)


def open_files() -> list[str]:
    folder = Path("/proc/self/fd")
    names = []
    for link in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # the one that lists the folder
            names.append(str(link.readlink()))
    return names


def schedstats() -> int:
    return sum(name.endswith("/schedstat") for name in open_files())


def test_one_descriptor_serves_all_tasks_of_a_thread_and_ends_with_it() -> None:
    before = schedstats()
    during: list[int] = []

    def work() -> None:
        for item in range(100):
            traced()(item)
        during.append(schedstats())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert during == [before + 1]
    assert schedstats() == before


def test_a_forked_child_traces_its_own_thread() -> None:
    traced()(0)
    before = schedstats()
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        trace = traced()(0).trace
        os.write(write, f"{trace and trace.worker.startswith(f'{os.getpid()}:')} {schedstats()}".encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 100).decode() == f"True {before}"
    os.close(read)
    os.close(write)


def test_the_span_and_the_cpu_time_are_those_of_the_task() -> None:
    def run(item: object) -> Outcome:
        time.sleep(0.02)
        return Outcome(item)

    trace = tracer().call(run, 1).trace
    assert trace is not None
    assert trace.seconds_ended - trace.seconds_started >= 0.02
    assert trace.seconds_cpu is not None
    assert trace.seconds_cpu < 0.02
    if sys.implementation.name == "cpython":
        assert trace.seconds_runqueue is not None
        assert trace.seconds_runqueue < 0.02


def test_a_failed_task_is_traced_as_well() -> None:
    outcome = TaskCall(task="builtins:abs", traced=True)("x")
    assert outcome.failure is not None
    assert outcome.failure.type == "TypeError"
    assert outcome.trace is not None


def test_waiting_for_a_core_is_told_from_sleeping() -> None:
    """Two processes on one core: half of the time of each is waiting for it."""
    core = min(os.sched_getaffinity(0))
    read, write = os.pipe()
    pids = []
    for _ in range(2):
        if (pid := os.fork()) == 0:
            os.sched_setaffinity(0, {core})
            outcome = tracer().call(_burn, 0.2)
            os.write(write, f"{outcome.trace.seconds_runqueue}\n".encode())  # type: ignore[union-attr]
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        os.waitpid(pid, 0)
    delays = [float(line) for line in os.read(read, 1000).split()]
    os.close(read)
    os.close(write)
    assert max(delays) > 0.05


def _burn(seconds: float) -> Outcome:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return Outcome(None)


def test_traces_of_the_untraced_call_share_one_object() -> None:
    call = traced()
    assert task.untraced(call) is task.untraced(call)
