"""Many files read by several processes at once, each with its share.

A reader is a fork that does nothing but read, so it starts in milliseconds and inherits all that is imported. It tells
what it found in the form in which summaries are kept (`parabench.history.cache`), as JSON with a digest. Whatever a
reader cannot read, or does not tell because it ended early, is left to the process that asked, which reads it itself.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

#: A further reader has to have so much to read: less is read before it would be there.
BYTES_A_READER = 1 << 25
READERS_MOST = 16


def readers_for(size: int) -> int:
    """How many processes are to read files of so many bytes, this one included; 1: it reads alone.

    Forks are for Linux and for processes with one thread; elsewhere they may inherit a lock that nobody will release.
    """
    worthwhile = min(size // BYTES_A_READER, READERS_MOST)
    if worthwhile < 2 or sys.platform != "linux" or threading.active_count() > 1:
        return 1
    from parabench.machine.cores import cores_usable

    return max(1, min(worthwhile, cores_usable()))


@contextlib.contextmanager
def readers(works: Sequence[Callable[[], bytes]]) -> Iterator[Iterator[bytes]]:
    """Run each work in a process of its own, and give what they return in their order; nothing for one that failed.

    Nothing is waited for before it is asked for, so the caller can work meanwhile. All have ended afterwards.
    """
    started: list[tuple[int, BinaryIO]] = []
    try:
        started.extend(_start(work) for work in works)
        yield (pipe.read() for _, pipe in started)
    finally:
        for process, pipe in started:
            pipe.close()
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _start(work: Callable[[], bytes]) -> tuple[int, BinaryIO]:
    ours, theirs = os.pipe()
    process = os.fork()
    if process:
        os.close(theirs)
        return process, os.fdopen(ours, "rb")
    status = 1
    try:
        os.close(ours)
        with os.fdopen(theirs, "wb") as pipe:
            pipe.write(work())
        status = 0
    finally:
        # Nothing of the parent's is to be run or flushed here, and no traceback is told: the parent reads it again.
        os._exit(status)
