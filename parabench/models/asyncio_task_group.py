"""asyncio.TaskGroup: one thread, one event loop, N tasks in flight; a group waits for its tasks."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from parabench.models.contract import Capabilities, Model, always
from parabench.records import Outcome
from parabench.task import Batch
from parabench.workers.asyncio_runner import asyncio_opened


async def _run_in_group(work: Callable[[Any], Coroutine[Any, Any, Outcome]], batch: Batch) -> list[Outcome]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(item)) for item in batch.items]
    return [task.result() for task in tasks]


SNIPPET = """\
import asyncio

from my_work import items, work  # async def work(item)


async def main():
    places = asyncio.Semaphore(4)

    async def run(item):
        async with places:
            try:
                return await work(item)
            except Exception as error:  # it would cancel all others
                return f"{item!r} failed: {error!r}"

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(run(item)) for item in items]
    for task in tasks:
        print(task.result())


asyncio.run(main())
"""

MODEL = Model(
    name="asyncio-task-group",
    family="asyncio",
    description="asyncio tasks of a TaskGroup behind a semaphore",
    when="As asyncio, where no task may outlive its block, and one failure is to cancel the others.",
    limits=(
        "What holds for asyncio. An error that a task does not catch cancels all others, so tasks that may fail catch "
        "their own."
    ),
    snippet=SNIPPET,
    capabilities=Capabilities(
        worker="coroutine",
        shares_memory=True,
        pickles=False,
        parallel_bytecode=False,
        accepts_coroutines=True,
        async_library="asyncio",
        event_loop="asyncio",
    ),
    open=functools.partial(asyncio_opened, _run_in_group, "asyncio"),
    availability=always,
    variant=True,
)
