"""Processes that end with their parent, whatever ends it (Linux only; elsewhere nothing happens).

Subinterpreters import what pools share: ctypes, which not all of them can load, is imported by who calls this.
"""

from __future__ import annotations

import functools
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # prctl(2)


@functools.cache
def load() -> Callable[..., int] | None:
    """prctl(2), where there is one."""
    if sys.platform != "linux":
        return None
    import ctypes

    return getattr(ctypes.CDLL(None), "prctl", None)


def end_with_parent(parent: int | None) -> None:
    """Have the kernel kill this process when its parent ends, which is the process with this id (None: not known).

    The kernel means the thread that started this process, so that is to be one that lives as long as the parent does.
    """
    prctl = load()
    if prctl is None:
        return
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent is not None and os.getppid() != parent:  # it ended before the kernel knew
        os._exit(1)
