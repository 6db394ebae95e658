"""A coroutine function as a function that anybody can call: an event loop of the calling thread drives it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from typing import Any

Function = Callable[..., Coroutine[Any, Any, Any]]


@contextmanager
def driven(
    function: Function, context: Callable[[], AbstractAsyncContextManager[Any]] | None = None
) -> Iterator[Callable[[Any], Any]]:
    """Start an event loop in the calling thread, and give what drives the coroutine of one item to its end in it.

    With a `context`, it is entered in this loop, and its value is the function's second argument. A coroutine that
    gives up raises the CancelledError that is an Exception, so that it is one failed task, as under an event loop.
    """
    import asyncio  # not at the top: most workers drive nothing, and it takes a while to import
    from concurrent.futures import CancelledError

    with asyncio.Runner() as runner:
        drive = runner.get_loop().run_until_complete  # Runner.run handles Ctrl-C for a program, at each call
        stack = AsyncExitStack()
        if context is not None:
            function = functools.partial(_with_value, function, drive(_entered(stack, context)))

        def run(item: Any) -> Any:
            try:
                return drive(function(item))
            except asyncio.CancelledError as error:
                raise CancelledError(*error.args) from error

        try:
            yield run
        finally:
            drive(stack.aclose())


async def _entered(stack: AsyncExitStack, context: Callable[[], AbstractAsyncContextManager[Any]]) -> Any:
    return await stack.enter_async_context(context())  # made here: some want a running loop for that


def _with_value(function: Function, value: Any, item: Any) -> Coroutine[Any, Any, Any]:
    return function(item, value)
