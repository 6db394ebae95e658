"""Starts cell processes, knows how each of them ended, and leaves nothing of them behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from parabench.errors import ZygoteDied
from parabench.measure.messages import Line, wait_readable
from parabench.workers.environment import BROKER_VARIABLE, SCRATCH_VARIABLE

#: Started with -c and not -m: spawned workers import their parent's main module, and this one has none to import.
_ZYGOTE = "import sys; from parabench.measure.zygote import main; main(sys.argv[1:])"


def environment_of_cells(python_path: Sequence[Path]) -> dict[str, str]:
    """The environment of zygotes, and so of cells and their workers: ours, with these folders to import from.

    The broker's address, which may hold a password, is not in it: the cells that need it are told by their line.
    """
    paths = [*map(str, python_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {name: value for name, value in os.environ.items() if name != BROKER_VARIABLE}
    return {**ours, "PYTHONPATH": os.pathsep.join(paths)}


class ZygoteHandle:
    """The harness's handle on one zygote process: starts cells in it and hears how each of them ended."""

    def __init__(self, python_path: Sequence[Path], scratch: Path, imports: Sequence[str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _ZYGOTE, str(theirs.fileno()), str(scratch), *imports],
                pass_fds=[theirs.fileno()],
                env=environment_of_cells(python_path) | {SCRATCH_VARIABLE: str(scratch)},
                stdin=subprocess.DEVNULL,
            )
        #: Readable when the zygote has something to report.
        self.line = Line(ours)
        self._exit_codes: dict[int, int] = {}

    @property
    def pid(self) -> int:
        """Process id of the zygote, whose pages its cells share."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether the zygote can still start cells."""
        return self._process.poll() is None

    def start(self, module: str) -> tuple[int, Line]:
        """Fork a cell process with the workload's module imported; returns its process id and the line to it."""
        ours, theirs = socket.socketpair()
        with theirs:
            self.line.send({"imports": [module]}, theirs.fileno())
        while (answer := self.line.receive()) is not None:
            if "started" in answer:
                return answer["started"], Line(ours)
            self._note(answer)
        raise ZygoteDied(self._process.wait())

    def exit_code(self, pid: int, deadline: float) -> int | None:
        """Exit code of a cell, negative for a signal; None when it still lives at the deadline.

        Raises ZygoteDied when nobody is left to tell.
        """
        while pid not in self._exit_codes:
            if not wait_readable([self.line], deadline):
                return None
            answer = self.line.receive()
            if answer is None:
                raise ZygoteDied(self._process.wait())
            self._note(answer)
        return self._exit_codes[pid]

    def note_exits(self) -> None:
        """Read the reports that have arrived."""
        while wait_readable([self.line], time.monotonic()):
            answer = self.line.receive()
            if answer is None:
                return
            self._note(answer)

    def has_ended(self, pid: int) -> bool:
        """Whether the end of this cell has been reported."""
        return pid in self._exit_codes

    def close(self) -> None:
        """End the zygote and, with it, whatever cell still lives."""
        self.line.close()
        self._process.wait()

    def _note(self, report: dict[str, int]) -> None:
        self._exit_codes[report["ended"]] = report["exit_code"]


class Launcher:
    """One zygote for each set of libraries, so that a cell is born with its own client imported and no other."""

    def __init__(self, python_path: Sequence[Path], scratch: Path) -> None:
        #: Folders that workers must find modules in; handed on by PYTHONPATH, which subinterpreters read as well.
        self._python_path = python_path
        #: Folder of the session's files, which a zygote removes when the harness could not.
        self._scratch = scratch
        self._zygotes: dict[tuple[str, ...], ZygoteHandle] = {}

    def zygote(self, imports: tuple[str, ...]) -> ZygoteHandle:
        """The zygote with these modules imported; started at the first call, and again when it has died."""
        known = self._zygotes.get(imports)
        if known is None or not known.lives:
            known = self._zygotes[imports] = ZygoteHandle(self._python_path, self._scratch, imports)
        return known

    def close(self) -> None:
        """End all zygotes."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
