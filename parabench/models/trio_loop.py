"""trio: one thread, one event loop, tasks in a nursery (trio's word for what waits for its tasks), N in flight."""

from __future__ import annotations

import math
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager

from parabench.models.contract import Capabilities, Model, needs_extra
from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall, failed
from parabench.workers.loops import LoopContexts


@contextmanager
def open_trio(workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the loop, which lives in a thread of its own so that contexts outlive a batch, and enter them in it."""
    from anyio.from_thread import start_blocking_portal

    with start_blocking_portal(backend="trio") as loop:
        contexts = LoopContexts()
        try:
            loop.call(contexts.prepare, call)
            yield lambda batch: loop.call(_run_batch, batch, workers, contexts)
        finally:
            loop.call(contexts.leave)


async def _run_batch(batch: Batch, workers: int, contexts: LoopContexts) -> list[Outcome]:
    import trio

    run = await contexts.bound(batch.call, trio.CapacityLimiter(workers))
    outcomes: list[Outcome] = [failed(RuntimeError("it was never started"))] * len(batch.items)

    async def work(index: int) -> None:
        try:
            outcomes[index] = await run(batch.items[index])
        except (CancelledError, trio.Cancelled) as error:
            if trio.current_effective_deadline() == -math.inf:  # the batch is being stopped, and this task with it
                raise
            outcomes[index] = failed(error)  # one task that gave up

    async with trio.open_nursery() as nursery:
        for index in range(len(batch.items)):
            nursery.start_soon(work, index)
    return outcomes


SNIPPET = """\
import trio

from my_work import items, work  # async def work(item)


async def main():
    places, outcomes = trio.CapacityLimiter(4), {}

    async def run(index, item):
        async with places:
            try:
                outcomes[index] = await work(item)
            except Exception as error:  # it would cancel all others
                outcomes[index] = f"{item!r} failed: {error!r}"

    async with trio.open_nursery() as nursery:
        for index, item in enumerate(items):
            nursery.start_soon(run, index, item)
    for index in range(len(items)):
        print(outcomes[index])


trio.run(main)
"""

MODEL = Model(
    name="trio",
    family="asyncio",
    description="trio tasks in a nursery behind a CapacityLimiter",
    when=(
        "Many waits at once, where it matters that nothing outlives its block and that cancelling and time-outs are "
        "certain."
    ),
    limits=(
        "Needs a coroutine on trio or anyio (httpx, not aiohttp). A task that blocks, or computes, holds up all "
        "others, and no second core is used."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="coroutine",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=False,
        accepts_coroutines=True,
        async_library="trio",
        event_loop="trio",
    ),
    open=open_trio,
    availability=needs_extra("trio", "trio", "anyio"),
    libraries=("trio", "anyio"),
    variant=True,
)
