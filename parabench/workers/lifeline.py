"""Processes that end with their parent, whatever ends it (Linux only; elsewhere nothing happens).

Subinterpreters import what pools share: ctypes, which not all of them can load, is imported by who calls this.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends, which is the process with this id.

    The kernel means the thread that started this process, so that is to be one that lives as long as the parent does.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before the kernel knew
        os._exit(1)
