"""A small process that outlives the harness for a moment, and leaves nothing of its session behind.

Whatever kills the harness, the kernel tells the watchdog (a pidfd, and the end of a pipe). It then kills everything
that carries the session's mark in its environment, daemons of tasks included, and removes the session's files and its
shared memory. There are several of it, in sessions of their own, so that one kill does not take all. The file is run as
a script by an interpreter without site-packages: the standard library only.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import sys
import time
from collections.abc import Collection
from pathlib import Path

#: In the environment of every process of a session: the path of its folder of files, which no other session has.
SESSION_VARIABLE = "PARABENCH_SESSION"
#: How long processes that come and go may be chased, and how long trackers may take to clean up and end.
SECONDS_TO_SWEEP, SECONDS_FOR_TRACKERS = 10.0, 2.0
#: So many, forked from one: a kill that takes each process with chance 1/2 leaves at least one in 63 of 64 cases.
WATCHDOGS = 6
#: Told by the harness when it has cleaned up itself.
FAREWELL = b"x"
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where the kernel has it
_PROCESSES = Path("/proc")


def marked(session: str) -> list[int]:
    """Process ids of all that carry the session's mark, this process apart; zombies carry none."""
    wanted = f"{SESSION_VARIABLE}={session}".encode()
    pids = []
    for name in os.listdir(_PROCESSES) if _PROCESSES.is_dir() else ():
        if name.isdecimal() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path(f"/proc/{name}/environ").read_bytes().split(b"\0"):
                    pids.append(int(name))
    return pids


def sweep_processes(session: str, spared: Collection[int] = ()) -> list[int]:
    """Kill all that carries the session's mark but the `spared`; returns what was found.

    Resource trackers get SECONDS_FOR_TRACKERS: each removes, when the last process it serves is gone, the shared memory
    and semaphores that these have left.
    """
    began, seen, empty = time.monotonic(), set[int](), 0
    while empty < 2 and time.monotonic() - began < SECONDS_TO_SWEEP:
        pids = [pid for pid in marked(session) if pid not in spared]
        empty = empty + 1 if not pids else 0
        trackers_wait = time.monotonic() - began < SECONDS_FOR_TRACKERS
        for pid in pids:
            if not (trackers_wait and is_tracker(pid)):
                with contextlib.suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
        seen.update(pids)
        time.sleep(0.01)
    return sorted(seen)


def is_tracker(pid: int) -> bool:
    """Whether a process is a resource tracker (the standard library's, loky's); False where nothing tells."""
    with contextlib.suppress(OSError):
        return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def shared_folder(session: str) -> Path | None:
    """A session's folder in shared memory, for libraries that keep arrays there; None where there is no such place."""
    return _SHARED_MEMORY / Path(session).name if os.access(_SHARED_MEMORY, os.W_OK) else None


def sweep_shared_memory(session: str) -> None:
    """Remove a session's folder there, and the semaphores that carry its name (parabench.workers.semaphores).

    What carries no session's name is left alone: who uses it may be in another PID namespace, and not be seen here.
    """
    if _SHARED_MEMORY.is_dir():
        shutil.rmtree(_SHARED_MEMORY / Path(session).name, ignore_errors=True)
        for left in _SHARED_MEMORY.glob(f"sem.{Path(session).name}-*"):
            with contextlib.suppress(OSError):
                left.unlink()


def sweep_session(session: str) -> None:
    """Leave nothing of a session that nobody looks after any more."""
    sweep_processes(session)
    shutil.rmtree(session, ignore_errors=True)
    sweep_shared_memory(session)


def main(session: str, leader: int) -> None:
    """Wait for the end of the harness, or its farewell."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(WATCHDOGS - 1):
        if os.fork() == 0:
            os.setsid()
            break
    else:  # the first one ends when another one has been killed: the harness sees that, and starts all of them anew
        signal.signal(signal.SIGCHLD, lambda *_: os._exit(1))
    waited: list[int] = [0]
    with contextlib.suppress(OSError, AttributeError):  # a kernel without them, or a harness that is gone already
        waited.append(os.pidfd_open(leader))
    with contextlib.suppress(PermissionError):
        try:
            os.kill(leader, 0)
            select.select(waited, [], [])
        except ProcessLookupError:
            pass
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if select.select([0], [], [], 0)[0] and os.read(0, 1) == FAREWELL:
        return
    sweep_session(session)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
