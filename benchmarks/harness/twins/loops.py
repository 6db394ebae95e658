"""Hand-written programs on event loops."""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.harness.twins.attempts import Run, attempt
from workloads.overhead import no_op, no_op_async


@contextmanager
def asyncio_tasks(loop_module: str, workers: int) -> Iterator[Run]:
    async def batch(items: Sequence[Any]) -> list[Any]:
        places = asyncio.Semaphore(workers)

        async def work(item: Any) -> Any:
            async with places:
                return await no_op_async(item)

        return await asyncio.gather(*(work(item) for item in items), return_exceptions=True)

    with asyncio.Runner(loop_factory=importlib.import_module(loop_module).new_event_loop) as runner:
        yield lambda items: runner.run(batch(items))


@contextmanager
def asyncio_group(workers: int) -> Iterator[Run]:
    async def batch(items: Sequence[Any]) -> list[Any]:
        places = asyncio.Semaphore(workers)

        async def work(item: Any) -> Any:
            async with places:
                try:
                    return await no_op_async(item)
                except Exception as error:  # else the group cancels all others
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(item)) for item in items]
        return [task.result() for task in tasks]

    with asyncio.Runner() as runner:
        yield lambda items: runner.run(batch(items))


@contextmanager
def trio_tasks(workers: int) -> Iterator[Run]:
    import trio
    from anyio.from_thread import start_blocking_portal

    async def batch(items: Sequence[Any]) -> list[Any]:
        places = trio.CapacityLimiter(workers)
        results: list[Any] = [None] * len(items)

        async def work(index: int) -> None:
            async with places:
                try:
                    results[index] = await no_op_async(items[index])
                except Exception as error:
                    results[index] = error

        async with trio.open_nursery() as nursery:
            for index in range(len(items)):
                nursery.start_soon(work, index)
        return results

    with start_blocking_portal(backend="trio") as loop:
        yield lambda items: loop.call(batch, items)


@contextmanager
def asyncio_to_thread(workers: int) -> Iterator[Run]:
    async def batch(items: Sequence[Any]) -> list[Any]:
        return await asyncio.gather(*(asyncio.to_thread(no_op, item) for item in items), return_exceptions=True)

    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(concurrent.futures.ThreadPoolExecutor(workers))
        yield lambda items: runner.run(batch(items))


@contextmanager
def anyio_to_thread(workers: int) -> Iterator[Run]:
    import anyio
    from anyio.from_thread import start_blocking_portal

    async def batch(items: Sequence[Any]) -> list[Any]:
        places = anyio.CapacityLimiter(workers)
        results: list[Any] = [None] * len(items)

        async def work(index: int) -> None:
            results[index] = await anyio.to_thread.run_sync(attempt, items[index], limiter=places)

        async with anyio.create_task_group() as group:
            for index in range(len(items)):
                group.start_soon(work, index)
        return results

    with start_blocking_portal() as loop:
        yield lambda items: loop.call(batch, items)
