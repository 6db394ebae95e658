"""multiprocessing.Pool: N processes that take one task after the other from a shared pipe."""

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
from parabench.task import Batch, Run, TaskCall, failed, lost
from parabench.workers.pools import DEFAULT_START_METHOD, NewChildren, answer, prepare_process, wait_for_workers


@contextmanager
def open_mp_pool(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the pool and keep hold of its first processes: their deaths are what the pool itself does not report."""
    children = NewChildren(workers)
    pool = multiprocessing.Pool(workers, prepare_process, (call,))
    children.look()
    reader, writer = multiprocessing.Pipe(duplex=False)
    sentinels: list[Any] = [reader, *(process.sentinel for process in children.processes)]

    def call_each(function: Callable[[Any], Any], items: Sequence[Any]) -> dict[int, Any]:
        """What the function returned, or raised, by index; some are missing when a process has ended."""
        results = _Results(len(items), writer)
        if children.ended():
            return {}
        _ask_for(results, pool, function, items)
        if items and reader in wait(sentinels):
            reader.recv_bytes()
        return dict(results.by_index)

    def ask(pauses: list[float]) -> list[str]:
        answers = call_each(answer, pauses)
        if len(answers) < len(pauses):
            raise children.death(signal.SIGTERM)
        return list(answers.values())

    def run(batch: Batch) -> list[Outcome]:
        results = call_each(batch.call, batch.items)
        loss = lost(children.death(signal.SIGTERM)) if len(results) < len(batch.items) else None
        return [_outcome(results.get(index, loss)) for index in range(len(batch.items))]

    ended_well = False
    try:
        wait_for_workers(workers, ask)
        yield run
        ended_well = not children.ended()
    finally:
        if ended_well:
            children.end(functools.partial(_close, pool))
        children.end(pool.terminate)
        reader.close()
        writer.close()


class _Results:
    """Collects what one batch gives; the one thread of the pool that handles results adds to it."""

    def __init__(self, expected: int, writer: Connection) -> None:
        self.by_index: dict[int, Any] = {}
        self._expected = expected
        self._writer = writer

    def add(self, index: int, result: Any) -> None:
        """Take one result; the last one wakes the caller."""
        self.by_index[index] = result
        if len(self.by_index) == self._expected:
            self._writer.send_bytes(b"done")


def _ask_for(results: _Results, pool: Pool, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
    for index, item in enumerate(items):
        done = functools.partial(results.add, index)
        pool.apply_async(function, (item,), callback=done, error_callback=done)


def _close(pool: Pool) -> None:
    pool.close()
    pool.join()


def _outcome(result: Any) -> Outcome:
    return failed(result) if isinstance(result, BaseException) else result  # an exception: the value does not pickle


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
    description="multiprocessing.Pool, one task per message",
    when="Pure Python on all cores, many tasks; its messages cost least of all pools of processes.",
    limits="A dead worker is replaced without a word: its task has to be waited for with a time-out.",
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="process", shares_memory=False, pickles=True, parallel_bytecode=True, start_method=DEFAULT_START_METHOD
    ),
    open=open_mp_pool,
    availability=always,
)
