"""What may serve as a context: a context manager, or a class whose objects are set up and torn down."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

Settings = Mapping[str, Any]


def context_of(factory: Callable[..., Any], settings: Settings) -> AbstractContextManager[Any]:
    """The context manager that a workload's `context` makes of the settings."""
    made = _made(factory, settings)
    return made if hasattr(made, "__enter__") or not hasattr(made, "setup") else _set_up(made)


def async_context_of(factory: Callable[..., Any], settings: Settings) -> AbstractAsyncContextManager[Any]:
    """The asynchronous one that its `context_async` makes; `setup` and `teardown` may be coroutine functions."""
    made = _made(factory, settings)
    return made if hasattr(made, "__aenter__") or not hasattr(made, "setup") else _set_up_async(made)


def lacks(factory: Callable[..., Any]) -> str | None:
    """Why a class cannot be a context; None when it can, and for functions, which only a call would tell."""
    if not isinstance(factory, type) or any(hasattr(factory, name) for name in ("__enter__", "__aenter__", "setup")):
        return None
    return f"its context {factory.__name__} has neither __enter__ and __exit__ nor setup and teardown"


def _made(factory: Callable[..., Any], settings: Settings) -> Any:
    takes_nothing = isinstance(factory, type) and not inspect.signature(factory).parameters
    return factory() if takes_nothing else factory(settings)


@contextmanager
def _set_up(thing: Any) -> Iterator[Any]:
    """The value is what `setup` returns, or the object itself when that is nothing."""
    value = thing.setup()
    try:
        yield thing if value is None else value
    finally:
        getattr(thing, "teardown", _nothing)()


@asynccontextmanager
async def _set_up_async(thing: Any) -> AsyncIterator[Any]:
    value = await _awaited(thing.setup())
    try:
        yield thing if value is None else value
    finally:
        await _awaited(getattr(thing, "teardown", _nothing)())


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value


def _nothing() -> None:
    """What objects without `teardown` leave."""
