"""Where the threads of a cell are while they do not run: looked at from outside, so that nothing in them is changed.

`/proc/PID/task/TID/syscall` (proc_pid_syscall(5)) tells in which system call a thread is blocked, and with what
arguments. A futex that lies in the writable data of the interpreter is its lock: the GIL of CPython 3.11 to 3.15 is a
part of the static `_PyRuntime` (Python/ceval_gil.c), that of PyPy a static of its library. Locks that Python code makes
lie elsewhere: on the heap, or on the stack of the waiting thread. Not told apart: the GIL of a subinterpreter, which
lies on the heap (nobody shares it where each worker has an interpreter of its own), and, on free-threaded builds, the
locks of single objects, which spin first. Both count as a `lock`.

A look costs a fraction of a millisecond of CPU time; the pause after it is 19 times as long, and 2 ms at least.
"""

from __future__ import annotations

import contextlib
import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from parabench.records import Trace

RUNNING, GIL, LOCK, FILE_LOCK, SOCKET, POLL, SLEEP = "running", "gil", "lock", "file lock", "socket", "poll", "sleep"
STORAGE, PIPE, CHILD, PAGE, OTHER = "storage", "pipe", "child", "page", "other"
#: 5 % of the time at most goes to looking; the kernel's own clock of threads is no finer than the pause.
PAUSES_PER_LOOK, PAUSE_LEAST = 19, 0.002
#: Who is there is asked before the round begins, and at every so many looks, because that takes long.
LOOKS_PER_LISTING = 16
_BYTES = 256


def _by_number(calls: Mapping[str, Iterable[int]]) -> dict[int, str]:
    return {number: call for call, numbers in calls.items() for number in numbers}


#: Sites, or calls whose arguments decide, by the number of the system call; by machine.
_CALLS: Mapping[str, Mapping[int, str]] = {
    "x86_64": _by_number(
        {
            "futexes": (202, 449),
            "fcntls": (72,),
            "polls": (7, 271),
            "selects": (23, 270),
            "reads": (0, 1),  # and write
            FILE_LOCK: (73,),
            SLEEP: (35, 230),
            CHILD: (61, 247),
            POLL: (232, 281, 441),
            SOCKET: (42, 43, 44, 45, 46, 47, 288),
            STORAGE: (17, 18, 26, 74, 75, 257, 277),
        }
    ),
    "aarch64": _by_number(
        {
            "futexes": (98, 449),
            "fcntls": (25,),
            "polls": (73,),
            "selects": (72,),
            "reads": (63, 64),
            FILE_LOCK: (32,),
            SLEEP: (101, 115),
            CHILD: (95, 260),
            POLL: (22, 441),
            SOCKET: (202, 203, 206, 207, 211, 212, 242),
            STORAGE: (56, 67, 68, 82, 83, 84, 227),
        }
    ),
}
#: fcntl(2) commands that wait for a lock: F_SETLKW, F_OFD_SETLKW.
_FCNTL_WAITS = (7, 38)

Segments = Sequence[tuple[int, int]]


class Look(NamedTuple):
    """A thread at one moment."""

    #: Of the monotonic clock.
    seconds: float
    #: Process and thread, as the worker of a Trace begins.
    thread: str
    site: str


def why_unseen(own: Path = Path("/proc/self/syscall"), machine: str = platform.machine()) -> str | None:
    """Why nobody can see here where threads wait; None: it can be tried."""
    if not own.exists():
        return "this system does not show in which system call a thread is"
    return None if machine in _CALLS else f"the system calls of {machine} are unknown here"


def data_segments(maps: str, executable: str) -> list[tuple[int, int]]:
    """Where the writable data of the interpreter lies, from proc_pid_maps(5): of its file, and what follows at once.

    `executable` is the file that the process runs; a shared library of the interpreter counts, too.
    """
    segments: list[tuple[int, int]] = []
    end_before = None
    for line in maps.splitlines():
        span, permissions, *_, _, rest = (*line.split(None, 5), "")[:6]
        low, high = (int(text, 16) for text in span.split("-"))
        name = rest.strip()
        ours = name == executable or Path(name).name.startswith(("libpython", "libpypy"))
        adjoining = not name and low == end_before  # zero-initialised data has no file
        end_before = None
        if (ours or adjoining) and permissions.startswith("rw"):
            segments.append((low, high))
            end_before = high
        elif ours:
            end_before = None
    return segments


def site_of(
    text: str, segments: Segments, kind_of_file: Callable[[int], str], machine: str = platform.machine()
) -> str:
    """Where a thread is, from the text of its `syscall` file. `kind_of_file` tells what a descriptor is."""
    if text.startswith("running"):
        return RUNNING
    words = text.split()
    call = _CALLS.get(machine, {}).get(int(words[0])) if words[0] != "-1" else PAGE
    if call is None or len(words) < 7:
        return call if call == PAGE else OTHER
    first, second = int(words[1], 16), int(words[2], 16)
    if call == "futexes":
        return GIL if any(low <= first < high for low, high in segments) else LOCK
    if call == "fcntls":
        return FILE_LOCK if second in _FCNTL_WAITS else OTHER
    if call in ("polls", "selects"):
        return SLEEP if (second if call == "polls" else first) == 0 else POLL
    return kind_of_file(first) if call == "reads" else call


def kind_of_descriptor(pid: int, number: int) -> str:
    """What a read or a write of this descriptor waits for."""
    try:
        target = str(Path(f"/proc/{pid}/fd/{number}").readlink())
    except OSError:
        return OTHER
    return {"socket": SOCKET, "pipe": PIPE, "anon_inode": POLL}.get(target.partition(":")[0], STORAGE)


class WaitWatch:
    """Looks at all threads of a cell, with pauses that follow from what a look costs; use as a context manager."""

    def __init__(
        self,
        pids: Callable[[], Iterable[int]],
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
    ) -> None:
        """`spent` tells the CPU time of looking: a looker that waits for a core itself takes it from nobody."""
        self._pids = pids
        self._clock = clock
        self._spent = spent
        self.looks: list[Look] = []
        self.times = 0
        #: Why nothing can be seen; None as long as something was.
        self.reason = why_unseen()
        self._known = list(pids()) if self.reason is None else []
        self._segments: dict[int, list[tuple[int, int]]] = {}
        self._files: dict[tuple[int, int], int] = {}
        self.due = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files.values():
            os.close(file)
        self._files.clear()

    def look(self) -> None:
        """Look at every thread, and put off the next look."""
        began = self._spent()
        if self.reason is None:
            if self.times % LOOKS_PER_LISTING == LOOKS_PER_LISTING - 1:
                self._known = list(self._pids())
            there: set[tuple[int, int]] = set()
            for pid in self._known:
                with contextlib.suppress(OSError):  # it has ended
                    threads = [int(name) for name in os.listdir(f"/proc/{pid}/task")]
                    there.update((pid, thread) for thread in threads)
                    self._look_at(pid, threads)
            for gone in self._files.keys() - there:
                os.close(self._files.pop(gone))
        self.times += 1
        self.due = self._clock() + max(PAUSE_LEAST, PAUSES_PER_LOOK * (self._spent() - began))

    def _look_at(self, pid: int, threads: Iterable[int]) -> None:
        for thread in threads:
            try:
                text = self._read(pid, thread)
            except PermissionError:
                self.reason = "the system does not let this user see where threads wait (ptrace rules)"
                return
            except (FileNotFoundError, ProcessLookupError):
                continue
            segments = self._segments_of(pid) if text[:1].isdigit() else ()  # reading them takes longer than a look
            site = site_of(text, segments, lambda number: kind_of_descriptor(pid, number))
            self.looks.append(Look(self._clock(), f"{pid}:{thread}", site))

    def _read(self, pid: int, thread: int) -> str:
        key = (pid, thread)
        if key not in self._files:
            self._files[key] = os.open(f"/proc/{pid}/task/{thread}/syscall", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._files[key], _BYTES, 0).decode()

    def _segments_of(self, pid: int) -> list[tuple[int, int]]:
        known = self._segments.get(pid)
        if known is None:
            maps = Path(f"/proc/{pid}/maps").read_bytes().decode(errors="replace")
            known = self._segments[pid] = data_segments(maps, str(Path(f"/proc/{pid}/exe").readlink()))
        return known


def sites_in_tasks(looks: Iterable[Look], traces: Iterable[Trace]) -> Counter[str]:
    """How often threads that had a task under way were found where.

    Tasks that take turns in a thread count as one from the first start to the last end.
    """
    spans: dict[str, list[tuple[float, float]]] = {}
    for trace in traces:
        thread = trace.worker.rpartition(":")[0]
        spans.setdefault(thread, []).append((trace.seconds_started, trace.seconds_ended))
    return Counter(
        look.site
        for look in looks
        if any(started <= look.seconds <= ended for started, ended in spans.get(look.thread, ()))
    )
