"""One patch of a process, shared by all threads that need it at the same time."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from workloads.github.errors import MockInUse


class Activation:
    """Puts a process-wide patch in place for the first who enters and takes it back after the last has left.

    Mock libraries patch one attribute of a class: activated by several threads at once, each would save the other's
    patch as the original and leave it behind.
    """

    def __init__(self, what: str, apply: Callable[..., AbstractContextManager[object]]) -> None:
        self._what = what
        self._apply = apply
        self._arguments: tuple[Hashable, ...] = ()
        self._count = 0
        self._stack = ExitStack()
        # Reentrant: the garbage collector may close a forgotten context of a dead thread while this lock is held.
        self._lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew_lock)

    @contextmanager
    def __call__(self, *arguments: Hashable) -> Iterator[None]:
        """Keep the patch in place. Raises MockInUse while it is there with other arguments."""
        with self._lock:
            if self._count and arguments != self._arguments:
                raise MockInUse(self._what)
            if not self._count:
                self._stack.enter_context(self._apply(*arguments))
                self._arguments = arguments
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                if not self._count:
                    self._stack.close()

    def _renew_lock(self) -> None:
        # Another thread of the parent may have held the lock at the fork; the patch itself is inherited and counted.
        self._lock = threading.RLock()
