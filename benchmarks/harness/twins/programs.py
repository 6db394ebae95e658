"""The shortest honest program for each local model: the same library, the same workers, a task that does nothing.

Honest is a program that a task's failure does not end: it keeps a value or an error for every item, in their order.
Each is a context manager that starts N workers and yields what runs a batch on them.
"""

from __future__ import annotations

import concurrent.futures
import functools
import math
import multiprocessing
import multiprocessing.connection
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

from benchmarks.harness.twins.attempts import (
    Program,
    Result,
    Run,
    attempt,
    attempt_each,
    attempt_indexed,
    result_of,
)
from benchmarks.harness.twins.gevent_program import gevent_script
from benchmarks.harness.twins.loops import anyio_to_thread, asyncio_group, asyncio_tasks, asyncio_to_thread, trio_tasks
from workloads.overhead import no_op


@contextmanager
def sequential(workers: int) -> Iterator[Run]:
    def run(items: Sequence[Any]) -> list[Any]:
        results = []
        for item in items:
            try:
                results.append(Result(no_op(item)))
            except Exception as error:  # one task's failure is not that of the batch
                results.append(Result(None, error))
        return results

    yield run


@contextmanager
def thread_pool(workers: int) -> Iterator[Run]:
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield lambda items: list(pool.map(attempt, items))


@contextmanager
def thread_queue(workers: int) -> Iterator[Run]:
    todo: SimpleQueue[Any] = SimpleQueue()
    done: SimpleQueue[Any] = SimpleQueue()

    def work() -> None:
        while (following := todo.get()) is not None:
            index, item = following
            try:
                done.put((index, Result(no_op(item))))
            except Exception as error:
                done.put((index, Result(None, error)))

    def run(items: Sequence[Any]) -> list[Any]:
        for indexed in enumerate(items):
            todo.put(indexed)
        results: list[Any] = [None] * len(items)
        for _ in items:
            index, result = done.get()
            results[index] = result
        return results

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    yield run
    for _ in threads:
        todo.put(None)
    for thread in threads:
        thread.join()


@contextmanager
def thread_per_task(workers: int) -> Iterator[Run]:
    def run(items: Sequence[Any]) -> list[Any]:
        results: list[Any] = [None] * len(items)
        places = threading.Semaphore(workers)

        def work(index: int) -> None:
            results[index] = attempt(items[index])
            places.release()

        threads = []
        for index in range(len(items)):
            places.acquire()
            threads.append(threading.Thread(target=work, args=(index,)))
            threads[-1].start()
        for thread in threads:
            thread.join()
        return results

    yield run


@contextmanager
def executor_of_processes(start_method: str, workers: int) -> Iterator[Run]:
    context = multiprocessing.get_context(start_method)
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool:
        yield lambda items: [result_of(future) for future in [pool.submit(no_op, item) for item in items]]


@contextmanager
def executor_of_processes_auto(start_method: str, workers: int) -> Iterator[Run]:
    context = multiprocessing.get_context(start_method)
    with concurrent.futures.ProcessPoolExecutor(workers, context) as pool:
        yield lambda items: list(pool.map(attempt, items, chunksize=math.ceil(len(items) / (4 * workers))))


@contextmanager
def interpreters(workers: int) -> Iterator[Run]:
    executor = concurrent.futures.InterpreterPoolExecutor  # type: ignore[attr-defined]  # Python 3.14 and newer
    with executor(workers) as pool:
        yield lambda items: [result_of(future) for future in [pool.submit(no_op, item) for item in items]]


@contextmanager
def interpreters_auto(workers: int) -> Iterator[Run]:
    # This executor takes `chunksize` and ignores it, as that of threads does: chunks are made by hand.
    executor = concurrent.futures.InterpreterPoolExecutor  # type: ignore[attr-defined]  # Python 3.14 and newer
    with executor(workers) as pool:

        def run(items: Sequence[Any]) -> list[Any]:
            size = math.ceil(len(items) / (4 * workers))
            chunks = [items[start : start + size] for start in range(0, len(items), size)]
            return [result for results in pool.map(attempt_each, chunks) for result in results]

        yield run


@contextmanager
def mp_pool(workers: int, chunksize: int | None = 1) -> Iterator[Run]:
    with multiprocessing.Pool(workers) as pool:
        yield lambda items: pool.map(attempt, items, chunksize)


@contextmanager
def mp_pool_unordered(workers: int) -> Iterator[Run]:
    with multiprocessing.Pool(workers) as pool:

        def run(items: Sequence[Any]) -> list[Any]:
            results: list[Any] = [None] * len(items)
            for index, result in pool.imap_unordered(attempt_indexed, enumerate(items)):
                results[index] = result
            return results

        yield run


@contextmanager
def process_per_task(workers: int) -> Iterator[Run]:
    def run(items: Sequence[Any]) -> list[Any]:
        results: list[Any] = [None] * len(items)
        running: dict[Any, tuple[int, multiprocessing.Process]] = {}
        waiting = iter(enumerate(items))
        while True:
            while len(running) < workers and (following := next(waiting, None)) is not None:
                index, item = following
                reader, writer = multiprocessing.Pipe(duplex=False)
                process = multiprocessing.Process(target=send_attempt, args=(item, writer))
                process.start()
                writer.close()
                running[reader] = index, process
            if not running:
                return results
            ready: list[Any] = multiprocessing.connection.wait(list(running))
            for reader in ready:
                index, process = running.pop(reader)
                results[index] = reader.recv()
                process.join()

    yield run


def send_attempt(item: Any, writer: Any) -> None:
    """What a process of one task does."""
    writer.send(attempt(item))


@contextmanager
def joblib_loky(workers: int, batch_size: int | str = 1) -> Iterator[Run]:
    import joblib

    with joblib.Parallel(workers, batch_size=batch_size) as parallel:
        yield lambda items: parallel(joblib.delayed(attempt)(item) for item in items)


#: (model, chunk) -> its twin.
TWINS: dict[tuple[str, str], Program] = {
    ("sequential", "1"): sequential,
    ("thread-pool", "1"): thread_pool,
    ("thread-queue", "1"): thread_queue,
    ("thread-per-task", "1"): thread_per_task,
    **{
        (f"process-pool-{start_method}", chunk): functools.partial(program, start_method)
        for start_method in ("fork", "forkserver", "spawn")
        for chunk, program in (("1", executor_of_processes), ("auto", executor_of_processes_auto))
    },
    ("mp-pool", "1"): mp_pool,
    ("mp-pool", "auto"): functools.partial(mp_pool, chunksize=None),
    ("process-per-task", "1"): process_per_task,
    ("joblib-loky", "1"): joblib_loky,
    ("joblib-loky", "auto"): functools.partial(joblib_loky, batch_size="auto"),
    ("interpreters", "1"): interpreters,
    ("interpreters", "auto"): interpreters_auto,
    ("asyncio", "1"): functools.partial(asyncio_tasks, "asyncio"),
    ("asyncio-uvloop", "1"): functools.partial(asyncio_tasks, "uvloop"),
    ("asyncio-task-group", "1"): asyncio_group,
    ("trio", "1"): trio_tasks,
    ("asyncio-to-thread", "1"): asyncio_to_thread,
    ("anyio-to-thread", "1"): anyio_to_thread,
    ("gevent", "1"): gevent_script,
}
#: Other ways to write some of them, which are no models of their own unless they cost something else.
FORMS: dict[tuple[str, str], tuple[str, Program]] = {
    ("mp-pool", "1"): ("imap_unordered", mp_pool_unordered),
}
