"""threading.Thread: a new thread for each task, never more than N at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from parabench.machine.gil import gil_enabled
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, failed, leave_thread


@contextmanager
def open_thread_per_task(workers: int, call: TaskCall) -> Iterator[Run]:
    """No thread outlives its task: what can be prepared is what all threads share, the imported task above all.

    A context of thread scope is entered and left by every single thread: that is what this model costs.
    """
    first = threading.Thread(target=_prepare, args=(call,))
    first.start()
    first.join()

    def run(batch: Batch) -> list[Outcome]:
        return _run_batch(batch, workers)

    yield run


def _run_batch(batch: Batch, workers: int) -> list[Outcome]:
    outcomes: list[Any] = [None] * len(batch.items)
    places = threading.Semaphore(workers)
    threads: list[threading.Thread] = []
    call = batch.call.bound()
    leave = leave_thread if batch.call.enters_each_thread else _nothing

    def work(index: int, item: Any) -> None:
        try:
            outcomes[index] = call(item)
        except BaseException as error:  # SystemExit would end the thread without a word
            outcomes[index] = failed(error)
        finally:
            leave()
            places.release()

    try:
        for index, item in enumerate(batch.items):
            places.acquire()
            thread = threading.Thread(target=work, args=(index, item))
            thread.start()
            threads.append(thread)
    finally:
        for thread in threads:
            thread.join()
    return outcomes


def _nothing() -> None:
    """What a thread has to leave that has entered nothing."""


def _prepare(call: TaskCall) -> None:
    call.prepare()
    leave_thread()


SNIPPET = """\
import threading

from my_work import items, work

places, outcomes, threads = threading.Semaphore(4), {}, []


def run(index, item):
    try:
        outcomes[index] = work(item)
    except Exception as error:  # nobody else would see it
        outcomes[index] = f"{item!r} failed: {error!r}"
    finally:
        places.release()


for index, item in enumerate(items):
    places.acquire()
    threads.append(threading.Thread(target=run, args=(index, item)))
    threads[-1].start()
for index, thread in enumerate(threads):
    thread.join()
    print(outcomes[index])
"""

MODEL = Model(
    name="thread-per-task",
    family="threads",
    description="a new threading.Thread for each task",
    when="Few, long tasks that wait, each of which should start with thread-local state of its own.",
    limits=(
        "The cost of a new thread for each task, and what each of them opens (a session, a connection) is opened anew. "
        "With a GIL, pure Python runs on one core."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(worker="thread", shares_memory=True, pickles=False, parallel_bytecode=not gil_enabled()),
    open=open_thread_per_task,
    availability=always,
    variant=True,
)
