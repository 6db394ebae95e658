"""Starts cell processes, knows how each of them ended, and leaves nothing of them behind."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from parabench.errors import ZygoteDied
from parabench.errors.spelling import variables_of_cells
from parabench.measure.killing import kill_family
from parabench.measure.messages import Line, wait_readable
from parabench.measure.watchdog import shared_folder
from parabench.workers.environment import BROKER_VARIABLE, SCRATCH_VARIABLE
from parabench.workers.killed import reap

#: Importing libraries may take long on a loaded machine; it is no work of the cell, and has a deadline of its own.
SECONDS_TO_START = 60.0
#: A zygote ends its cells and itself within a second or two when its line is closed.
SECONDS_TO_CLOSE = 5.0
#: Started with -c and not -m: spawned workers import their parent's main module, and this one has none to import.
_ZYGOTE = "import sys; from parabench.measure.zygote import main; main(sys.argv[1:])"


def environment_of_cells(python_path: Sequence[Path]) -> dict[str, str]:
    """The environment of zygotes, and so of cells and their workers: ours, with these folders to import from.

    The broker's address, which may hold a password, is not in it: the cells that need it are told by their line.
    """
    paths = [*map(str, python_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    ours = {name: value for name, value in os.environ.items() if name != BROKER_VARIABLE}
    return {**ours, **variables_of_cells(), "PYTHONPATH": os.pathsep.join(paths)}


def _folders_of(scratch: Path) -> dict[str, str]:
    """Where a session's processes put files: places that can be removed as a whole, however the session ends."""
    folders = {SCRATCH_VARIABLE: str(scratch)}
    shared = shared_folder(str(scratch))
    if shared is not None and "JOBLIB_TEMP_FOLDER" not in os.environ:
        folders["JOBLIB_TEMP_FOLDER"] = str(shared)
    return folders


class ZygoteHandle:
    """The harness's handle on one zygote process: starts cells in it and hears how each of them ended."""

    def __init__(
        self, python_path: Sequence[Path], scratch: Path, imports: Sequence[str], output: Path | None = None
    ) -> None:
        """`output`: the file that all its processes print to; None: where this one prints."""
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as stack:
            stream = stack.enter_context(output.open("ab")) if output is not None else None
            self._process = subprocess.Popen(
                [sys.executable, "-c", _ZYGOTE, str(theirs.fileno()), str(scratch), *imports],
                pass_fds=[theirs.fileno()],
                env=environment_of_cells(python_path) | _folders_of(scratch),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
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

    def start(self, module: str, deadline: float) -> tuple[int, Line]:
        """Fork a cell process with the workload's module imported; returns its process id and the line to it.

        Raises ZygoteDied, also when no cell has been started by the deadline (seconds of the monotonic clock).
        """
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                self.line.send({"imports": [module]}, theirs.fileno(), deadline=deadline)
            while (answer := self.line.receive(deadline=deadline)) is not None:
                if "started" in answer:
                    return answer["started"], Line(ours)
                self._note(answer)
        except (BrokenPipeError, TimeoutError) as error:
            ours.close()
            raise self._dead(error) from None
        ours.close()
        raise self._dead()

    def exit_code(self, pid: int, deadline: float) -> int | None:
        """Exit code of a cell, negative for a signal; None when it still lives at the deadline.

        Raises ZygoteDied when nobody is left to tell.
        """
        while pid not in self._exit_codes:
            if not wait_readable([self.line], deadline):
                return None
            try:
                answer = self.line.receive(deadline=deadline)
            except TimeoutError:
                return None
            if answer is None:
                raise self._dead()
            self._note(answer)
        return self._exit_codes[pid]

    def _dead(self, error: BaseException | None = None) -> ZygoteDied:
        """The error that says how the zygote ended; if it has not, it is ended now, because it is of no use."""
        if isinstance(error, TimeoutError):
            self.kill()
            return ZygoteDied(None)
        try:
            return ZygoteDied(self._process.wait(SECONDS_TO_CLOSE))
        except subprocess.TimeoutExpired:
            self.kill()
            return ZygoteDied(None)

    def kill(self) -> None:
        """End a zygote that does not answer, and all below it."""
        kill_family(self._process.pid)
        reap(self._process)

    def note_exits(self) -> None:
        """Read the reports that have arrived. Raises ZygoteDied when none will come any more."""
        while wait_readable([self.line], time.monotonic()):
            try:
                answer = self.line.receive(deadline=time.monotonic() + SECONDS_TO_CLOSE)
            except TimeoutError as error:
                raise self._dead(error) from None
            if answer is None:
                raise self._dead()
            self._note(answer)

    def has_ended(self, pid: int) -> bool:
        """Whether the end of this cell has been reported."""
        return pid in self._exit_codes

    def close(self) -> None:
        """End the zygote and, with it, whatever cell still lives."""
        with contextlib.suppress(BrokenPipeError, TimeoutError):
            self.line.send({"dismissed": True}, deadline=time.monotonic() + SECONDS_TO_CLOSE)
        self.line.close()
        try:
            self._process.wait(SECONDS_TO_CLOSE)
        except subprocess.TimeoutExpired:
            self.kill()

    def _note(self, report: dict[str, int]) -> None:
        self._exit_codes[report["ended"]] = report["exit_code"]


class Launcher:
    """One zygote for each set of libraries, so that a cell is born with its own client imported and no other."""

    def __init__(self, python_path: Sequence[Path], scratch: Path, output: Path | None = None) -> None:
        #: Folders that workers must find modules in; handed on by PYTHONPATH, which subinterpreters read as well.
        self._python_path = python_path
        #: Folder of the session's files, which a zygote removes when the harness could not.
        self._scratch = scratch
        #: As of ZygoteHandle.
        self._output = output
        self._zygotes: dict[tuple[str, ...], ZygoteHandle] = {}

    def zygote(self, imports: tuple[str, ...]) -> ZygoteHandle:
        """The zygote with these modules imported; started at the first call, and again when it has died."""
        known = self._zygotes.get(imports)
        if known is None or not known.lives:
            known = self._zygotes[imports] = ZygoteHandle(self._python_path, self._scratch, imports, self._output)
        return known

    @property
    def pids(self) -> list[int]:
        """Process ids of all zygotes that live."""
        return [zygote.pid for zygote in self._zygotes.values() if zygote.lives]

    def close(self) -> None:
        """End all zygotes."""
        for zygote in self._zygotes.values():
            zygote.close()
        self._zygotes.clear()
