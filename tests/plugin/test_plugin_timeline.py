"""What a stored session says of its tasks: queueing, overlap, and what they waited for."""

from __future__ import annotations

import sys

import pytest
from user_project import Project

from parabench.analyse.timeline_json import timeline_from_json

WORKLOADS = """
import time
from parabench.workload import workload

@workload(items=list(range(8)), kind="network")
def wait(item):
    time.sleep(0.02)
    return item

@workload(items=list(range(8)), kind="cpu")
def compute(item):
    end = time.thread_time() + 0.015
    while time.thread_time() < end:
        pass
    return item
"""


@pytest.mark.slow
def test_waiting_for_input_is_told_from_waiting_for_each_other(project: Project) -> None:
    project.workload("some", WORKLOADS)
    project.file(
        "benchmarks/test_all.py",
        "import pytest\n\n@pytest.mark.cpu\n@pytest.mark.network\ndef test_all(cell):\n    cell.measure()\n",
    )
    models = "sequential,thread-pool,process-pool-fork,asyncio-to-thread,asyncio"
    project.pytest("benchmarks", "--models", models, "--workers", "4", "--passes", "1", "--rounds", "1")
    cells = {
        (b["extra_info"]["workload"], b["extra_info"]["model"]): b["extra_info"] for b in project.stored()["benchmarks"]
    }
    assert len(cells) == 10
    for info in cells.values():
        assert len(timeline_from_json(info["timeline"]).tasks) == 8
        assert info["seconds_queueing"] >= 0
        assert info["workers_used"] <= 4

    for model in ("thread-pool", "process-pool-fork", "asyncio-to-thread"):
        waited = cells["wait", model]
        assert waited["concurrency_most"] == 4
        assert waited["concurrency_mean"] > 2
        assert waited["seconds_waiting_io"] > 0.8 * waited["seconds_waiting"]
        computed = cells["compute", model]
        assert computed["concurrency_most"] > 1
        assert computed["seconds_waiting_io"] < 0.2 * computed["seconds_waiting"]
    assert cells["wait", "sequential"]["concurrency_most"] == 1
    assert cells["wait", "asyncio"]["concurrency_most"] == 1, "the plain task blocks the loop"


@pytest.mark.slow
@pytest.mark.skipif(sys.implementation.name == "pypy", reason="run-queue delays of threads need CPython's ctypes")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's run-queue delays are Linux's")
def test_threads_wait_for_the_gil_and_processes_for_cores(project: Project) -> None:
    project.workload("some", WORKLOADS)
    project.file(
        "benchmarks/test_cpu.py", "import pytest\n\n@pytest.mark.cpu\ndef test_cpu(cell):\n    cell.measure()\n"
    )
    models = "sequential,thread-pool,process-pool-fork"
    project.pytest("benchmarks", "--models", models, "--workers", "4", "--passes", "1", "--rounds", "1")
    cells = {b["extra_info"]["model"]: b["extra_info"] for b in project.stored()["benchmarks"]}
    processes, threads = cells["process-pool-fork"], cells["thread-pool"]
    assert processes["seconds_waiting_lock"] < 0.2 * processes["seconds_waiting"]
    if threads["gil_enabled_at_end"]:
        assert threads["seconds_waiting_lock"] > 0.3 * threads["seconds_waiting"]
