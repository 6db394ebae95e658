"""multiprocessing.Pool.map: N processes that take one task, or chunk of tasks, after the other from a shared pipe."""

from __future__ import annotations

import functools
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.pool import Pool
from typing import Any

from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, lost
from parabench.workers.installed import function_for, outcomes_of
from parabench.workers.pools import DEFAULT_START_METHOD, NewChildren, answer, prepare_process, wait_for_workers


@contextmanager
def open_mp_pool(workers: int, call: TaskCall, *, chunk: str = "1") -> Iterator[Run]:
    """Start the pool and keep hold of its first processes: their deaths are what the pool itself does not report."""
    children = NewChildren(workers)
    pool = multiprocessing.Pool(workers, prepare_process, (call,))
    children.look()
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
        children.end(pool.terminate)
        reader.close()
        writer.close()


def _wake(writer: Connection) -> Callable[[Any], None]:
    return lambda _: writer.send_bytes(b"done")


def _close(pool: Pool) -> None:
    pool.close()
    pool.join()


SNIPPET = """\
import multiprocessing

from my_work import items, work

if __name__ == "__main__":
    with multiprocessing.Pool(4) as pool:
        results = [pool.apply_async(work, (item,)) for item in items]
        for item, result in zip(items, results):
            try:
                print(result.get(timeout=60))  # what a dead worker had never comes
            except Exception as error:
                print(f"{item!r} failed: {error!r}")
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
