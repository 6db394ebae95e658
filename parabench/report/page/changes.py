"""What changed on a machine: its newest commit against the one before, and every step in its history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parabench.analyse.verdict import FASTER, SLOWER, CellVerdict
from parabench.compare.comparison import compare_sessions
from parabench.compare.series import CellHistory, histories_of
from parabench.errors import HistoryUnreadable
from parabench.history.reader import read_session
from parabench.history.stored import StoredSession
from parabench.history.summary import SessionSummary
from parabench.records import CellId
from parabench.report.page.machines import REPLICATES_MOST, Machine, same_commit

#: Histories with more sessions are cut to the last so many: a page is looked at for what is so now.
SESSIONS_MOST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Of one machine."""

    #: Commit of the base; None where there is none to compare with.
    base: str | None
    sessions_base: int
    sessions_new: int
    #: The sessions of both sides in full, as far as their files can still be read; empty without a base.
    compared: tuple[StoredSession, ...]
    #: Remarks about the sides, each a sentence.
    notes: tuple[str, ...]
    #: By cell; empty without a base.
    verdicts: dict[CellId, CellVerdict]
    #: Histories of the cells that are shown, by cell.
    histories: dict[CellId, CellHistory]

    @property
    def significant(self) -> list[tuple[CellId, CellVerdict]]:
        """Cells that got slower or faster, the largest change first."""
        changed = [(cell, verdict) for cell, verdict in self.verdicts.items() if verdict.verdict in (SLOWER, FASTER)]
        return sorted(changed, key=lambda pair: -abs((pair[1].ratio or 1.0) - 1))


def changes_of(machine: Machine, threshold: float) -> Changes:
    """The newest commit's sessions against those of the commit before it, and histories of all recommended cells."""
    sessions = list(machine.sessions)[-SESSIONS_MOST:]
    new = same_commit(sessions)[-REPLICATES_MOST:]
    before = [session for session in sessions[: _begin_of_last(sessions)] if not (session.interrupted or session.noisy)]
    base = same_commit(before)[-REPLICATES_MOST:] if before else []
    verdicts: dict[CellId, CellVerdict] = {}
    compared: list[StoredSession] = []
    notes: list[str] = []
    if base and new:
        comparison = compare_sessions(base, new, sessions, threshold=threshold)
        verdicts = {
            comparison.identities[verdict.cell]: verdict
            for verdict in comparison.verdicts
            if verdict.cell in comparison.identities
        }
        compared, unread = _in_full([*base, *new], machine)
        notes = [*comparison.notes, *unread]
    return Changes(
        base=base[-1].commit_id if base else None,
        sessions_base=len(base),
        sessions_new=len(new),
        compared=tuple(compared),
        notes=tuple(notes),
        verdicts=verdicts,
        histories=_histories(machine, sessions, threshold),
    )


def _in_full(summaries: Sequence[SessionSummary], machine: Machine) -> tuple[list[StoredSession], list[str]]:
    """The sessions behind summaries, and what is wrong with files that were damaged since."""
    known = {details.session.path: details.session for details in machine.details}
    stored, wrong = [], []
    for summary in summaries:
        try:
            stored.append(known.get(summary.path) or read_session(summary.path))
        except HistoryUnreadable as error:
            wrong.append(str(error))
    return stored, wrong


def _begin_of_last(sessions: Sequence[SessionSummary]) -> int:
    """Place of the first of the last sessions in a row that are of one commit."""
    last = sessions[-1]
    place = len(sessions)
    while place and (sessions[place - 1].commit_id, sessions[place - 1].dirty) == (last.commit_id, last.dirty):
        place -= 1
    return place


def _histories(machine: Machine, sessions: Sequence[SessionSummary], threshold: float) -> dict[CellId, CellHistory]:
    wanted = {
        evidence.recommended.cell.text: evidence.recommended.cell
        for evidence in machine.evidence.values()
        if evidence.recommended is not None
    }
    histories: dict[CellId, CellHistory] = {}
    clean = [session for session in sessions if not (session.interrupted or session.noisy)] or list(sessions)
    for text, cell in wanted.items():
        if any(key.cell == cell for session in clean for key in session.layout):
            for history in histories_of(clean, _literal(text), threshold):
                histories[cell] = history
    return histories


def _literal(name: str) -> str:
    """A pattern that means this name only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)
