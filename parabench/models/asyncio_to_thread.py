"""asyncio.to_thread: an event loop that hands synchronous tasks to N threads."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from parabench.machine.gil import gil_enabled
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, leave_thread


@contextmanager
def open_asyncio_to_thread(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the loop and all N threads of its default executor; the runner ends both."""
    together = threading.Barrier(workers)

    def leave() -> None:
        together.wait()
        leave_thread()

    with asyncio.Runner() as runner:
        executor = ThreadPoolExecutor(workers, initializer=call.prepare)
        runner.get_loop().set_default_executor(executor)
        runner.run(_in_every_thread(together.wait, workers))

        def run(batch: Batch) -> list[Outcome]:
            return runner.run(_run_batch(batch))

        try:
            yield run
        finally:
            runner.run(_in_every_thread(leave, workers))


async def _in_every_thread(function: Callable[[], object], workers: int) -> None:
    await asyncio.gather(*(asyncio.to_thread(function) for _ in range(workers)))


async def _run_batch(batch: Batch) -> list[Outcome]:
    call = batch.call.bound()
    return await asyncio.gather(*(asyncio.to_thread(call, item) for item in batch.items))


SNIPPET = """\
import asyncio
from concurrent.futures import ThreadPoolExecutor

from my_work import items, work


async def main():
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
    outcomes = await asyncio.gather(*(asyncio.to_thread(work, item) for item in items), return_exceptions=True)
    for item, outcome in zip(items, outcomes):
        print(f"{item!r} failed: {outcome!r}" if isinstance(outcome, BaseException) else outcome)


asyncio.run(main())
"""

MODEL = Model(
    name="asyncio-to-thread",
    family="threads",
    description="asyncio.to_thread on a default executor of N threads",
    when="Blocking calls from a program that has an asyncio loop already.",
    limits=(
        "What holds for threads: with a GIL, pure Python runs on one core. Each call goes through the loop, so it "
        "costs more than in a thread pool; a cancelled call goes on in its thread."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="thread",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=not gil_enabled(),
        event_loop="asyncio",
    ),
    open=open_asyncio_to_thread,
    availability=always,
)
