"""Summaries of all stored sessions: the one way by which comparisons and histories read them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.history.reader import read_folder, read_session
from parabench.history.summary import SessionSummary, summarise


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a results folder holds."""

    sessions: tuple[SessionSummary, ...]
    #: An error for each file that cannot be read; it never hides another one.
    problems: tuple[ParabenchError, ...]


def read_summaries(results: Path) -> Summaries:
    """Every stored session below a folder, in the order of machine and number."""
    sessions, unreadable = read_folder(results)
    return Summaries(tuple(map(summarise, sessions)), tuple(unreadable))


def with_files(sessions: Sequence[SessionSummary], texts: Iterable[str]) -> list[SessionSummary]:
    """The same and, in front, the files that a selection names and that are not among them.

    Raises HistoryUnreadable for a file that cannot be read.
    """
    known = {session.path.resolve(): session for session in sessions}
    named = []
    for text in texts:
        for part in text.split(","):
            path = Path(part.strip().removeprefix("file:"))
            if path.suffix == ".json" and path.is_file() and path.resolve() not in known:
                named.append(summarise(read_session(path)))
    return [*named, *sessions]
