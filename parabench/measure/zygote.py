"""The process that cell processes are forked from: libraries are imported once, every cell starts in milliseconds.

It has no threads and has opened nothing but its line to the harness. When that line breaks, however the harness ended,
it kills every cell with its whole process group and ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time

from parabench.measure.cell_server import serve
from parabench.measure.killing import GRACE_SECONDS, group_is_gone, kill_family
from parabench.measure.messages import Line
from parabench.measure.sockets import place_sockets
from parabench.measure.watchdog import sweep_session
from parabench.models import find_models
from parabench.workers.lifeline import end_with_parent
from parabench.workers.semaphores import name_semaphores

_PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


class Zygote:
    """Forks cells on request and reports the exit of each."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._cells: set[int] = set()
        #: Set when the harness has said that it needs no more cells; else it ended without a word.
        self.dismissed = False
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda signum, frame: None)
        # Ctrl-C reaches the whole foreground group; the harness decides what it means.
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def run(self) -> int | None:
        """Serve until the harness is gone (None), or until this process is a new cell (the descriptor of its line)."""
        while True:
            readable, _, _ = select.select([self._line.end, self._wake_read], [], [])
            if self._wake_read in readable:
                with contextlib.suppress(BlockingIOError):
                    self._wake_read.recv(4096)
                self._report_exits()
            if self._line.end in readable:
                fds: list[int] = []
                request = self._line.receive(fds)
                if request is None or "imports" not in request:
                    self.dismissed = request is not None
                    return None
                if self._fork(request["imports"], fds[0]):
                    return fds[0]

    def kill_cells(self) -> None:
        """Kill every living cell with its whole family, and wait until its trackers have cleaned up behind it."""
        cells = list(self._cells)
        for pid in cells:
            kill_family(pid)
        deadline = time.monotonic() + GRACE_SECONDS
        while not all(map(group_is_gone, cells)) and time.monotonic() < deadline:
            self._lay_to_rest()
            time.sleep(0.005)
        for pid in cells:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)

    def _fork(self, imports: list[str], fd: int) -> bool:
        """True in the new cell, which has let go of everything that is the zygote's."""
        for module in imports:
            with contextlib.suppress(Exception):  # the cell will meet the same error and report it as its own
                importlib.import_module(module)
        gc.collect()
        if hasattr(gc, "freeze"):  # not on PyPy
            gc.freeze()  # pages of objects made so far stay shared: no collection in a child writes to them
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.setsid()
            end_with_parent(zygote)
            self._cells.clear()
            for end in (self._line.end, self._wake_read, self._wake_write):
                end.close()
            return True
        os.close(fd)
        self._cells.add(pid)
        self._line.send({"started": pid})
        return False

    def _report_exits(self) -> None:
        """Tell the harness which cells have ended; orphans of ended cells are only laid to rest."""
        for pid, exit_code in self._lay_to_rest():
            if pid in self._cells:
                self._cells.discard(pid)
                self._line.send({"ended": pid, "exit_code": exit_code})

    def _lay_to_rest(self) -> list[tuple[int, int]]:
        """Wait for every child that has ended; returns their process ids and exit codes."""
        ended: list[tuple[int, int]] = []
        with contextlib.suppress(ChildProcessError):
            while (waited := os.waitpid(-1, os.WNOHANG))[0]:
                ended.append((waited[0], os.waitstatus_to_exitcode(waited[1])))
        return ended


def adopt_orphans() -> None:
    """Become the parent of processes that outlive their cell, so that their end is noticed here (Linux only).

    Elsewhere, and where prctl(2) is refused, init adopts them as usual.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def main(arguments: list[str]) -> None:
    """Take the line's descriptor, the session's folder of files, and the modules that every cell is born with."""
    name_semaphores()
    for module in arguments[2:]:
        with contextlib.suppress(Exception):  # the cell that needs it will report it
            importlib.import_module(module)
    with contextlib.suppress(Exception):  # as above
        find_models()
    adopt_orphans()
    zygote = Zygote(Line(socket.socket(fileno=int(arguments[0]))))
    try:
        fd = zygote.run()
    except BrokenPipeError:
        fd = None
    if fd is None:
        zygote.kill_cells()
        if not zygote.dismissed:  # the harness was killed, and could not clean up
            sweep_session(arguments[1])
    else:
        place_sockets(arguments[1])
        serve(socket.socket(fileno=fd))
