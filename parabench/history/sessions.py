"""Summaries of all stored sessions: the one way by which comparisons and histories read them."""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import ParabenchError
from parabench.history import side_by_side
from parabench.history.cache import Cache
from parabench.history.files import session_files
from parabench.history.summary import Layout, SessionSummary, summarise

#: Larger files are left to the tolerant reader, which has bounds of its own.
BYTES_FAST_MOST = 1 << 28

File = tuple[Path, os.stat_result]


@dataclass(frozen=True, slots=True)
class Summaries:
    """What a results folder holds."""

    sessions: tuple[SessionSummary, ...]
    #: An error for each file that cannot be read; it never hides another one.
    problems: tuple[ParabenchError, ...]


def read_summaries(results: Path, *, cache: bool = True) -> Summaries:
    """Every stored session below a folder, in the order of machine and number.

    Files that have not changed since they were last read are not read again (`parabench.history.cache`). Where there is
    much to read, several processes share it (`parabench.history.side_by_side`); what is found is the same.
    """
    files, unreadable = session_files(results)
    known = Cache.load(results) if cache else Cache.without(results)
    summaries = [known.get(path, status) for path, status in files]
    errors = _read_missing(results, files, summaries, known)
    known.save({path for path, _ in files})
    return Summaries(tuple(summary for summary in summaries if summary is not None), (*unreadable, *errors))


def _read_missing(
    results: Path, files: Sequence[File], summaries: list[SessionSummary | None], known: Cache
) -> list[ParabenchError]:
    """Put in what is missing in `summaries`, and give an error for each file that cannot be read, in their order."""
    missing = [place for place, summary in enumerate(summaries) if summary is None]
    number = side_by_side.readers_for(sum(files[place][1].st_size for place in missing))
    shares = [[files[place] for place in missing[first::number]] for first in range(1, number)]
    if number > 1:
        from parabench.history.fast import decoder

        decoder()  # made before there are forks, which inherit it
    errors: dict[int, ParabenchError] = {}

    def read(places: Sequence[int]) -> None:
        for place in places:
            path, status = files[place]
            summaries[place] = known.get(path, status)
            if summaries[place] is None:
                try:
                    summary = summaries[place] = _read(path, status, known.layouts)
                    known.put(path, status, summary)
                except ParabenchError as error:
                    errors[place] = error

    with side_by_side.readers([functools.partial(_told_of, results, share) for share in shares]) as caches:
        read(missing[::number])
        for cache in caches:
            known.add(cache)
    for first in range(1, number):
        read(missing[first::number])
    return [errors[place] for place in sorted(errors)]


def _told_of(results: Path, share: Sequence[File]) -> bytes:
    """The summaries of some files, as a cache tells them; without those that cannot be read, which are read again."""
    cache = Cache.without(results)
    for path, status in share:
        with contextlib.suppress(ParabenchError):
            cache.put(path, status, _read(path, status, cache.layouts))
    return cache.told()


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
    from parabench.history.fast import summary_of  # not at the top: what is kept needs no reader
    from parabench.history.reader import read_session

    summary = None
    if stat.S_ISREG(status.st_mode) and status.st_size <= BYTES_FAST_MOST:
        with contextlib.suppress(OSError):  # the tolerant reader says what is wrong
            summary = summary_of(path, path.read_bytes(), layouts)
    return summarise(read_session(path)) if summary is None else summary
