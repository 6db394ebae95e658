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


SNIPPET = """\
import threading
from queue import SimpleQueue

from my_work import items, work

todo, done = SimpleQueue(), SimpleQueue()


def run():
    while (following := todo.get()) is not None:
        index, item = following
        try:
            done.put((index, work(item)))
        except Exception as error:  # it would end the thread, and the others would wait for its answer
            done.put((index, f"{item!r} failed: {error!r}"))


threads = [threading.Thread(target=run) for _ in range(4)]
for thread in threads:
    thread.start()
for indexed in [*enumerate(items), *[None] * len(threads)]:
    todo.put(indexed)
for _, outcome in sorted((done.get() for _ in items), key=lambda indexed: indexed[0]):
    print(outcome)
"""

MODEL = Model(
    name="thread-queue",
    family="threads",
    description="threading.Thread and queue.SimpleQueue",
    when="Many short blocking calls: of all threads these cost least for each task.",
    limits="A program of one's own: what an executor does about errors, results and the end has to be written.",
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="thread",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=not gil_enabled(),
    ),
    open=open_thread_queue,
    availability=always,
    variant=True,
)
