"""asyncio: one thread, one event loop, N tasks in flight; on the standard loop and on uvloop."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from parabench.models.contract import Capabilities, Model, always, needs_extra
from parabench.records import Outcome
from parabench.task import Batch
from parabench.workers.asyncio_runner import asyncio_opened


async def _gather(work: Callable[[Any], Coroutine[Any, Any, Outcome]], batch: Batch) -> list[Outcome]:
    """One asyncio task for each item, N of them past the semaphore: the form that asyncio's users write.

    N runners that take items from one iterator would be cheaper, because they are no task for each item.
    """
    return await asyncio.gather(*(work(item) for item in batch.items))


SNIPPET = """\
import asyncio

from my_work import items, work  # async def work(item)


async def main():
    places = asyncio.Semaphore(4)

    async def run(item):
        async with places:
            return await work(item)

    outcomes = await asyncio.gather(*map(run, items), return_exceptions=True)
    for item, outcome in zip(items, outcomes):
        print(f"{item!r} failed: {outcome!r}" if isinstance(outcome, BaseException) else outcome)


asyncio.run(main())
"""


def _model(
    name: str, description: str, when: str, loop_module: str, availability: Callable[[], Any], *libraries: str
) -> Model:
    return Model(
        name=name,
        family="asyncio",
        description=description,
        when=when,
        limits=(
            "Needs a coroutine: a task that blocks, or computes, holds up all others, and no second core is used. "
            "The client library has to be an asynchronous one."
        ),
        snippet=SNIPPET
        if loop_module == "asyncio"
        else SNIPPET.replace("asyncio.run", f"{loop_module}.run").replace(
            "import asyncio\n\n", f"import asyncio\n\nimport {loop_module}\n", 1
        ),
        capabilities=Capabilities(
            worker="coroutine",
            shares_memory=True,
            pickles=False,
            parallel_bytecode=False,
            accepts_coroutines=True,
            async_library="asyncio",
            event_loop=loop_module,
        ),
        open=functools.partial(asyncio_opened, _gather, loop_module),
        availability=availability,
        libraries=libraries,
        variant=bool(libraries),
    )


MODELS = (
    _model(
        "asyncio",
        "asyncio tasks behind a semaphore",
        "Many waits at once, hundreds of connections and more, with an asynchronous client: the least cost for each.",
        "asyncio",
        always,
    ),
    _model(
        "asyncio-uvloop",
        "the same on uvloop's event loop",
        "As asyncio, where the loop itself is busy: many small messages over many connections.",
        "uvloop",
        needs_extra("uvloop", "uvloop"),
        "uvloop",
    ),
)
