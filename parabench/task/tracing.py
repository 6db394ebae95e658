"""Traces of tasks, as cheap as they can be had: two clocks, and the run-queue delay where it may have grown.

What can be made once is made once for each thread: its name, its descriptor of the kernel's file, the buffers. Workers
of every model import this module, so it needs nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable
from time import monotonic, thread_time
from typing import Any, TypeVar

from parabench.records import Outcome, Trace

#: A thread that was off its core for less has not waited for one, and the kernel is not asked: a switch takes longer.
SECONDS_OFF_CORE = 5e-6
_BYTES = 96
#: A NamedTuple made by its own constructor takes twice as long.
_tuple = tuple.__new__
_Answer = TypeVar("_Answer")
#: The fields of a Trace in their order: what travels between processes in a third of the time that a Trace takes.
BareTrace = tuple[float, float, float | None, str, str, float | None, float | None]


class Tracer:
    """Traces the tasks of one thread, which it has to be made in."""

    __slots__ = ("_cpu", "_ended", "_fd", "_host", "_read", "_runqueue", "_worker")

    def __init__(self) -> None:
        import socket

        # With the number that the kernel knows the thread by, so that it can be found from outside; greenlets of one
        # thread have idents of their own.
        self._worker = f"{os.getpid()}:{threading.get_native_id()}:{threading.get_ident()}"
        self._host = socket.gethostname()
        self._fd = -1
        #: The thread's run-queue delay so far; None where nobody tells.
        self._read: Callable[[], float] | None = None
        with contextlib.suppress(OSError):  # no such file here
            self._fd = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
            self._read = _reader(self._fd)
        #: The clocks at the end of the last task, and the delay as it was read last.
        self._ended = self._cpu = self._runqueue = float("-inf")

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        if self._fd >= 0:
            close(self._fd)

    def call(self, run: Callable[[Any], Outcome], item: Any) -> Outcome:
        """Run a task in this thread, and add a trace to its outcome."""
        outcome, trace = self.timed(run, item)
        return _tuple(Outcome, (outcome[0], outcome[1], _tuple(Trace, trace)))

    def timed(self, run: Callable[[Any], _Answer], item: Any) -> tuple[_Answer, BareTrace]:
        """Run a task in this thread; what it answered, and its trace.

        The delay grows only while the thread is off its core. So it is read only after that, before the task for the
        time since the last one, and after it for the task's own. The clock of the span is read next to the task, inside
        of everything else that a trace takes.
        """
        cpu = thread_time()
        started = monotonic()
        if not started - self._ended - (cpu - self._cpu) < SECONDS_OFF_CORE:  # nor if it is unknown: the first task
            self._runqueue = self._now()
            cpu = thread_time()
            started = monotonic()
        answer = run(item)
        ended = self._ended = monotonic()
        cpu_ended = self._cpu = thread_time()
        cpu = cpu_ended - cpu
        runqueue: float | None = 0.0
        if self._read is None:
            runqueue = None
        elif ended - started - cpu >= SECONDS_OFF_CORE:
            before = self._runqueue
            self._runqueue = self._now()
            runqueue = self._runqueue - before
        return answer, (started, ended, cpu, self._worker, self._host, runqueue, None)

    def shared(self, outcome: Outcome, started: float) -> Outcome:
        """The outcome of a task that took turns with others in this thread: the CPU time of the thread is not its own.

        `started` is a reading of the monotonic clock.
        """
        trace = _tuple(Trace, (started, monotonic(), None, self._worker, self._host, None, None))
        return _tuple(Outcome, (outcome[0], outcome[1], trace))

    def _now(self) -> float:
        return 0.0 if self._read is None else self._read()


def _seconds_runqueue(text: bytes) -> float:
    """How long a thread has been ready to run without a core, from its schedstat file."""
    return int(text.split(None, 2)[1]) * 1e-9


def _reader(fd: int) -> Callable[[], float] | None:
    """What reads a thread's file, from its beginning each time; None where that cannot be done harmlessly.

    Ordinary reading gives up the GIL, and the wait to get it back then falls between tasks instead of into them: four
    threads with tasks of 1 ms would show no overlap. ctypes reads and keeps it. It is used where it is loaded, as in
    cells forked from their zygote, and never imported for this: it is not what the work needs.
    """
    if threading.active_count() == 1:
        return lambda: _seconds_runqueue(os.pread(fd, _BYTES, 0))
    ctypes = sys.modules.get("ctypes")
    if not hasattr(ctypes, "pythonapi"):  # PyPy's has none
        return None
    return _reader_that_keeps_the_gil(ctypes, fd)


def _reader_that_keeps_the_gil(ctypes: Any, fd: int) -> Callable[[], float]:
    pread = ctypes.pythonapi["pread"]  # a function object of our own: others may set theirs to other arguments
    buffer = ctypes.create_string_buffer(_BYTES)
    take = functools.partial(pread, ctypes.c_int(fd), buffer, ctypes.c_size_t(_BYTES - 1), ctypes.c_long(0))

    def read() -> float:
        take()
        return _seconds_runqueue(buffer.value)

    return read


class _PerThread(threading.local):
    """The tracer of the calling thread; ends with it."""

    def __init__(self) -> None:
        self.tracer: Tracer | None = None


_per_thread = _PerThread()


def _forget_inherited() -> None:
    """A forked child is another thread of another process."""
    _per_thread.tracer = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_inherited)


def tracer() -> Tracer:
    """That of the calling thread."""
    own = _per_thread.tracer
    if own is None:
        own = _per_thread.tracer = Tracer()
    return own


def nothing(item: Any) -> None:
    """The task by which the cost of tracing is measured."""
