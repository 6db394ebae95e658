"""concurrent.futures.ThreadPoolExecutor: N threads that take one task after the other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from parabench.machine.gil import gil_enabled
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, leave_thread


@contextmanager
def open_thread_pool(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start all N threads: the executor alone would start them one by one, as tasks arrive."""
    together = threading.Barrier(workers)
    with ThreadPoolExecutor(workers, initializer=call.prepare) as pool:
        list(pool.map(lambda _: together.wait(), range(workers)))

        def run(batch: Batch) -> list[Outcome]:
            return list(pool.map(batch.call.bound(), batch.items))

        yield run

        def leave(_: int) -> None:
            together.wait()
            leave_thread()

        list(pool.map(leave, range(workers)))


SNIPPET = """\
from concurrent.futures import ThreadPoolExecutor

from my_work import items, work

with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(work, item) for item in items]
    for item, future in zip(items, futures):
        try:
            print(future.result())
        except Exception as error:
            print(f"{item!r} failed: {error!r}")
"""

MODEL = Model(
    name="thread-pool",
    family="threads",
    description="concurrent.futures.ThreadPoolExecutor",
    when=(
        "Blocking calls that wait (network, disk, subprocesses), native code that releases the GIL, and any work on a "
        "free-threaded build."
    ),
    limits=(
        "With a GIL, pure Python runs on one core. Tasks share what they change and have to lock it; a thread cannot "
        "be stopped from outside."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(worker="thread", shares_memory=True, pickles=False, parallel_bytecode=not gil_enabled()),
    open=open_thread_pool,
    availability=always,
)
