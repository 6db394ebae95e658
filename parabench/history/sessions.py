"""Summaries of all stored sessions: the one way by which comparisons and histories read them."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.history.cache import Cache
from parabench.history.fast import summary_of
from parabench.history.reader import read_session, session_files
from parabench.history.summary import Layout, SessionSummary, summarise

#: Larger files are left to the tolerant reader, which has bounds of its own.
BYTES_FAST_MOST = 1 << 28


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a results folder holds."""

    sessions: tuple[SessionSummary, ...]
    #: An error for each file that cannot be read; it never hides another one.
    problems: tuple[ParabenchError, ...]


def read_summaries(results: Path, *, cache: bool = True) -> Summaries:
    """Every stored session below a folder, in the order of machine and number.

    Files that have not changed since they were last read are not read again (`parabench.history.cache`).
    """
    files, unreadable = session_files(results)
    problems: list[ParabenchError] = [*unreadable]
    known = Cache.load(results) if cache else Cache.without()
    found: list[SessionSummary] = []
    for path, status in files:
        summary = known.get(path, status)
        if summary is None:
            try:
                summary = _read(path, status, known.layouts)
            except ParabenchError as error:
                problems.append(error)
                continue
            known.put(path, status, summary)
        found.append(summary)
    known.save({path for path, _ in files})
    return Summaries(tuple(found), tuple(problems))


def with_files(sessions: Sequence[SessionSummary], texts: Iterable[str]) -> list[SessionSummary]:
    """The same and, in front, the files that a selection names and that are not among them.

    Raises HistoryUnreadable for a file that cannot be read.
    """
    named: list[SessionSummary] = []
    for text in texts:
        for part in text.split(","):
            path = Path(part.strip().removeprefix("file:"))
            if path.suffix == ".json" and path.is_file():
                known = {os.path.realpath(session.path) for session in [*sessions, *named]}
                if os.path.realpath(path) not in known:
                    named.append(_read(path, path.stat(), {}))
    return [*named, *sessions]


def _read(path: Path, status: os.stat_result, layouts: dict[Layout, Layout]) -> SessionSummary:
    """The summary of a file, the fast way if that is possible. Raises HistoryUnreadable."""
    summary = None
    if stat.S_ISREG(status.st_mode) and status.st_size <= BYTES_FAST_MOST:
        with contextlib.suppress(OSError):  # the tolerant reader says what is wrong
            summary = summary_of(path, path.read_bytes(), layouts)
    return summarise(read_session(path)) if summary is None else summary
