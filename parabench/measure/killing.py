"""End a cell so that nothing of it is left: processes, and the shared memory and semaphores that they named."""

from __future__ import annotations

import contextlib
import os
import signal
import time

from parabench.measure.resources import descendants
from parabench.measure.watchdog import is_tracker

#: How long the helpers of a cell that has ended may take to end by themselves (trackers, fork servers), in seconds.
GRACE_SECONDS = 1.0


def kill_family(pid: int) -> None:
    """Kill a process and all its descendants, also those that left its process group.

    Resource trackers are spared: each ends by itself when the last process it serves is gone, and first removes the
    shared memory and semaphores that these have left, which nobody else can do.
    """
    for member in [*descendants(pid), pid]:
        if not is_tracker(member):
            with contextlib.suppress(ProcessLookupError):
                os.kill(member, signal.SIGKILL)


def group_is_gone(pid: int) -> bool:
    """Whether nothing of a cell's process group is left."""
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return True
    return False


def clear_group(pid: int) -> bool:
    """Wait until nothing of an ended cell's process group is left, then kill; True when something had to be."""
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline:
        if group_is_gone(pid):
            return False
        time.sleep(0.001)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return True
