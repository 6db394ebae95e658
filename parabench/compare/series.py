"""The history of each cell: its sessions in the order of time, those of another source or other libraries left out."""

from __future__ import annotations

import datetime as dt
import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass

from parabench.analyse.change_points import Series, change_points
from parabench.analyse.order import batches
from parabench.errors import FigureNotStored, UnknownName
from parabench.history.summary import FIGURES, CellKey, SessionSummary

_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One session of a history."""

    number: int | None
    commit: str | None
    moment: dt.datetime | None
    #: Seconds per round, or another of METRICS.
    amount: float

    @property
    def told(self) -> str:
        """The session in a few words: its commit and its day."""
        parts = [(self.commit or "")[:10] or None, str(self.moment.date()) if self.moment else None]
        return " of ".join(part for part in parts if part) or f"session {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellHistory:
    """One cell on one machine."""

    cell: str
    machine_id: str
    points: Sequence[Point]
    series: Series
    #: Sessions of the same cell that are not in it, because its workload or its libraries were others.
    others: int
    #: What the amounts are, one of METRICS.
    metric: str = "seconds"


def histories_of(
    sessions: Sequence[SessionSummary], pattern: str | None, threshold: float, metric: str = "seconds"
) -> list[CellHistory]:
    """The history of one of METRICS of every cell that a pattern means, by name.

    Raises UnknownName when it means none, FigureNotStored when no session has any such number.
    """
    series: dict[tuple[str, str], list[tuple[SessionSummary, CellKey, float]]] = {}
    for session in sorted(sessions, key=lambda session: (session.datetime or _LONG_AGO, session.number or 0)):
        for key, number in session.cells(metric):
            if number > 0:
                series.setdefault((key.name, session.machine_id), []).append((session, key, number))
    if not series and metric != "seconds":
        raise FigureNotStored(metric, FIGURES[metric], len(sessions))
    if pattern is not None:
        names = {which[0]: entries[-1][1].text for which, entries in series.items()}
        wanted = {name for name, short in names.items() if fnmatch.fnmatch(short, pattern) or name == pattern}
        if not wanted:
            raise UnknownName("cell", pattern, names.values())
        series = {which: entries for which, entries in series.items() if which[0] in wanted}
    return [
        _history(machine, entries, threshold, len(series), metric) for (_, machine), entries in sorted(series.items())
    ]


def _history(
    machine: str, entries: Sequence[tuple[SessionSummary, CellKey, float]], threshold: float, cells: int, metric: str
) -> CellHistory:
    """One cell as it is now: sessions of another source or other libraries are counted and left out."""
    now = entries[-1][1]
    same = [entry for entry in entries if entry[1] == now]
    points = [
        Point(number=session.number, commit=session.commit_id, moment=session.datetime, amount=amount)
        for session, _, amount in same
    ]
    moments = [None if point.moment is None else point.moment.timestamp() for point in points]
    series = change_points(
        [point.amount for point in points], batches=batches(moments), cells=cells, threshold=threshold
    )
    return CellHistory(
        cell=now.text,
        machine_id=machine,
        points=points,
        series=series,
        others=len(entries) - len(same),
        metric=metric,
    )
