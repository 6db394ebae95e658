"""multiprocessing.Pool.map: N processes that take one task, or chunk of tasks, after the other from a shared pipe."""

from __future__ import annotations

import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, lost
from parabench.workers.installed import function_for, outcomes_of
from parabench.workers.pool_of_multiprocessing import NotingPool, end_of_results, release_locks
from parabench.workers.pools import DEFAULT_START_METHOD, NewChildren, answer, prepare_process, wait_for_workers


@contextmanager
def open_mp_pool(workers: int, call: TaskCall, *, chunk: str = "1") -> Iterator[Run]:
    """Start the pool and keep hold of its first processes: their deaths are what the pool itself does not report."""
    children, made = NewChildren(workers, call, DEFAULT_START_METHOD), list[BaseProcess]()
    pool = NotingPool(made, workers, prepare_process, (call,), context=multiprocessing.get_context())
    children.note(made[:workers])
    reader, writer = multiprocessing.Pipe(duplex=False)
    sentinels: list[Any] = [reader, *(process.sentinel for process in children.processes)]

    def map_each(function: Callable[[Any], Any], items: Sequence[Any], chunksize: int | None) -> list[Any]:
        """What the function answered, by item; None is what was lost with a process."""
        if children.broken or not items:
            return [None] * len(items)
        # `map` waits for ever for what was lost, so this waits for its end and for that of any process.
        result = pool.map_async(function, items, chunksize, callback=_wake(writer), error_callback=_wake(writer))
        if reader in wait(sentinels):
            reader.recv_bytes()
            return result.get()
        return list(result._value)  # type: ignore[attr-defined]  # noqa: SLF001  # nothing else tells what has come

    def ask(pauses: list[float]) -> list[str]:
        answers = map_each(answer, pauses, 1)
        if None in answers:
            raise children.death(signal.SIGTERM)
        return answers

    def run(batch: Batch) -> list[Outcome]:
        answers = map_each(function_for(call, batch.call), batch.items, None if chunk == "auto" else 1)
        return outcomes_of(answers, lost(children.death(signal.SIGTERM)) if None in answers else None)

    ended_well = False
    try:
        wait_for_workers(workers, ask)
        yield run
        ended_well = not children.broken
    finally:
        if ended_well:
            children.end(functools.partial(_close, pool))
        children.end(pool.terminate, functools.partial(release_locks, pool), functools.partial(end_of_results, pool))
        reader.close()
        writer.close()


def _wake(writer: Connection) -> Callable[[Any], None]:
    return lambda _: writer.send_bytes(b"done")


def _close(pool: NotingPool) -> None:
    pool.close()
    pool.join()


SNIPPET = """\
import multiprocessing

from my_work import items, work


def attempt(item):  # one error would end the whole map
    try:
        return work(item)
    except Exception as error:
        return f"{item!r} failed: {error!r}"


if __name__ == "__main__":
    with multiprocessing.Pool(4) as pool:
        for result in pool.map_async(attempt, items, chunksize=1).get(timeout=60):  # a dead worker's never comes
            print(result)
        pool.close()
        pool.join()  # the end of the block would kill workers that have not yet written what they print
"""

MODEL = Model(
    name="mp-pool",
    family="processes",
    description="multiprocessing.Pool.map",
    when="Pure Python on all cores, many tasks; its messages cost least of all pools of processes.",
    limits="A dead worker is replaced without a word: its task has to be waited for with a time-out.",
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process", shares_memory=False, pickles=True, parallel_bytecode=True, start_method=DEFAULT_START_METHOD
    ),
    open=open_mp_pool,
    availability=always,
    chunks=("1", "auto"),
)
