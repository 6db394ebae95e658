"""The progress of a session: a bar on terminals, a line now and then elsewhere, and a sign of life in long visits."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from parabench.errors import spelled
from parabench.records import Cell
from parabench.report.foreign_text import one_line
from parabench.report.terminal import Standing, progress_line
from parabench.session.schedule import Schedule
from parabench.session.session import Session

#: Where lines cannot be rewritten, progress is shown this often, in seconds.
PROGRESS_SECONDS = 5.0
#: On a terminal the line of a long visit is written again so often, in seconds.
HEARTBEAT_SECONDS = 1.0
#: The cost of a workload whose batch takes longer is told before it is measured.
LONG_BATCH_SECONDS = 4.0


PROGRESS = pytest.StashKey["Progress"]()


class Progress:
    """Shows where a session is; one for each session."""

    def __init__(self, config: pytest.Config, session: Session, schedule: Schedule[pytest.Item]) -> None:
        self._terminal: Any = config.pluginmanager.get_plugin("terminalreporter")
        self._quiet = self._terminal is None or config.option.verbose < 0
        self._session = session
        self._schedule = schedule
        self._shown = -PROGRESS_SECONDS
        # While a test runs, pytest captures the output; what is said meanwhile goes to where it went before.
        self._output = None if self._quiet else _where_output_goes()

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

    def end(self, *, complete: bool) -> None:
        """Say that all is done, if it is; on a terminal over the line of the last visit."""
        if self._output is not None:
            os.close(self._output)
            self._output = None
        if complete and not self._quiet and self._schedule.made:
            self._terminal.ensure_newline()
            self._terminal.write("\r\x1b[K" if self._terminal.isatty else "")  # erases the line
            self._terminal.write_line(progress_line(1.0, 0.0, self._standing(), "done"))

    def say_cost(self, workload: str, seconds: float, batches: int) -> None:
        """Tell the user beforehand of a workload whose batch takes long, and what can be done about it."""
        if seconds >= LONG_BATCH_SECONDS:
            self._write(
                f"parabench: one batch of {one_line(workload)} takes {seconds:.0f} s one task after the other, and the "
                f"first passes run {batches} of them: up to {seconds * batches:.0f} s. Fewer items, "
                f"{spelled('--models')} or {spelled('--workloads')} make it less",
                stays=True,
            )

    def _beat(self, planned: Cell, began: float, ended: threading.Event) -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            self._show(planned, time.monotonic() - began)

    def _show(self, planned: Cell, seconds_running: float) -> None:
        share, seconds_left = self._schedule.share_done()
        line = progress_line(share, seconds_left, self._standing(), planned.id, seconds_running)
        if self._terminal.isatty:
            self._write(line, stays=False)
        elif time.monotonic() - self._shown >= PROGRESS_SECONDS:
            self._shown = time.monotonic()
            self._write(line, stays=True)

    def _write(self, line: str, *, stays: bool) -> None:
        """Write a line, over the one before on a terminal; one that does not stay is written over."""
        if self._output is None:
            return
        shown = one_line(line)
        if self._terminal.isatty:
            shown = self._over(shown if stays else shown[: self._columns])
        os.write(self._output, (shown + ("\n" if stays else "")).encode("ascii", "replace"))

    @property
    def _columns(self) -> int:
        return int(self._terminal._tw.fullwidth) - 1

    def _over(self, line: str) -> str:
        """The line so that it takes the place of the one before."""
        return "\r" + line.ljust(self._columns)

    def _standing(self) -> Standing | None:
        races = self._session.races
        return None if races is None else Standing(len(races.by_workload), races.settled, races.settled_by_family)


def _where_output_goes() -> int | None:
    """A descriptor of the present standard output; None where it is no file."""
    try:
        sys.stdout.flush()
        return os.dup(sys.stdout.fileno())
    except (OSError, ValueError):  # a StringIO has none
        return None
