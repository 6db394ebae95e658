"""asyncio: one thread, one event loop, N tasks in flight; on the standard loop and on uvloop."""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from parabench.models.contract import Capabilities, Model, always, needs_extra
from parabench.records import Outcome
from parabench.task import Batch, LoopContexts, Run, TaskCall, failed


@contextmanager
def open_asyncio(loop_module: str, workers: int, call: TaskCall) -> Iterator[Run]:
    """Start the loop and enter the coroutine twin's context in it; a task without a twin blocks the loop."""
    new_event_loop = importlib.import_module(loop_module).new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        contexts = LoopContexts()
        try:
            runner.run(contexts.prepare(call))

            def run(batch: Batch) -> list[Outcome]:
                return runner.run(_run_batch(batch, workers, contexts))

            yield run
        finally:
            runner.run(contexts.leave())


async def _run_batch(batch: Batch, workers: int, contexts: LoopContexts) -> list[Outcome]:
    places = asyncio.Semaphore(workers)

    async def work(item: Any) -> Outcome:
        async with places:
            try:
                return await contexts.call(batch.call, item)
            except asyncio.CancelledError as error:  # one task that gave up; the loop itself is not being stopped
                return failed(error)

    return await asyncio.gather(*(work(item) for item in batch.items))


def _model(name: str, description: str, loop_module: str, availability: Callable[[], Any], *libraries: str) -> Model:
    return Model(
        name=name,
        family="asyncio",
        description=description,
        capabilities=Capabilities(
            worker="coroutine",
            shares_memory=True,
            pickles=False,
            parallel_bytecode=False,
            accepts_coroutines=True,
            async_library="asyncio",
            event_loop=loop_module,
        ),
        open=functools.partial(open_asyncio, loop_module),
        availability=availability,
        libraries=libraries,
        variant=bool(libraries),
    )


MODELS = (
    _model("asyncio", "asyncio tasks behind a semaphore", "asyncio", always),
    _model("asyncio-uvloop", "the same on uvloop's event loop", "uvloop", needs_extra("uvloop", "uvloop"), "uvloop"),
)
