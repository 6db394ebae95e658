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
            return list(pool.map(batch.call, batch.items))

        yield run

        def leave(_: int) -> None:
            together.wait()
            leave_thread()

        list(pool.map(leave, range(workers)))


MODEL = Model(
    name="thread-pool",
    family="threads",
    description="concurrent.futures.ThreadPoolExecutor",
    capabilities=Capabilities(
        worker="thread",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=not gil_enabled(),
    ),
    open=open_thread_pool,
    availability=always,
)
