"""What `multiprocessing.Pool` does not tell of its processes, and how its threads end when one was killed."""

from __future__ import annotations

import functools
from contextlib import suppress
from multiprocessing.context import BaseContext
from multiprocessing.pool import Pool
from multiprocessing.process import BaseProcess
from typing import Any


class NotingPool(Pool):
    """A pool that notes its processes as it makes them: one that dies at once is listed nowhere by then.

    One class for all pools: CPython 3.13 without a GIL keeps every class for ever, and with it what that refers to.
    """

    def __init__(self, made: list[BaseProcess], *args: Any, **kwargs: Any) -> None:
        """`made` is where they are noted; the rest is what `Pool` takes."""
        self.Process = functools.partial(_noted, made)  # type: ignore[assignment]
        super().__init__(*args, **kwargs)


def _noted(made: list[BaseProcess], ctx: BaseContext, *args: Any, **kwargs: Any) -> BaseProcess:
    made.append(ctx.Process(*args, **kwargs))  # type: ignore[attr-defined]
    return made[-1]


def release_locks(pool: Pool) -> None:
    """Release what a killed process held for ever: the turn to take a task, or the turn to send a result."""
    for lock in (pool._inqueue._rlock, pool._outqueue._wlock):  # type: ignore[attr-defined]  # noqa: SLF001
        with suppress(ValueError):  # nobody holds it
            lock.release()


def end_of_results(pool: Pool) -> None:
    """Let the pool's reader of results see their end: it may wait for the rest of a message whose sender was killed."""
    pool._outqueue._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001
