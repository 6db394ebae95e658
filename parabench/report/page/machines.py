"""Stored sessions by machine and interpreter, newest first: which of them a page shows, and what they say."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.errors import HistoryUnreadable
from parabench.history.details import Details, read_details
from parabench.history.summary import SessionSummary
from parabench.report.page.workload_evidence import Evidence, evidence_of

#: Sessions of one commit that are looked at together; more of them make the answer no better.
REPLICATES_MOST = 30
_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One fingerprint: a computer with one build of an interpreter."""

    id: str
    #: As tox names it: 3.13, 3.14t, pypy3.11; "unknown" where the files do not tell.
    interpreter: str
    #: In the order of time.
    sessions: Sequence[SessionSummary]
    #: By workload, in the order in which the newest session has them.
    evidence: Mapping[str, Evidence]
    #: The newest session.
    latest: Details

    @property
    def details(self) -> list[Details]:
        """The sessions that are shown, newest first, each once."""
        shown = {evidence.details.session.path: evidence.details for evidence in self.evidence.values()}
        shown.setdefault(self.latest.session.path, self.latest)
        return sorted(shown.values(), key=lambda details: details.session.datetime or _LONG_AGO, reverse=True)


def machines_of(sessions: Iterable[SessionSummary]) -> list[Machine]:
    """Machines with sessions of parabench, that with the newest session first."""
    by_id: dict[str, list[SessionSummary]] = {}
    for session in sorted(sessions, key=moment_of):
        if any(key.cell is not None for key in session.layout):
            by_id.setdefault(session.machine_id, []).append(session)
    newest_first = sorted(by_id.values(), key=lambda of_machine: moment_of(of_machine[-1]), reverse=True)
    return [machine for of_machine in newest_first if (machine := _machine(of_machine)) is not None]


def moment_of(session: SessionSummary) -> tuple[dt.datetime, int]:
    """Sorts sessions by time, and by number where that is unknown."""
    return session.datetime or _LONG_AGO, session.number or 0


def same_commit(sessions: Sequence[SessionSummary]) -> list[SessionSummary]:
    """The last sessions in a row that are of the commit of the last one; interrupted and noisy ones are left out."""
    last = sessions[-1]
    of_commit: list[SessionSummary] = []
    for session in reversed(sessions):
        if (session.commit_id, session.dirty) != (last.commit_id, last.dirty):
            break
        if not (session.interrupted or session.noisy):
            of_commit.insert(0, session)
    return of_commit


def _machine(sessions: list[SessionSummary]) -> Machine | None:
    """A machine; None if no session of it can be read in full."""
    read: dict[Path, Details] = {}
    evidence: dict[str, Evidence] = {}
    for workload, session in _newest_of_each(sessions).items():
        with contextlib.suppress(HistoryUnreadable):  # its summary was made before the file was damaged: told elsewhere
            details = read.get(session.path) or read_details(session.path)
            read[session.path] = details
            until = sessions[: sessions.index(session) + 1]
            of_workload = evidence_of(workload, details, _replicates(workload, session, same_commit(until)))
            if of_workload is not None:
                evidence[workload] = of_workload
    if not read:
        return None
    latest = max(read.values(), key=lambda details: details.session.datetime or _LONG_AGO)
    return Machine(
        id=sessions[-1].machine_id,
        interpreter=sessions[-1].interpreter or "unknown",
        sessions=sessions,
        evidence=evidence,
        latest=latest,
    )


def _newest_of_each(sessions: Sequence[SessionSummary]) -> dict[str, SessionSummary]:
    """The newest session of each workload; one that was interrupted or noisy only where there is no other."""
    newest: dict[str, SessionSummary] = {}
    newest_first = sessions[::-1]
    for session in sorted(newest_first, key=lambda session: session.interrupted or session.noisy):
        for key in session.layout:
            if key.cell is not None:
                newest.setdefault(key.cell.workload, session)
    return newest


def _replicates(workload: str, session: SessionSummary, same: Sequence[SessionSummary]) -> list[SessionSummary]:
    """Sessions that measured the workload with the same source and libraries as the one that is shown."""
    wanted = {key.cell: key for key in session.layout if key.cell is not None and key.cell.workload == workload}

    def is_same(other: SessionSummary) -> bool:
        shared = [(wanted[key.cell], key) for key in other.layout if key.cell is not None and key.cell in wanted]
        return bool(shared) and all(mine == theirs for mine, theirs in shared)

    return [other for other in same if is_same(other)][-REPLICATES_MOST:]
