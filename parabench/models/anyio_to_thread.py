"""anyio.to_thread: an event loop that hands synchronous tasks to N threads, as FastAPI and Starlette do.

A thread that was idle for ten seconds is replaced when the next task comes: the new one enters its context with its
first task, inside the round, as it would for anyio's users; the old one leaves its own as it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from parabench.machine.gil import gil_enabled
from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, leave_thread
from parabench.workers.pools import SECONDS_TO_LEAVE


@contextmanager
def open_anyio_to_thread(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the loop and all N threads. anyio ends its threads with the loop's first task, so one stays."""
    from anyio.from_thread import start_blocking_portal

    together, leaving = threading.Barrier(workers), list[threading.Thread]()

    def enter() -> None:
        call.prepare()
        together.wait()

    def leave() -> None:
        together.wait()
        leaving.append(threading.current_thread())
        leave_thread()

    with start_blocking_portal(backend="asyncio") as loop:
        loop.call(_in_every_thread, enter, workers)
        try:
            yield lambda batch: loop.call(_run_batch, batch, workers)
        finally:
            loop.call(_in_every_thread, leave, workers)
    for thread in leaving:  # anyio tells its threads to end, and does not wait for them
        thread.join(SECONDS_TO_LEAVE)


async def _in_every_thread(function: Callable[[], object], workers: int) -> None:
    import anyio

    places = anyio.CapacityLimiter(workers)
    async with anyio.create_task_group() as group:
        for _ in range(workers):
            group.start_soon(lambda: anyio.to_thread.run_sync(function, limiter=places))


async def _run_batch(batch: Batch, workers: int) -> list[Outcome]:
    import anyio

    call = batch.call.bound()
    places = anyio.CapacityLimiter(workers)
    outcomes: dict[int, Outcome] = {}

    async def work(index: int) -> None:
        outcomes[index] = await anyio.to_thread.run_sync(call, batch.items[index], limiter=places)

    async with anyio.create_task_group() as group:
        for index in range(len(batch.items)):
            group.start_soon(work, index)
    return [outcomes[index] for index in range(len(batch.items))]


SNIPPET = """\
import anyio
from anyio.to_thread import run_sync

from my_work import items, work


async def main():
    places, outcomes = anyio.CapacityLimiter(4), {}

    async def run(index, item):
        try:
            outcomes[index] = await run_sync(work, item, limiter=places)
        except Exception as error:  # it would cancel all others
            outcomes[index] = f"{item!r} failed: {error!r}"

    async with anyio.create_task_group() as group:
        for index, item in enumerate(items):
            group.start_soon(run, index, item)
    for index in range(len(items)):
        print(outcomes[index])


anyio.run(main)
"""

MODEL = Model(
    name="anyio-to-thread",
    family="threads",
    description="anyio.to_thread.run_sync with a limiter of N threads",
    when=(
        "Blocking calls from FastAPI, Starlette or any other program on anyio; its endpoints without async run just so."
    ),
    limits=(
        "What holds for threads: with a GIL, pure Python runs on one core. Each call costs more than in a thread pool, "
        "and without a limiter of your own all calls of the program share 40 threads."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="thread",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=not gil_enabled(),
        event_loop="asyncio",
    ),
    open=open_anyio_to_thread,
    availability=needs_extra("anyio", "trio"),
    libraries=("anyio",),
    variant=True,
)
