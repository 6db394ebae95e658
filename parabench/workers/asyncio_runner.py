"""An asyncio loop that a model opens once: contexts are entered in it before the first batch, left after the last."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from parabench.records import Outcome
from parabench.task import Batch, Run, TaskCall
from parabench.workers.loops import LoopContexts

#: Runs a batch in the loop that it is awaited in: `work` awaits one item, and is one failed outcome if that fails.
RunBatch = Callable[[Callable[[Any], Coroutine[Any, Any, Outcome]], Batch], Coroutine[Any, Any, list[Outcome]]]


@contextmanager
def asyncio_opened(run_batch: RunBatch, loop_module: str, workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the loop and enter the coroutine twin's context in it; a task without a twin blocks the loop."""

    async def in_loop(batch: Batch) -> list[Outcome]:
        # One task that gave up is one failed task; the loop itself is not being stopped.
        gave_up = (asyncio.CancelledError,)
        return await run_batch(await contexts.bound(batch.call, asyncio.Semaphore(workers), gave_up=gave_up), batch)

    with asyncio.Runner(loop_factory=importlib.import_module(loop_module).new_event_loop) as runner:
        contexts = LoopContexts()
        try:
            runner.run(contexts.prepare(call))
            yield lambda batch: runner.run(in_loop(batch))
        finally:
            runner.run(contexts.leave())
