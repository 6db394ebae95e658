"""What the hand-written programs share: a task that does nothing, tried, and what is kept of it."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from workloads.overhead import no_op

Run = Callable[[Sequence[Any]], list[Any]]
Program = Callable[[int], AbstractContextManager[Run]]


class Result(NamedTuple):
    """What is kept of a task."""

    value: Any
    error: Exception | None = None


def attempt(item: Any) -> Any:
    """What the task returned, or raised."""
    try:
        return no_op(item)
    except Exception as error:
        return error


def result_of(future: concurrent.futures.Future[Any]) -> Any:
    """What a future's task returned, or raised."""
    try:
        return future.result()
    except Exception as error:
        return error


def attempt_each(items: Sequence[Any]) -> list[Any]:
    return [attempt(item) for item in items]


def attempt_indexed(indexed: tuple[int, Any]) -> tuple[int, Any]:
    """The same with the place of the item, for whoever takes results as they come."""
    index, item = indexed
    return index, attempt(item)
