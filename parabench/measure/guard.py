"""What the harness knows of its watchdogs: they run while a session measures, and are told when it has ended well."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from parabench.measure import watchdog
from parabench.workers.killed import reap

SECONDS_TO_END = 5.0


class Guard:
    """Marks all that this process starts as the session's, and keeps watchdogs; use as a context manager."""

    def __init__(self, scratch: Path) -> None:
        self._session = str(scratch)
        self._before = os.environ.get(watchdog.SESSION_VARIABLE)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._environment = dict(os.environ)  # without the mark: the watchdog is not swept
        os.environ[watchdog.SESSION_VARIABLE] = self._session
        self.watch()
        return self

    def watch(self) -> None:
        """Start watchdogs unless all of them run."""
        if self._process is not None and self._process.poll() is None:
            return
        self._dismiss()  # those that are left would take the end of their pipe for the end of the harness
        arguments = [self._session, str(os.getpid())]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", watchdog.__file__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            cwd="/",
            start_new_session=True,
        )

    def strays(self, spared: list[int]) -> None:
        """Kill what a cell has left whose zygote is no longer there to know it."""
        watchdog.sweep_processes(self._session, spared)

    def __exit__(self, *error: object) -> None:
        """Leave nothing behind, and let the watchdogs go."""
        watchdog.sweep_processes(self._session)
        watchdog.sweep_shared_memory(self._session)
        if self._before is None:
            os.environ.pop(watchdog.SESSION_VARIABLE, None)
        else:
            os.environ[watchdog.SESSION_VARIABLE] = self._before
        self._dismiss()

    def _dismiss(self) -> None:
        """Tell the watchdogs that they are not needed, and wait for the first one."""
        process = self._process
        if process is None or process.stdin is None:
            return
        with contextlib.suppress(BrokenPipeError):  # killed: the session has cleaned up itself
            process.stdin.write(watchdog.WATCHDOGS * watchdog.FAREWELL)  # one for each
            process.stdin.close()
        try:
            process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            process.kill()
            reap(process)
