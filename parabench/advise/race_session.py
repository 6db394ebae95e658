"""The race: a session with one workload, whose contestants were chosen by prediction."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from parabench.advise.call_outcomes import is_raised, roots
from parabench.advise.confirming import Confirmed, Confirming
from parabench.advise.ledger import Ledger
from parabench.advise.prediction import ERROR_STATED, RULED_OUT, Prediction, Selection
from parabench.advise.saving import saved
from parabench.advise.simplicity import Key, simplest_first, simplicity
from parabench.advise.work import Work
from parabench.analyse.ranking import Ratio
from parabench.errors import CallsSpent, ParabenchError
from parabench.measure.experiment import Experiment
from parabench.models import BASELINE
from parabench.records import Cell, CellRecord, Concern
from parabench.session.answers import Answer
from parabench.session.experiment_of import experiment_of
from parabench.session.option_table import OPTIONS
from parabench.session.options import Given, Options, read_options
from parabench.session.orders import endless_orders
from parabench.session.schedule import Hooks, Schedule
from parabench.session.session import Session

#: Share of the cores from which other programs spoil times.
BUSY = 0.1
#: Where a race is, is said so often, in seconds.
PROGRESS_SECONDS = 5.0
#: A cell is given so many times what it should take, and at least so many seconds.
PATIENCE, SECONDS_LEAST = 20.0, 10.0


@dataclass(slots=True)
class Raced:
    """What a race has found."""

    answer: Answer | None = None
    records: list[CellRecord] = field(default_factory=list)
    passes: int = 0
    seconds: float = 0.0
    #: Why it ended before it was settled; None when it was.
    stopped: str | None = None
    widened: bool = False
    concerns: list[Concern] = field(default_factory=list)
    stored: Path | None = None
    #: Results of one call after the other, by workload.
    references: Mapping[str, Any] = field(default_factory=dict)
    #: Labels of those that are as good as the best one, for sure.
    good: frozenset[str] = frozenset()
    #: As of Races, by label.
    speedups: Mapping[str, Ratio] = field(default_factory=dict)
    #: Of passes after the race was settled; None where there were none.
    confirmed: Confirmed | None = None


def options_of(work: Work, *, budget: float, timeout: float, results: Path, on_busy: str, seed: int | None) -> Options:
    """The options of the session, as if they had been given to it."""
    given = {entry.field: Given(entry.default, entry.flag, explicit=False) for entry in OPTIONS}
    root = roots(work)[0]
    options = read_options(given, root)
    return replace(
        options,
        budget_seconds=budget,
        cell_timeout_seconds=timeout,
        results=results,
        on_busy=on_busy,
        seed=options.seed if seed is None else seed,
        workloads=(),
        everything=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a race is run."""

    options: Options
    ledger: Ledger
    #: As of ExperimentOptions.
    fresh: bool
    output: Path
    #: Store the session's file.
    keep: bool
    say: Callable[[str], None]

    def say_waiting(self, _: object) -> None:
        """Another session has to end first."""
        self.say("waiting for another session that measures on this machine")


def race(work: Work, selection: Selection, terms: Terms) -> Raced:
    """Race what was selected until it is settled, or the budget or the calls are spent.

    What was ruled out enters where a prediction turns out to be wrong.
    """
    raced = Raced()
    session = _session(work, terms, raced)
    if work.dealer is not None:
        work.dealer.dealing = True
    began = time.monotonic()
    cells = {
        contestant.key: _cell(work, contestant, entered=contestant not in selection.reserve)
        for contestant in selection.contestants
    }
    try:
        items = {f"advise::{cell.id}": cell for cell in cells.values()}
        session.plan(items, {}, terms.say_waiting, raced.concerns.append)
        raced.stopped = _raced(work, session, cells, Widening(session, selection, cells, raced), terms.say)
        raced.passes = max((len(record.visits) for record in session.records.values()), default=0)
        if work.dealer is not None:
            work.dealer.dealing = False
            work.batch = work.items[: work.dealer.batch_size]
        answers = session.answers()
        raced.answer = answers[0] if answers else None
        raced.speedups = session.races.speedups.get(work.name, {}) if session.races else {}
        raced.good = session.races.by_workload[work.name].good if session.races else frozenset()
        raced.records = list(session.records.values())
        if terms.keep:
            raced.stored = session.stored = _kept(session)
        session.is_kept = True  # or nobody wants it
    finally:
        raced.seconds = time.monotonic() - began
        session.close()
    return raced


def _kept(session: Session) -> Path:
    """The session's file. Raises ParabenchError when it cannot be written; the journal stays then."""
    try:
        return saved(session)
    except ParabenchError as error:
        session.problems.append(str(error))
        raise


def _session(work: Work, terms: Terms, raced: Raced) -> Session:
    """A session of the one workload, whose batches are charged before they begin."""
    workload, folders = work.workload(), roots(work)
    session = Session(terms.options, workloads={workload.name: workload})

    def counted(*arguments: Any) -> Experiment:
        experiment = experiment_of(*arguments, python_path=folders, fresh=terms.fresh, output=terms.output)
        experiment.on_batch = terms.ledger.charge
        raced.references = experiment.references
        return experiment

    session.experiment_of = counted
    return session


def _raced(
    work: Work, session: Session, cells: Mapping[Key, Cell], widening: Widening, say: Callable[[str], None]
) -> str | None:
    """All visits, and fresh ones once it is settled; returns why they ended, None when the race was settled."""
    assert session.races is not None
    (workload_race,) = session.races.by_workload.values()
    awaits = work.target.is_coroutine
    workload_race.simplest_first = simplest_first(awaits=awaits)
    records = {record.label: record for record in session.records.values()}

    def by_simplicity(label: str) -> tuple[int, int, Key]:
        cell = records[label].cell
        key = cell.model, cell.workers, cell.chunk
        return simplicity(workload_race.families[label], key, awaits=awaits)

    confirming = Confirming(workload_race, records, lambda labels: min(labels, key=by_simplicity))

    def look(passes: int) -> None:
        widening.look(passes)
        confirming.look(passes)

    def wanted(cell: Cell) -> bool:
        record = session.records[cell.id]
        return session.wanted(cell) or (record.failure is None and confirming.wants(record.label))

    stopped = _run(session, list(cells.values()), look, say, wanted)
    widening.raced.confirmed = confirming.confirmed()
    return stopped


class Widening:
    """Lets in what was ruled out, when predictions turn out to be wrong."""

    def __init__(self, session: Session, selection: Selection, cells: dict[Key, Cell], raced: Raced) -> None:
        self.raced = raced
        self._session, self._selection, self._cells = session, selection, cells

    def look(self, passes: int) -> None:
        """Between passes."""
        races = self._session.races
        assert races is not None
        races.look(passes)
        if self.raced.widened or not self._wrong():
            return
        self.raced.widened = True
        for contestant in self._selection.reserve:
            races.admit(self._session.records[self._cells[contestant.key].id])

    def _wrong(self) -> bool:
        """Whether the control is off by more than the stated error, or no worse than the best."""
        seconds = {
            contestant.key: taken
            for contestant in self._selection.contestants
            if (taken := self._session.records[self._cells[contestant.key].id].seconds) is not None
        }
        control = self._selection.control
        others = share_of_others(self._session.records.values())
        if others is not None and others > BUSY:
            return False  # times say little about predictions then
        if control is None or control.key not in seconds or len(seconds) < 2:
            return False
        best = min(seconds.values())
        return seconds[control.key] * ERROR_STATED < control.seconds or seconds[control.key] <= RULED_OUT * best


def _cell(work: Work, contestant: Prediction, *, entered: bool) -> Cell:
    return Cell(
        workload=work.name,
        model=contestant.model,
        kind=work.kind,
        workers=contestant.workers,
        size="small",
        workers_named=contestant.model != BASELINE,
        chunk=contestant.chunk,
        by_default=entered,
    )


def _run(
    session: Session,
    cells: Sequence[Cell],
    look: Callable[[int], None],
    say: Callable[[str], None],
    wanted: Callable[[Cell], bool] | None = None,
) -> str | None:
    """All visits; returns why they ended, None when the race was settled. `wanted`: by default as the session says.

    Then none is left to be made: without that the session would count as one that was interrupted.
    """
    races = session.races
    assert races is not None
    hooks = Hooks(wanted=wanted or session.wanted, after_pass=look, block_of=lambda cell: cell.workload)
    orders, budget = endless_orders([cells], session.options.seed), session.options.budget_seconds
    schedule = session.schedule = Schedule(orders, budget, hooks=hooks, endless=True, passes_required=1)
    said = -PROGRESS_SECONDS
    while schedule.done < len(schedule.visits):
        cell = schedule.visits[schedule.done][2]
        visit = schedule.next(session.seconds_once)
        if visit is None:
            if schedule.passes is not None and schedule.visits[schedule.done - 1][0] >= schedule.passes:
                break
            continue
        if schedule.seconds - said >= PROGRESS_SECONDS:
            said = schedule.seconds
            say(f"{said:.0f} s of {budget or 0.0:.0f}: pass {visit[0] + 1}, {cell.id}")
        try:
            _visit(session, cell, visit)
        except CallsSpent:
            look(visit[0] + 1)
            schedule.end()
            return None if races.settled else "the calls that were promised at most are used up"
        except ParabenchError as error:
            session.fail(cell, str(error))
        schedule.settle()
    schedule.end()
    return None if races.settled else "the budget is spent"


def _visit(session: Session, cell: Cell, visit: tuple[int, int]) -> None:
    with session.visit(cell, *visit) as stay:
        for _ in range(stay.rounds):
            stay.round()


def share_of_others(records: Iterable[CellRecord]) -> float | None:
    """Share of the cores that other programs took during visits, the median; None where nobody looked."""
    shares = [visit.share_others for record in records for visit in record.visits if visit.share_others is not None]
    return statistics.median(shares) if shares else None


def raised_in(raced: Raced, workload: str) -> tuple[int, int]:
    """How many calls of a batch raised one after the other, and of how many; (0, 0) where that is not known."""
    results = raced.references.get(workload)
    return (sum(map(is_raised, results)), len(results)) if isinstance(results, list) else (0, 0)


def failures(records: Iterable[CellRecord]) -> dict[str, str]:
    """What was wrong with the cells that gave no valid time, by label."""
    return {record.label: record.failure for record in records if record.failure is not None}
