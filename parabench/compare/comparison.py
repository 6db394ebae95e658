"""From two sides of stored sessions to a verdict per cell: what may be compared, and what the history adds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from parabench.analyse.estimate import Sides
from parabench.analyse.looks import ALPHA
from parabench.analyse.order import ONE_AFTER_THE_OTHER
from parabench.analyse.verdict import THRESHOLD, CellSamples, CellVerdict, compare_cells
from parabench.errors import HistoryUnreadable
from parabench.history.summary import FIGURES, CellKey, SessionSummary
from parabench.records import CellId

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
    #: What was compared, one of METRICS.
    metric: str = "seconds"
    #: What CPU time says of the same cells, by `CellVerdict.cell`; empty: it was not asked.
    cpu: Mapping[str, CellVerdict] = field(default_factory=dict)
    #: Which cell of ours a verdict is about, by `CellVerdict.cell`; benchmarks of other projects are not in it.
    identities: Mapping[str, CellId] = field(default_factory=dict)
    #: What a verdict's cell is called where people read, by `CellVerdict.cell`.
    texts: Mapping[str, str] = field(default_factory=dict)
    #: The numbers of each session that a verdict rests on, by `CellVerdict.cell`.
    samples: Mapping[str, CellSamples] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Column:
    """One cell in sessions that share a layout: their places in their part of the comparison, and their numbers."""

    key: CellKey
    places: Sequence[int]
    seconds: Sequence[float]


@dataclass(slots=True)
class _Series:
    """What the sessions of one machine say about one cell; of all machines where they are taken together."""

    base: list[_Column] = field(default_factory=list)
    new: list[_Column] = field(default_factory=list)
    history: list[_Column] = field(default_factory=list)

    @property
    def key(self) -> CellKey:
        """What was measured, as the latest session of the new side has it, or else of the base."""
        return (self.new or self.base)[-1].key


@dataclass(slots=True)
class _Parts:
    """The sessions that are compared with each other: those of one machine, or all of them."""

    base: list[SessionSummary] = field(default_factory=list)
    new: list[SessionSummary] = field(default_factory=list)
    history: list[SessionSummary] = field(default_factory=list)


#: What is said when the sides did not alternate.
DRIFT_POSSIBLE = (
    "one side was measured after the other: a drift of the machine would look like a change; "
    "`parabench run --rev A --rev B` alternates"
)


def compare_sessions(
    base: Sequence[SessionSummary],
    new: Sequence[SessionSummary],
    store: Iterable[SessionSummary] = (),
    *,
    across: Iterable[str] = (),
    threshold: float = THRESHOLD,
    alpha: float = ALPHA,
    metric: str = "seconds",
) -> Comparison:
    """Compare two sides cell by cell.

    A cell is compared on one fingerprint, with the same source of its workload and the same libraries, unless `across`
    (from ACROSS) says otherwise. Sessions of `store` on neither side are the history that tells how much sessions
    differ where the sides are too small to tell, unless they were interrupted or noisy. `metric` is one of METRICS.
    """
    allowed, sides = frozenset(across), (base, new)
    parts = _by_machine(base, new, _history(store, sides), together="fingerprint" in allowed)
    alpha /= max(1, sum(bool(part.base and part.new) for part in parts.values()))
    verdicts, samples = list[CellVerdict](), dict[str, CellSamples]()
    identities, texts = dict[str, CellId](), dict[str, str]()
    for machine, part in parts.items():
        suffix = f" @ {machine}" if len(parts) > 1 else ""
        all_series = {name + suffix: series for name, series in _collect(part, metric).items()}
        own = [_samples(name, series, part, sides, allowed, metric) for name, series in all_series.items()]
        samples |= {cell_samples.cell: cell_samples for cell_samples in own}
        texts |= {name: series.key.text + suffix for name, series in all_series.items()}
        identities |= {name: series.key.cell for name, series in all_series.items() if series.key.cell is not None}
        verdicts += compare_cells(own, _order(part), threshold=threshold, alpha=alpha)
    return Comparison(
        verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.cell)),
        base=tuple(sides[0]),
        new=tuple(sides[1]),
        threshold=threshold,
        notes=(*_notes_of_sides(base, new), *_notes_of_order(verdicts)),
        metric=metric,
        identities=identities,
        texts=texts,
        samples=samples,
    )


def _history(store: Iterable[SessionSummary], sides: Sequence[Sequence[SessionSummary]]) -> list[SessionSummary]:
    chosen = {session.path for side in sides for session in side}
    return [session for session in store if session.path not in chosen and not _is_flawed(session)]


def _notes_of_sides(base: Sequence[SessionSummary], new: Sequence[SessionSummary]) -> list[str]:
    """What a reader has to know of the sessions themselves."""
    notes = []
    for name, side in (("base", base), ("new", new)):
        if flawed := sum(map(_is_flawed, side)):
            notes.append(f"of the {len(side)} sessions of the {name} side {flawed} were interrupted or noisy")
    if both := {session.path for session in base} & {session.path for session in new}:
        notes.append(f"{len(both)} sessions are on both sides")
    return notes


def _notes_of_order(verdicts: Iterable[CellVerdict]) -> list[str]:
    return [DRIFT_POSSIBLE] if any(verdict.order == ONE_AFTER_THE_OTHER for verdict in verdicts) else []


def _is_flawed(session: SessionSummary) -> bool:
    return session.interrupted or session.noisy


def _by_machine(
    base: Iterable[SessionSummary], new: Iterable[SessionSummary], history: Iterable[SessionSummary], *, together: bool
) -> dict[str, _Parts]:
    """The sessions by machine; of the history those of machines that are on a side."""
    parts: dict[str, _Parts] = {}
    for name, side in (("base", base), ("new", new)):
        for session in side:
            getattr(parts.setdefault("" if together else session.machine_id, _Parts()), name).append(session)
    machines = {session.machine_id for part in parts.values() for session in (*part.base, *part.new)}
    for session in history:
        if session.machine_id in machines:
            parts["" if together else session.machine_id].history.append(session)
    return parts


def _order(part: _Parts) -> Sides:
    """When the sessions were measured; of the history also what, since code may change between commits."""

    def moment(session: SessionSummary) -> float | None:
        return None if session.datetime is None else session.datetime.timestamp()

    return Sides(
        base=[moment(session) for session in part.base],
        new=[moment(session) for session in part.new],
        history=[
            (moment(session), f"{session.machine_id} {session.commit_id} {session.dirty}") for session in part.history
        ],
    )


def _collect(part: _Parts, metric: str) -> dict[str, _Series]:
    """Series by the name of the cell, in the order of the names."""
    collected: dict[str, _Series] = {}
    for name, sessions in (("base", part.base), ("new", part.new), ("history", part.history)):
        for places in _by_layout(sessions):
            group = [sessions[place] for place in places]
            columns = zip(*(session.numbers(metric) for session in group), strict=True)
            for key, column in zip(group[0].layout, columns, strict=True):
                if name == "history" and key.name not in collected:
                    continue
                getattr(collected.setdefault(key.name, _Series()), name).append(_Column(key, places, column))
    return dict(sorted(collected.items()))


def _by_layout(sessions: Sequence[SessionSummary]) -> list[list[int]]:
    """Places of sessions that share a layout; layouts are shared, their identity will do."""
    groups: dict[int, list[int]] = {}
    for place, session in enumerate(sessions):
        groups.setdefault(id(session.layout), []).append(place)
    return list(groups.values())


def _samples(
    name: str,
    series: _Series,
    part: _Parts,
    sides: Sequence[Sequence[SessionSummary]],
    allowed: frozenset[str],
    metric: str,
) -> CellSamples:
    refusal = _missing(series, part, sides, metric)
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
        base=_seconds(base, len(part.base)),
        new=_seconds(new, len(part.new)),
        history=_seconds(history, len(part.history)),
        not_comparable=refusal,
    )


def _seconds(columns: Sequence[_Column], sessions: int) -> list[float]:
    """A number for each session, NaN for those that have none."""
    numbers = [math.nan] * sessions
    for column in columns:
        for place, seconds in zip(column.places, column.seconds, strict=True):
            numbers[place] = seconds
    return numbers


def _missing(series: _Series, part: _Parts, sides: Sequence[Sequence[SessionSummary]], metric: str) -> str | None:
    """Why a side has no number for a cell; None when both have."""
    for side, columns, sessions, there in (
        ("base", series.base, sides[0], part.new),
        ("new", series.new, sides[1], part.base),
    ):
        if not all(math.isnan(seconds) for column in columns for seconds in column.seconds):
            continue
        cell = series.key.cell
        failed = [session.failed[cell] for session in sessions if cell is not None and cell in session.failed]
        if failed:
            return f"it failed on the {side} side: {failed[-1].splitlines()[0]}"
        machines = {session.machine_id for session in sessions}
        if there and there[-1].machine_id not in machines:
            return f"the {side} side has another fingerprint (--across fingerprint compares all the same)"
        if columns and metric != "seconds":
            return f"the {side} side has no {metric} of it: {_why_unknown(columns[-1], sessions, metric)}"
        return f"the {side} side did not measure it"
    return None


def _why_unknown(column: _Column, sessions: Sequence[SessionSummary], metric: str) -> str:
    """What the latest of these sessions' files that measured a cell says of a figure that it has not."""
    from parabench.history.reader import read_session  # not at the top: it is seldom needed

    latest = [session for session in sessions if column.key in session.layout][-1]
    try:
        stored = read_session(latest.path).benchmarks
    except HistoryUnreadable as error:
        return str(error)
    reasons = next((benchmark.reasons for benchmark in stored if benchmark.fullname == column.key.name), {})
    if any(benchmark.is_cell for benchmark in stored if benchmark.fullname == column.key.name):
        return reasons.get(FIGURES[metric], "what was read is not above 0")
    return "pytest-benchmark does not record it"
