"""concurrent.futures.ProcessPoolExecutor: N processes that take one task after the other, by start method."""

from __future__ import annotations

import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

from parabench.errors import WorkerDied
from parabench.models.contract import Capabilities, Model
from parabench.records import Outcome, Unavailable
from parabench.task import Batch, Run, TaskCall, failed, lost
from parabench.workers.installed import function_for, one_by_one, outcomes_of
from parabench.workers.pools import NewChildren, answer, chunks_of, prepare_process, wait_for_workers


@contextmanager
def open_process_pool(start_method: str, workers: int, call: TaskCall, *, chunk: str = "1") -> Iterator[Run]:
    """Start all N processes: the executor alone would start spawned ones as tasks arrive."""
    children = NewChildren(workers, call, start_method)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context(start_method), prepare_process, (call,))

    def ask(pauses: list[float]) -> Iterator[str]:
        answers = pool.map(answer, pauses)
        children.look()
        return answers

    def run(batch: Batch) -> list[Outcome]:
        chunks = chunk == "auto"  # submitted as `Executor.map` does, whose results end with the first lost one
        parts = chunks_of(batch.items, workers) if chunks else batch.items
        futures = _submit(pool, function_for(call, batch.call, chunks=chunks), parts)
        answers = [_answer(future) for future in futures] + [None] * (len(parts) - len(futures))
        loss = lost(_death(pool, children)) if None in answers else None
        return outcomes_of(one_by_one(answers, parts) if chunks else answers, loss)

    try:
        try:
            wait_for_workers(workers, ask)
        except BrokenProcessPool:
            raise _death(pool, children) from None
        yield run
    finally:
        children.end(functools.partial(pool.shutdown, cancel_futures=True))


def _death(pool: ProcessPoolExecutor, children: NewChildren) -> WorkerDied:
    children.end(pool.shutdown)  # exit codes are certain once the executor has joined its processes
    return children.death(signal.SIGTERM)


def _submit(pool: ProcessPoolExecutor, function: Callable[[Any], Any], parts: Sequence[Any]) -> list[Future[Any]]:
    """One future for each item or chunk; fewer when the pool breaks on the way."""
    futures: list[Future[Any]] = []
    try:
        for part in parts:
            futures.append(pool.submit(function, part))  # noqa: PERF401  # those already submitted are kept
    except BrokenProcessPool:
        pass
    return futures


def _answer(future: Future[Any]) -> Any:  # None when it was lost with a worker
    try:
        return future.result()
    except BrokenProcessPool:
        return None
    except BaseException as error:  # the item does not pickle
        if not future.done():  # it was the caller who was interrupted
            raise
        return failed(error)


def _availability(start_method: str) -> Unavailable | None:
    known = start_method in multiprocessing.get_all_start_methods()
    return None if known else Unavailable(f"this platform has no start method '{start_method}'")


SNIPPET = """\
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from my_work import items, work
if __name__ == "__main__":
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("START_METHOD")) as pool:
        futures = [pool.submit(work, item) for item in items]
        for item, future in zip(items, futures):
            try:
                print(future.result())
            except Exception as error:  # BrokenProcessPool, for this and all later ones, when a worker died
                print(f"{item!r} failed: {error!r}")
"""


def _model(start_method: str, when: str, limits: str) -> Model:
    return Model(
        name=f"process-pool-{start_method}",
        family="processes",
        description=f"concurrent.futures.ProcessPoolExecutor, start method {start_method}",
        when=f"Pure Python on all cores, {when}.",
        limits=f"{limits} Items and values are pickled; a dead worker breaks the pool.",
        snippet=SNIPPET.replace("START_METHOD", start_method),
        capabilities=Capabilities(
            worker="process", shares_memory=False, pickles=True, parallel_bytecode=True, start_method=start_method
        ),
        open=functools.partial(open_process_pool, start_method),
        availability=functools.partial(_availability, start_method),
        variant=start_method != multiprocessing.get_all_start_methods()[0],  # the default comes first
        chunks=("1", "auto"),
    )


MODELS = (
    _model("fork", "from a program without threads, with the quickest start", "Forking with threads can deadlock."),
    _model("forkserver", "from a program with threads", "Workers import the work anew; not on Windows."),
    _model("spawn", "on every platform", "Workers start an interpreter (0.1 s) and import the work anew."),
)
