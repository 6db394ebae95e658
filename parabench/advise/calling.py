"""What workers run: the function, found by its dotted name, and what became of a call.

Workers of every model import this module, so it needs nothing but the standard library. What the function raises is a
result like any other: it has to be the same under every model, and stops nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import importlib
import inspect
import json
import math
import pickle
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, NamedTuple

from parabench.advise.gil_looks import GilLooks

#: What a task may raise without ending more than itself.
RAISED = (Exception, SystemExit)
#: Texts of values up to so many characters are told as they are.
TOLD_MOST = 400


class Raised(NamedTuple):
    """A call that raised."""

    type: str
    message: str


def find_dotted(reference: str) -> Any:
    """The object that "module:name.of.it" names. Raises ImportError or AttributeError as importing it would."""
    module, _, name = reference.partition(":")
    named = importlib.import_module(module)
    for part in name.split("."):
        named = getattr(named, part)
    return named


@contextlib.contextmanager
def callee(settings: Mapping[str, Any]) -> Iterator[Callable[[Any], Any]]:
    """The function as one of an item alone, its set-up entered; `settings` are those of `target.settings_of`."""
    function = _prepared(settings, settings["function"])
    if settings.get("setup") is None:
        yield function
        return
    with set_up(find_dotted(settings["setup"])) as more:
        yield function if not more else lambda item: function(item, *more)


@contextlib.asynccontextmanager
async def callee_async(settings: Mapping[str, Any]) -> AsyncIterator[Callable[[Any], Any]]:
    """The same for the coroutine function, in its event loop."""
    function = _prepared(settings, settings["function_async"])
    if settings.get("setup") is None:
        yield function
        return
    async with set_up_async(find_dotted(settings["setup"])) as more:
        yield function if not more else lambda item: function(item, *more)


@contextlib.contextmanager
def set_up(setup: Callable[[], Any]) -> Iterator[tuple[Any, ...]]:
    """What a call gets besides its item: what the set-up gives, entered if it is a context; nothing where that is None.

    Files that `--workload` writes use this as well.
    """
    value = setup()
    with value if hasattr(value, "__enter__") else contextlib.nullcontext(value) as entered:
        yield () if entered is None else (entered,)


@contextlib.asynccontextmanager
async def set_up_async(setup: Callable[[], Any]) -> AsyncIterator[tuple[Any, ...]]:
    """The same in an event loop, where the set-up may be a coroutine function or give an asynchronous context."""
    async with contextlib.AsyncExitStack() as stack:
        value = setup()
        if inspect.isawaitable(value):
            value = await value
        if hasattr(value, "__aenter__"):
            value = await stack.enter_async_context(value)
        elif hasattr(value, "__enter__"):
            value = stack.enter_context(value)
        yield () if value is None else (value,)


def _prepared(settings: Mapping[str, Any], reference: str) -> Callable[..., Any]:
    function: Callable[..., Any] = find_dotted(reference)
    if settings.get("copies"):  # it changes its items, and models that share memory would run other work than others
        return lambda item, *more: function(copy.deepcopy(item), *more)
    return function


def call(item: Any, function: Callable[[Any], Any]) -> Any:
    """The task of a synchronous function."""
    try:
        return function(item)
    except RAISED as error:
        return Raised(type(error).__name__, str(error))


def call_each(items: list[Any], function: Callable[[Any], Any]) -> list[int] | None:
    """Several calls as one task, while another thread looks how often the GIL is held: [held, looks].

    None where the system does not count context switches by thread.
    """
    looks = GilLooks()
    looks.start()
    for item in items:
        call(item, function)
    return looks.end()


async def call_async(item: Any, function: Callable[[Any], Any]) -> Any:
    """The task of a coroutine function."""
    try:
        return await function(item)
    except RAISED as error:
        return Raised(type(error).__name__, str(error))
    except asyncio.CancelledError as error:  # by itself: nobody cancels tasks here
        return Raised(type(error).__name__, str(error))


def digest(value: Any) -> Any:
    """What the harness is told of a result: itself, or its text and the hash of all of it."""
    if isinstance(value, Raised):
        return {"raised": f"{value.type}: {value.message}"}
    if value is None or type(value) in (bool, int) or (type(value) is float and math.isfinite(value)):
        return value
    try:
        text = json.dumps(value, sort_keys=True)
        if len(text) <= TOLD_MOST:
            return value
        shown, whole = text, text.encode()
    except (TypeError, ValueError):
        short = value[:TOLD_MOST] if isinstance(value, bytes | bytearray) else value
        shown, whole = repr(short), _bytes_of(value)
    start = shown[:TOLD_MOST]
    return {"type": type(value).__name__, "text": start, "blake2b": hashlib.blake2b(whole, digest_size=16).hexdigest()}


def _bytes_of(value: Any) -> bytes:
    """Bytes that are the same for equal values as far as that can be had."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    if isinstance(value, set | frozenset):
        return repr(sorted(map(repr, value))).encode()
    try:
        return pickle.dumps(value)
    except Exception:  # what does not pickle has its type left
        return type(value).__qualname__.encode()
