"""From two sides of stored sessions to a verdict per cell: what may be compared, and what the history adds."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from parabench.analyse.verdict import ALPHA, THRESHOLD, CellSamples, CellVerdict, compare_cells
from parabench.history.summary import CellKey, SessionSummary

#: Differences that the user may choose to compare across.
ACROSS = ("fingerprint", "source", "circumstances")


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Verdicts for all cells of both sides, and what has to be known about the sides."""

    verdicts: tuple[CellVerdict, ...]
    base: tuple[SessionSummary, ...]
    new: tuple[SessionSummary, ...]
    threshold: float
    #: Remarks about the sides, each a sentence.
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Column:
    """One cell in sessions of one machine that share a layout: their numbers, one a session."""

    key: CellKey
    sessions: Sequence[SessionSummary]
    seconds: list[float]


@dataclass(slots=True)
class _Series:
    """What the sessions of the store say about one cell, in one machine's sessions unless all are taken together."""

    base: list[_Column] = field(default_factory=list)
    new: list[_Column] = field(default_factory=list)
    history: list[_Column] = field(default_factory=list)


def compare_sessions(
    base: Sequence[SessionSummary],
    new: Sequence[SessionSummary],
    store: Iterable[SessionSummary] = (),
    *,
    across: Iterable[str] = (),
    threshold: float = THRESHOLD,
    alpha: float = ALPHA,
) -> Comparison:
    """Compare two sides cell by cell.

    A cell is compared on one fingerprint, with the same source of its workload and the same libraries, unless `across`
    (from ACROSS) says otherwise. Sessions of `store` on neither side are the history that tells how much sessions
    differ where the sides are too small to tell; those that were interrupted or noisy do not count for that.
    """
    allowed, notes = frozenset(across), []
    sides = (base, new)
    for name, side in (("base", base), ("new", new)):
        if flawed := sum(map(_is_flawed, side)):
            notes.append(f"of the {len(side)} sessions of the {name} side {flawed} were interrupted or noisy")
    if both := {session.path for session in sides[0]} & {session.path for session in sides[1]}:
        notes.append(f"{len(both)} sessions are on both sides")
    if len(sides[0]) > 1 and len(sides[1]) > 1 and not interleaved(*sides):
        notes.append(
            "one side was measured after the other: a drift of the machine would look like a change; "
            "`parabench run --rev A --rev B` alternates"
        )
    chosen = {session.path for side in sides for session in side}
    history = [session for session in store if session.path not in chosen and not _is_flawed(session)]
    collected = _collect(sides[0], sides[1], history, by_machine="fingerprint" not in allowed)
    samples = [_samples(name, series, sides, allowed) for name, series in sorted(collected.items())]
    return Comparison(
        verdicts=tuple(compare_cells(samples, threshold=threshold, alpha=alpha)),
        base=tuple(sides[0]),
        new=tuple(sides[1]),
        threshold=threshold,
        notes=tuple(notes),
    )


def _is_flawed(session: SessionSummary) -> bool:
    return session.interrupted or session.noisy


def interleaved(one: Sequence[SessionSummary], other: Sequence[SessionSummary]) -> bool:
    """Whether the sessions of two sides were measured in turns, as far as their times tell."""
    times: list[list[dt.datetime]] = [[s.datetime for s in side if s.datetime is not None] for side in (one, other)]
    if not all(times):
        return False
    return max(times[0]) > min(times[1]) and max(times[1]) > min(times[0])


def _collect(
    base: Sequence[SessionSummary],
    new: Sequence[SessionSummary],
    history: Sequence[SessionSummary],
    *,
    by_machine: bool,
) -> dict[str, _Series]:
    """Series by the name of the cell, with the machine in it when cells of several machines are on a side."""
    machines = {session.machine_id for side in (base, new) for session in side}
    collected: dict[str, _Series] = {}
    for part, sessions in (("base", base), ("new", new), ("history", history)):
        for machine, group in _grouped(sessions):
            if machine not in machines:
                continue
            for place, key in enumerate(group[0].layout):
                name = f"{key.name} @ {machine}" if by_machine and len(machines) > 1 else key.name
                if part == "history" and name not in collected:
                    continue
                seconds = [session.seconds[place] for session in group]
                getattr(collected.setdefault(name, _Series()), part).append(_known(_Column(key, group, seconds)))
    return collected


def _grouped(sessions: Sequence[SessionSummary]) -> list[tuple[str, list[SessionSummary]]]:
    """Sessions of one machine and one layout together, in their order; layouts are shared, their identity will do."""
    groups: dict[tuple[str, int], list[SessionSummary]] = {}
    for session in sessions:
        groups.setdefault((session.machine_id, id(session.layout)), []).append(session)
    return [(machine, group) for (machine, _), group in groups.items()]


def _known(column: _Column) -> _Column:
    """The column without sessions that have no number for the cell."""
    if not any(map(math.isnan, column.seconds)):
        return column
    kept = [n for n, seconds in enumerate(column.seconds) if not math.isnan(seconds)]
    return _Column(column.key, [column.sessions[n] for n in kept], [column.seconds[n] for n in kept])


def _samples(
    name: str, series: _Series, sides: Sequence[Sequence[SessionSummary]], allowed: frozenset[str]
) -> CellSamples:
    refusal = _missing(name, series, sides)
    base, new, history = series.base, series.new, series.history
    if refusal is None:
        latest = new[-1].key
        if "source" not in allowed:
            source = latest.source_hash
            base, new, history = ([c for c in part if c.key.source_hash == source] for part in (base, new, history))
            refusal = None if base else "the source of its workload has changed (--across source compares all the same)"
        if "circumstances" not in allowed and refusal is None:
            same = latest.circumstances
            base, new, history = ([c for c in part if c.key.circumstances == same] for part in (base, new, history))
            if not base:
                there = series.base[-1].key.circumstances
                refusal = f"{there} became {same} (--across circumstances compares all the same)"
    return CellSamples(
        cell=name,
        base=[seconds for column in base for seconds in column.seconds],
        new=[seconds for column in new for seconds in column.seconds],
        history=_by_commit(history),
        not_comparable=refusal,
    )


def _missing(name: str, series: _Series, sides: Sequence[Sequence[SessionSummary]]) -> str | None:
    """Why a side has no number for a cell; None when both have."""
    for side, found, sessions, other in (
        ("base", series.base, sides[0], series.new),
        ("new", series.new, sides[1], series.base),
    ):
        if any(column.seconds for column in found):
            continue
        failed = [reason for session in sessions for cell, reason in session.failed.items() if f"[{cell}]" in name]
        if failed:
            return f"it failed on the {side} side: {failed[-1].splitlines()[0]}"
        machines = {session.machine_id for session in sessions}
        if other and other[-1].sessions[-1].machine_id not in machines:
            return f"the {side} side has another fingerprint (--across fingerprint compares all the same)"
        return f"the {side} side did not measure it"
    return None


def _by_commit(history: Sequence[_Column]) -> list[list[float]]:
    """Replicates of the history in groups between which nothing was changed on purpose."""
    groups: dict[tuple[str, str | None, bool | None], list[float]] = {}
    for column in history:
        for session, seconds in zip(column.sessions, column.seconds, strict=True):
            if seconds > 0:
                groups.setdefault((session.machine_id, session.commit_id, session.dirty), []).append(seconds)
    return list(groups.values())
