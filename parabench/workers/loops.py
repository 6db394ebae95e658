"""What an event loop enters once, and how it awaits a task: shared by the models that accept coroutines."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any

from parabench.records import Outcome
from parabench.task import (
    TASK_ERRORS,
    TaskCall,
    asynchronous_context,
    call_with_context,
    coroutine_of,
    failed,
    find,
    untraced,
)
from parabench.task.tracing import tracer
from parabench.workers.loop_ticks import begin_ticks

#: A NamedTuple made by its own constructor takes twice as long.
_tuple = tuple.__new__


class LoopContexts:
    """What one event loop has entered, whichever library runs it: a model makes one for its loop, and leaves it."""

    def __init__(self) -> None:
        self._bound: dict[TaskCall, Callable[[Any], Any]] = {}
        self._stack = AsyncExitStack()

    async def prepare(self, call: TaskCall) -> None:
        """Enter the context of the coroutine twin, or the synchronous one when the task has none, before any task.

        An error here is left for the tasks: see `TaskCall.prepare`.
        """
        if call.task_async is None:
            call.prepare()
            return
        with contextlib.suppress(Exception):
            await self._enter(untraced(call))

    async def bound(
        self, call: TaskCall, places: AbstractAsyncContextManager[Any], gave_up: tuple[type[BaseException], ...] = ()
    ) -> Callable[[Any], Coroutine[Any, Any, Outcome]]:
        """What awaits the coroutine twin with one item, in one of so many places; bound once for a batch.

        A task without a twin runs in the loop's own thread and blocks it. `gave_up` are further errors with which a
        task may end without taking the loop along.
        """
        if call.traced:
            begin_ticks()
        if call.task_async is None:
            return _blocking(call.bound(), places)
        try:
            function = await self._enter(untraced(call))
        except Exception:  # each task tries again, and reports why
            function = functools.partial(self._enter_and_await, untraced(call))
        errors: tuple[type[BaseException], ...] = (*TASK_ERRORS, *gave_up)

        async def run(item: Any) -> Outcome:
            async with places:
                try:
                    return _tuple(Outcome, (await function(item), None, None))
                except errors as error:
                    return failed(error)

        async def run_traced(item: Any) -> Outcome:
            async with places:
                started = time.monotonic()
                try:
                    outcome = Outcome(await function(item))
                except errors as error:
                    outcome = failed(error)
                return tracer().shared(outcome, started)

        return run_traced if call.traced else run

    async def _enter_and_await(self, call: TaskCall, item: Any) -> Any:
        return await (await self._enter(call))(item)

    async def leave(self) -> None:
        """Leave what was entered in this loop."""
        self._bound.clear()
        await self._stack.aclose()

    async def _enter(self, call: TaskCall) -> Callable[[Any], Any]:
        # Models prepare before the first task, so that no two tasks enter at once.
        if call not in self._bound:
            assert call.task_async is not None
            function = coroutine_of(call) if call.is_coroutine else find(call.task_async)
            if call.context_async is not None:
                value = await self._stack.enter_async_context(asynchronous_context(call))
                function = functools.partial(call_with_context, function, value)
            self._bound[call] = function
        return self._bound[call]


def _blocking(
    run: Callable[[Any], Outcome], places: AbstractAsyncContextManager[Any]
) -> Callable[[Any], Coroutine[Any, Any, Outcome]]:
    async def run_and_block(item: Any) -> Outcome:
        async with places:
            return run(item)

    return run_and_block
