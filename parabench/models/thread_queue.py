"""threading.Thread and queue.SimpleQueue: N threads that take items from one queue and put results into another."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from parabench.machine.gil import gil_enabled
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, failed, leave_thread

#: What to do with which item, and where in the batch it is; None: there is no more.
_Todo = SimpleQueue[tuple[Callable[[Any], Outcome], int, Any] | None]
_Done = SimpleQueue[tuple[int, Outcome]]


@contextmanager
def open_thread_queue(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start all N threads and wait until each has prepared the call."""
    todo: _Todo = SimpleQueue()
    done: _Done = SimpleQueue()
    together = threading.Barrier(workers + 1)
    threads = [threading.Thread(target=_work, args=(call, todo, done, together)) for _ in range(workers)]
    for thread in threads:
        thread.start()
    together.wait()

    def run(batch: Batch) -> list[Outcome]:
        attempt = batch.call.bound()
        for index, item in enumerate(batch.items):
            todo.put((attempt, index, item))
        outcomes: list[Any] = [None] * len(batch.items)
        for _ in batch.items:
            index, outcome = done.get()
            outcomes[index] = outcome
        return outcomes

    try:
        yield run
    finally:
        for _ in threads:
            todo.put(None)
        for thread in threads:
            thread.join()


def _work(call: TaskCall, todo: _Todo, done: _Done, together: threading.Barrier) -> None:
    call.prepare()
    together.wait()
    while (following := todo.get()) is not None:
        attempt, index, item = following
        try:
            outcome = attempt(item)
        except BaseException as error:  # whatever it is, the caller waits for this thread's answer
            outcome = failed(error)
        done.put((index, outcome))
    leave_thread()


MODEL = Model(
    name="thread-queue",
    family="threads",
    description="threading.Thread and queue.SimpleQueue",
    capabilities=Capabilities(
        worker="thread",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=not gil_enabled(),
    ),
    open=open_thread_queue,
    availability=always,
)
