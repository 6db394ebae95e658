"""concurrent.futures.InterpreterPoolExecutor: N threads, each with a subinterpreter and a GIL of its own."""

from __future__ import annotations

import atexit
import concurrent.futures
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from parabench.models.contract import Capabilities, Model
from parabench.records import Outcome, Unavailable
from parabench.task import Batch, Run, TaskCall, failed, leave_process
from parabench.workers.installed import function_for, install, one_by_one, outcomes_of
from parabench.workers.pools import answer, chunks_of, wait_for_workers


@contextmanager
def open_interpreters(workers: int, call: TaskCall, *, chunk: str = "1") -> Iterator[Run]:
    """Start all N interpreters: the executor alone would start them one by one, as tasks arrive."""
    executor = concurrent.futures.InterpreterPoolExecutor  # type: ignore[attr-defined]  # Python 3.14 and newer
    with executor(workers, initializer=_prepare, initargs=(call,)) as pool:
        wait_for_workers(workers, lambda pauses: pool.map(answer, pauses))

        def run(batch: Batch) -> list[Outcome]:
            chunks = chunk == "auto"
            # `Executor.map` of threads and interpreters takes a chunksize and makes no chunks.
            parts = chunks_of(batch.items, workers) if chunks else batch.items
            function = function_for(call, batch.call, chunks=chunks)
            answers = [_answer(future) for future in [pool.submit(function, part) for part in parts]]
            return outcomes_of(one_by_one(answers, parts) if chunks else answers)

        yield run


def _prepare(call: TaskCall) -> None:
    # A context for each interpreter, which has one thread, whose thread-locals do not outlive a task there.
    install(replace(call, context_scope="worker"))
    atexit.register(leave_process)  # an interpreter runs these callbacks when it is closed


def _answer(future: concurrent.futures.Future[Any]) -> Any:
    try:
        return future.result()
    except BaseException as error:  # the item does not pickle
        if not future.done():  # it was the caller who was interrupted
            raise
        return failed(error)


def _availability() -> Unavailable | None:
    if platform.python_implementation() != "CPython":
        return Unavailable("needs CPython: this interpreter has no subinterpreters")
    return None if sys.version_info >= (3, 14) else Unavailable("needs Python 3.14 or newer")


SNIPPET = """\
from concurrent.futures import InterpreterPoolExecutor

from my_work import items, work

with InterpreterPoolExecutor(4) as pool:
    futures = [pool.submit(work, item) for item in items]
    for item, future in zip(items, futures):
        try:
            print(future.result())
        except Exception as error:
            print(f"{item!r} failed: {error!r}")
"""

MODEL = Model(
    name="interpreters",
    family="interpreters",
    description="concurrent.futures.InterpreterPoolExecutor",
    when="Pure Python on all cores with less memory and a quicker start than processes.",
    limits=(
        "CPython 3.14 and newer. Many extension modules refuse to be imported there (numpy among them), items and "
        "values are pickled, and a crash takes the whole program along."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(worker="interpreter", shares_memory=False, pickles=True, parallel_bytecode=True),
    open=open_interpreters,
    availability=_availability,
    chunks=("1", "auto"),
)
