"""The progress of a session: a bar on terminals, a line now and then elsewhere, and a sign of life in long visits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from parabench.records import Cell
from parabench.report.terminal import progress_line
from parabench.session.schedule import Schedule
from parabench.session.session import Session

#: Where lines cannot be rewritten, progress is shown this often, in seconds.
PROGRESS_SECONDS = 5.0
#: On a terminal the line of a long visit is written again so often, in seconds.
HEARTBEAT_SECONDS = 1.0


class Progress:
    """Shows where a session is; one for each session."""

    def __init__(self, config: pytest.Config, session: Session, schedule: Schedule[pytest.Item]) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._quiet = self._terminal is None or config.option.verbose < 0
        self._session = session
        self._schedule = schedule
        self._shown = -PROGRESS_SECONDS

    @contextmanager
    def visiting(self, planned: Cell) -> Iterator[None]:
        """Show the visit that begins, and that it lives while it lasts."""
        if self._quiet:
            yield
            return
        ended = threading.Event()
        began = time.monotonic()
        self._show(planned, 0.0)
        beating = threading.Thread(target=self._beat, args=(planned, began, ended), name="progress", daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()

    def end(self) -> None:
        """Say that all is done, where the bar stays on the screen."""
        if not self._quiet and not self._terminal.isatty and self._schedule.made:
            self._terminal.write_line(progress_line(1.0, 0.0, *self._settled(), "done"))

    def _beat(self, planned: Cell, began: float, ended: threading.Event) -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            self._show(planned, time.monotonic() - began)

    def _show(self, planned: Cell, seconds_running: float) -> None:
        share, seconds_left = self._schedule.share_done()
        line = progress_line(share, seconds_left, *self._settled(), planned.id, seconds_running)
        if self._terminal.isatty:
            self._terminal.rewrite(line, erase=True)
        elif time.monotonic() - self._shown >= PROGRESS_SECONDS:
            self._shown = time.monotonic()
            self._terminal.write_line(line)

    def _settled(self) -> tuple[int | None, int]:
        races = self._session.races
        return (None, 0) if races is None else (races.settled, len(races.by_workload))
