"""Waiting for a process that has been killed."""

from __future__ import annotations

import contextlib
import subprocess

#: A killed process has so long to be gone.
SECONDS_TO_REAP = 5.0


def reap(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Wait until it is gone, but not for ever: the kernel keeps one that waits for a dead disk or mount.

    Such a process has the signal already, and nobody can do more than that.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_REAP)
