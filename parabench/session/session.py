"""One session from its options to its stored file. It knows the stages, not pytest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from parabench.analyse.between_sessions import Between
from parabench.analyse.ranking import Ranking
from parabench.analyse.repetition_counts import rounds_worth
from parabench.analyse.timeline_json import timelines_info
from parabench.errors import EndDisturbed, JournalNotWritable, LawBroken, ParabenchError
from parabench.history import store
from parabench.history.journal_lines import failure_line, visit_line, warnings_line
from parabench.history.session_file import Circumstances, extra_info, limits_of, parabench_object, provenance_of
from parabench.history.session_journal import Unfinished, header_of
from parabench.machine.cores import cores_usable
from parabench.machine.fingerprint import take_fingerprint
from parabench.measure.experiment import Experiment
from parabench.measure.lock import Holder, SessionLock, machine_lock
from parabench.measure.stay import Stay, visit_of
from parabench.models import BASELINE, baseline_is_added
from parabench.models.contract import Model
from parabench.records import Cell, CellId, CellRecord, Concern
from parabench.session.answers import Answer, answers_of
from parabench.session.bookkeeping import Bookkeeping
from parabench.session.broken_laws import broken_laws
from parabench.session.discovery import find_workloads
from parabench.session.earlier import spread_of_earlier
from parabench.session.experiment_of import experiment_of
from parabench.session.fitness import concerns_of
from parabench.session.interruptions import Interruptions, put_off
from parabench.session.options import Options, folder_of
from parabench.session.plan import cells_planned, models_of, workloads_of
from parabench.session.races import Races, rankings_of
from parabench.session.repetition import Repetitions, with_clean_rounds
from parabench.session.schedule import Schedule
from parabench.session.time_spent import first_batches, seconds_by_use
from parabench.session.turn import turn_told
from parabench.workload import Limit, Workload

Found = Mapping[str, Workload] | None


class Session:
    """What is planned, what has been measured, and what shares the processes and services behind it."""

    def __init__(
        self, options: Options, resumed: Unfinished | None = None, mentioned: str = "", workloads: Found = None
    ) -> None:
        # `mentioned` is text of the user's that may name workloads which run on request only; without `workloads` the
        # workloads there are, are those of the folder.
        self.options = options
        self.books = Bookkeeping(resumed)
        self._began = time.monotonic()
        self.workloads = workloads_of(options, workloads or find_workloads(options.workloads_dir), mentioned)
        self.models: dict[str, Model] = models_of(options)
        self.cores = cores_usable()
        self.cells = cells_planned(options, self.workloads.values(), self.models.values(), self.cores)
        #: Cells that have been selected, by id, in the order of selection.
        self.records: dict[str, CellRecord] = {}
        #: The same by the name of the test item that measures them.
        self.records_by_item: dict[str, CellRecord] = {}
        header = resumed.entries.header if resumed else {}
        self.tags: tuple[str, ...] = options.tag or tuple(header.get("tags", ()))
        #: What the session has been told by the run that it is part of.
        self.run: dict[str, Any] | None = header.get("run") or turn_told(os.environ)
        #: Set when the session goes on until its winners are settled.
        self.races: Races | None = None
        #: All visits planned and what has become of each; None until they are planned.
        self.schedule: Schedule[Any] | None = None
        self.interruptions = Interruptions()
        self.noisy = False  # True when another session measured at the same time, and that was allowed
        #: What the checks before measuring said, as it is stored.
        self.warnings: list[dict[str, str]] = resumed.warnings if resumed else []
        self.stored: Path | None = None
        #: Set when nothing of a whole session would be lost with its journal.
        self.is_kept = False
        self.problems: list[str] = []  # what the user has to be told at the end
        #: Told of each workload, the seconds of its reference run, and how many batches the first passes run.
        self.on_reference: Callable[[str, float, int], None] = lambda workload, seconds, batches: None
        self._stack, self._repetitions = ExitStack(), Repetitions()
        self.experiment_of: Callable[..., Experiment] = experiment_of
        self._experiment: Experiment | None = None

    @property
    def seconds_once(self) -> float:
        """Seconds spent so far on what later passes do not repeat."""
        return self._experiment.seconds_once if self._experiment else 0.0

    @property
    def folder(self) -> Path:
        """Where this session's file goes: the folder of its fingerprint."""
        return folder_of(self.options)

    def plan(
        self,
        cells: Mapping[str, Cell],
        commit: Mapping[str, Any],
        on_wait: Callable[[Holder], None],
        on_concern: Callable[[Concern], None],
    ) -> None:
        """Take note of the selected cells by item, and begin the journal, or go on with that of the resumed session.

        `on_wait` is told of another session that has to end first, `on_concern` of what would spoil the numbers. Raises
        StoreNotWritable, MachineBusy, NotFitToMeasure or PlanDiffers before anything is measured.
        """
        added = BASELINE if baseline_is_added(self.options.models) else None
        self.records_by_item = {
            item: CellRecord(cell, added_as_baseline=cell.model == added) for item, cell in cells.items()
        }
        self.records = {record.cell.id: record for record in self.records_by_item.values()}
        families, named = {name: model.family for name, model in self.models.items()}, bool(self.options.workloads)
        self.races = Races(self.records.values(), families, explained=named) if self.options.race else None
        if any(cell.unavailable is None for cell in cells.values()):
            store.check_writable(self.folder)
            lock = SessionLock.acquire(machine_lock(), self.options.on_busy, on_wait)
            self._stack.callback(lock.release)
            self._began = time.monotonic()  # not before: the time of others is none of this session's budget
            self.noisy = lock.noisy
            concerns = self._examined(on_concern)
            self._open_journal(commit)
            if concerns:
                self._write(warnings_line(concerns, self.seconds))

    @contextmanager
    def visit(self, cell: Cell, pass_number: int, position: int) -> Iterator[Stay]:
        """One visit to a cell, recorded when it ends well. Raises ParabenchError when it does not."""
        record = self.records[cell.id]
        first = not record.visits
        if (replayed := self.books.replay.stay(record, pass_number, position)) is not None:
            yield replayed
            return
        instrument = self.races.worth_instrumenting(record) if self.races else first and cell.kind != "live"
        worth = self.races.rounds_worth(record) if self.races else rounds_worth
        stay = self._repetitions.quietest(
            lambda: self._stay(cell, instrument=instrument, worth=worth),
            repeat=cell.kind != "live",
        )
        visit = visit_of(stay, pass_number, position)
        yield Stay.replayed(cell, visit, stay.tasks)
        record.tasks = stay.tasks
        with put_off():  # what is in the journal is in the file as well
            self._write(visit_line(record, visit, stay.instrumented, self.seconds))
            record.visits.append(visit)
            record.instrumented = stay.instrumented or record.instrumented

    def _stay(self, cell: Cell, *, instrument: bool, worth: Callable[[float, float], int]) -> Stay:
        """All of one visit: only then is it known whether its times are to be used."""
        experiment = self._started()
        return with_clean_rounds(
            lambda: experiment.visit(cell, instrument=instrument, rounds_worth=worth),
            repeat=cell.kind != "live",  # somebody else's server is not asked again for this
        )

    def fail(self, cell: Cell, reason: str) -> None:
        """Mark a cell invalid: its times are kept out of every comparison."""
        record = self.records[cell.id]
        if record.failure is None:
            record.failure = reason
            if cell.id not in self.books.replay.failures:
                self._write(failure_line(record, self.seconds))

    def close(self) -> None:
        """End all processes and services, and remove all files of this session. What goes wrong is noted as a problem.

        The journal stays when there is something to go on with: after an interruption, or when storing failed.
        """
        try:
            self._stack.close()
        except Exception as error:  # services are other people's code; all others have been ended
            self.problems.append(str(EndDisturbed(error)))
        self._experiment = None
        try:
            self.books.end(self.stored, self.seconds, is_kept=self.is_kept and not self.interrupted)
        except ParabenchError as error:
            self.problems.append(str(error))

    @property
    def interrupted(self) -> bool:
        """False only if what became of every visit planned is known and in the journal."""
        return not self.books.is_whole or self.schedule is None or not self.schedule.complete

    def recorded(self, cell: Cell, pass_number: int) -> float | None:
        """What a visit took that is in the journal of the resumed session; None where it has to be measured."""
        return None if self.records[cell.id].failure else self.books.replay.seconds(cell.id, pass_number)

    def rankings(self) -> dict[str, Ranking]:
        """The ranking of the models of each workload that has any valid cell."""
        return self.races.rankings() if self.races else rankings_of(self.records.values())

    def wanted(self, cell: Cell) -> bool:
        """Whether another visit to a cell would add anything."""
        record = self.records[cell.id]
        return record.failure is None and (self.races is None or self.races.wanted(record))

    @cached_property
    def _earlier(self) -> dict[CellId, Between]:
        return spread_of_earlier(self.folder, self.records_by_item, self.workloads, self.models, self.options)

    def answers(self) -> list[Answer]:
        """What to use for each workload that has any valid cell."""
        return answers_of(self.records.values(), self.models, self.limits, self.races, self._earlier)

    def broken_laws(self) -> dict[str, LawBroken]:
        """The error of each cell that was faster than the law of its workload allows, by cell id."""
        return broken_laws(self.records.values(), self.limits)

    @cached_property
    def limits(self) -> dict[str, Limit]:
        """The ideal time of each valid cell, by cell id; asked for when all is measured."""
        settings = self._experiment.known_settings() if self._experiment else {}
        root = self.options.workloads_dir.parent
        return limits_of(self.records.values(), self.workloads, settings, self.cores, root)

    def extra_info(self, record: CellRecord) -> dict[str, Any]:
        """The `extra_info` of a valid cell."""
        workload, model = self.workloads[record.cell.workload], self.models[record.cell.model]
        external = model.is_external(self.options.stored()["external_services"])
        return extra_info(
            record,
            provenance_of(workload, model, external=external),
            self.limits[record.cell.id],
            timeline=timelines_info(record, self.records.values()),
            watts_per_core=self.options.watts_per_core,
        )

    def save(self, name: str, session: dict[str, Any]) -> Path:
        """Store the session's file and return its path. Raises ResultsKeptElsewhere when the folder has vanished."""
        return store.save_or_keep(self.folder, name, session)

    def describe(self) -> dict[str, Any]:
        """The top-level `parabench` object of this session's file."""
        return parabench_object(
            self.records.values(),
            take_fingerprint(),
            self.options.stored(),
            Circumstances(
                interrupted=self.interrupted,
                noisy=self.noisy,
                tags=self.tags,
                run=self.run,
                warnings=self.warnings,
                answers=[answer.stored() for answer in self.answers()],
                seconds=seconds_by_use(self.records.values(), self.seconds, self._experiment),
            ),
            self.options.workloads_dir.parent,
        )

    @property
    def seconds(self) -> float:
        """Seconds since the session could begin, with those that it had run before it was resumed."""
        return time.monotonic() - self._began + self.books.seconds_before

    def _examined(self, on_concern: Callable[[Concern], None]) -> list[Concern]:
        concerns = concerns_of(self.options, self.cores, on_concern)
        warnings = [asdict(concern) for concern in concerns]
        self.warnings += [warning for warning in warnings if warning not in self.warnings]
        return concerns

    def _open_journal(self, commit: Mapping[str, Any]) -> None:
        header = header_of(self.options.stored(), self.records_by_item, self.workloads, self.models, commit)
        header |= {"noisy": self.noisy, "tags": list(self.tags), "run": self.run}
        self.books.begin(self.folder, header)

    def _write(self, line: Mapping[str, Any]) -> None:
        try:
            self.books.write(line)
        except JournalNotWritable as error:
            self.problems.append(str(error))
            raise

    def _started(self) -> Experiment:
        if self._experiment is None:
            experiment = self.experiment_of(
                self.options, self.workloads, [record.cell for record in self.records.values()]
            )
            experiment.on_reference = self._say_cost
            self._experiment = self._stack.enter_context(experiment)
        return self._experiment

    def _say_cost(self, workload: str, seconds: float) -> None:
        records = [record for record in self.records.values() if record.cell.workload == workload]
        self.on_reference(workload, seconds, first_batches(records, self.options))
