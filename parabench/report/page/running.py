"""Which sessions are being measured, and how far they are, as their journals say: one short text for a served page.

The page itself is made anew for stored sessions only: to make it takes seconds of the machine that is being measured.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

from parabench.history.journal import running
from parabench.report.foreign_text import one_line


class Running:
    """The sessions that are running into a results folder; of each journal only what is new is read."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self._lock = threading.Lock()
        #: Bytes that have been read of a journal, and the visits in them.
        self._read: dict[Path, tuple[int, int]] = {}

    def text(self) -> str:
        """A sentence for each; empty where none is running."""
        with self._lock:
            folders = [self._results, *sorted(path for path in self._results.glob("*") if path.is_dir())]
            held = [path for folder in folders for path in running(folder)]
            self._read = {path: self._read_on(path) for path in held}
            return " ".join(_sentence(path.parent.name, self._read[path][1]) for path in held)

    def _read_on(self, path: Path) -> tuple[int, int]:
        begin, visits = self._read.get(path, (0, 0))
        try:
            with path.open("rb") as file:
                file.seek(begin)
                new = file.read()
        except FileNotFoundError:  # it was stored just now
            return begin, visits
        end = new.rfind(b"\n") + 1
        return begin + end, visits + sum(map(_is_visit, new[:end].splitlines()))


def _sentence(machine: str, visits: int) -> str:
    number = {0: "no visit", 1: "1 visit"}.get(visits, f"{visits} visits")
    return f"A session is running on {one_line(machine)}: {number} so far."


def _is_visit(line: bytes) -> bool:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):  # whoever goes on with the session says what is wrong with the line
        return False
    return isinstance(entry, dict) and "visit" in entry
