"""The experiment of one session: services, reference results and visits to cells. It knows nothing of pytest."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from parabench.analyse.repetition_counts import rounds_worth
from parabench.errors import CellFailed, InvalidWorkload, ParabenchError
from parabench.measure.cell import CellProcess, Opening, Round, opened
from parabench.measure.guard import Guard
from parabench.measure.instrumented import Instrumentation, instrumented_rounds
from parabench.measure.launcher import Launcher
from parabench.measure.others import Others, Share
from parabench.measure.scratch import name_of_scratch, sweep
from parabench.measure.service_thread import started
from parabench.measure.stay import Stay
from parabench.measure.verification import verify
from parabench.measure.warm_up import run_until_flat
from parabench.records import Cell
from parabench.workers.services import Services
from parabench.workload import ServiceOptions, Settings, Workload

#: What starting, checking and ending a cell's process takes besides opening the model, in seconds.
SECONDS_AROUND = 0.05
#: The first batch is shorter where one task after the other takes so long: so many tasks, and so many for each worker.
SECONDS_LONG, FIRST_TASKS_LEAST, FIRST_TASKS_PER_WORKER = 0.3, 8, 4

Service = Callable[[ServiceOptions], AbstractContextManager[Settings]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentOptions:
    """What the user chose for a session."""

    size: str
    seed: int
    latency_seconds: float
    github_url: str
    cell_timeout_seconds: float
    #: Fixed number of rounds per visit; None: what a visit is worth, and one where somebody else's server is asked.
    rounds: int | None
    #: Where workloads may put files; None: the system's folder for temporary files.
    scratch: Path | None = None
    #: Run rounds until they are flat before any is timed: the interpreter compiles as it runs.
    warm_up: bool = False
    #: Time the first batch of each visit and no other: what the work remembers would make later ones another work.
    fresh: bool = False
    #: File for what the work prints; None: it is printed where the harness prints.
    output: Path | None = None
    #: Servers that somebody else runs.
    services: Services = field(default_factory=Services)


class Experiment:
    """Owns what cells share; use as a context manager, so that nothing is left running or lying about."""

    def __init__(
        self, options: ExperimentOptions, workloads: Mapping[str, Workload], python_path: Sequence[Path]
    ) -> None:
        self.options = options
        self._workloads = workloads
        self._python_path = python_path
        self._launcher: Launcher
        self._stack = ExitStack()
        self._guard: Guard
        self._scratch: Path
        self._settings: dict[Service, str | ParabenchError] = {}
        #: Values of the reference run, or why there are none, and its seconds, by workload.
        self.references: dict[str, list[Any] | CellFailed] = {}
        self._seconds_alone: dict[str, float] = {}
        #: Rounds planned per service, for services that have to ask what a session will cost.
        self.rounds_planned: dict[str, int] = {}
        #: Told of the seconds that the reference run of a workload took.
        self.on_reference: Callable[[str, float], None] = lambda workload, seconds: None
        #: Told of the number of tasks before each batch of any cell; what it raises keeps that batch from being run.
        self.on_batch: Callable[[int], None] = lambda tasks: None
        #: Seconds spent so far on what later passes do not repeat: services, reference runs, instrumented rounds.
        self.seconds_once = 0.0
        #: Of these, seconds of instrumented rounds.
        self.seconds_instrumented = 0.0

    def __enter__(self) -> Self:
        parent = Path(self.options.scratch or tempfile.gettempdir())
        sweep(parent)
        with self._stack as stack:  # what has begun ends when the rest cannot
            # A zygote removes the folder when the harness cannot, so it has to be there first.
            self._scratch = parent / name_of_scratch()
            self._guard = stack.enter_context(Guard(self._scratch))
            self._launcher = Launcher(self._python_path, self._scratch, self.options.output)
            stack.callback(self._launcher.close)
            self._launcher.zygote(())
            self._scratch.mkdir(mode=0o700)
            stack.callback(shutil.rmtree, self._scratch, ignore_errors=True)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def settings(self, workload: Workload) -> str:
        """JSON text of the workload's settings; starts its service at the first call and keeps it for the session.

        Raises ParabenchError when the service does not start; later calls raise the same error at once.
        """
        if workload.service is None:
            return "{}"
        known = self._settings.get(workload.service)
        if known is None:
            with self._counted_once():
                known = self._settings[workload.service] = self._start(workload)
        if isinstance(known, ParabenchError):
            raise known
        return known

    def known_settings(self) -> dict[str, dict[str, Any]]:
        """Settings of the workloads whose service runs, by workload."""
        texts = {name: self._settings.get(w.service) for name, w in self._workloads.items() if w.service is not None}
        return {name: json.loads(text) for name, text in texts.items() if isinstance(text, str)}

    @contextlib.contextmanager
    def visit(
        self, cell: Cell, *, instrument: bool, rounds_worth: Callable[[float, float], int] = rounds_worth
    ) -> Iterator[Stay]:
        """Open a cell, run its first batch, and yield the stay for timed rounds; afterwards nothing of it is left.

        `rounds_worth` gives their number from the seconds of the overhead and of the first batch. Raises CellFailed (or
        another ParabenchError) when the cell gives no valid measurement.
        """
        workload = self._workloads[cell.workload]
        items = items_of(workload, cell.size)
        self._guard.watch()
        expected = self._reference(workload, cell)
        with self.opened(cell, items) as (process, opening):
            others = Others()

            def run_round(tasks: int | None = None) -> Round:
                done = process.round(tasks)
                some = slice(tasks)
                verify(cell.id, workload, items[some], done.outcomes, expected and expected[some], done.items_changed)
                return done

            if self.options.fresh:
                yield (stay := Stay(cell, len(items), 1, opening.seconds, 0.0, run_round))
            else:
                yield (stay := self._warmed_up(cell, len(items), opening, run_round, rounds_worth))
            blind = stay.used.blind if stay.used is not None else None
            stay.others = Share(None, blind) if blind else others.share()
            stay.gil_enabled_at_start, stay.gil_enabled_at_end = opening.gil_enabled, process.gil_enabled()
            if instrument and not self.options.fresh:
                instrumentation = self._instrumented(process, cell.workers, whole=_has_hooks(workload))
                for outcomes in instrumentation.outcomes:
                    verify(cell.id, workload, items[: len(outcomes)], outcomes, expected and expected[: len(outcomes)])
                stay.instrumented = instrumentation.instrumented

    def _warmed_up(
        self,
        cell: Cell,
        tasks: int,
        opening: Opening,
        run_round: Callable[..., Round],
        worth: Callable[[float, float], int],
    ) -> Stay:
        """The stay after its first batch."""
        first_tasks = self._first_tasks(cell, self._workloads[cell.workload], tasks)
        first = run_round(first_tasks)
        seconds_round = first.seconds * tasks / (first_tasks or tasks)
        rounds = self._rounds(cell, opening.seconds + first.seconds, seconds_round, worth)
        stay = Stay(cell, tasks, rounds, opening.seconds, first.seconds, run_round)
        stay.tasks_first_batch = first_tasks
        stay.note("warm-up", first, set_aside=False)
        if self.options.warm_up:
            stay.seconds_warm_up = run_until_flat(stay.warm_up, [first.seconds])
        return stay

    def _instrumented(self, process: CellProcess, workers: int, *, whole: bool) -> Instrumentation:
        began = time.perf_counter()
        with self._counted_once():
            done = instrumented_rounds(process, workers, whole=whole)
        self.seconds_instrumented += time.perf_counter() - began
        return done

    @contextlib.contextmanager
    def _counted_once(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds_once += time.perf_counter() - start

    def _first_tasks(self, cell: Cell, workload: Workload, tasks: int) -> int | None:
        """How many tasks the first batch has, where a whole one would take long and they are enough to warm up."""
        short = self._seconds_alone.get(workload.name, 0.0) < SECONDS_LONG
        if short or _has_hooks(workload) or self.options.warm_up:
            return None
        enough = max(FIRST_TASKS_LEAST, FIRST_TASKS_PER_WORKER * cell.workers)
        return enough if enough < tasks else None

    def _rounds(
        self, cell: Cell, seconds_overhead: float, seconds_first: float, worth: Callable[[float, float], int]
    ) -> int:
        if self.options.rounds is not None:
            return self.options.rounds
        return 1 if cell.kind == "live" else worth(SECONDS_AROUND + seconds_overhead, seconds_first)

    def _reference(self, workload: Workload, cell: Cell) -> list[Any] | None:
        """Values of the sequential model for this workload: run once, untimed. None where equality is not asked for."""
        if not workload.deterministic:
            return None
        known = self.references.get(workload.name)
        if known is None:
            try:
                with self._counted_once():
                    known = self._run_reference(workload, cell)
            except CellFailed as error:
                known = error
            self.references[workload.name] = known
        if isinstance(known, CellFailed):
            raise known
        return known

    def _run_reference(self, workload: Workload, cell: Cell) -> list[Any]:
        items = items_of(workload, cell.size)
        reference = Cell(workload=workload.name, model="sequential", kind=workload.kind, workers=1, size=cell.size)
        label = f"{reference.id} (the reference run)"
        with self.opened(reference, items, label) as (process, _):
            done = process.round()
        self._seconds_alone[workload.name] = done.seconds
        self.on_reference(workload.name, done.seconds)
        verify(label, workload, items, done.outcomes, None, done.items_changed)
        return [outcome.value for outcome in done.outcomes]

    @contextlib.contextmanager
    def opened(
        self, cell: Cell, items: Sequence[Any], label: str | None = None, *, timeout_seconds: float | None = None
    ) -> Iterator[tuple[CellProcess, Opening]]:
        """A cell's process with these items, for rounds that are no visit; afterwards nothing of it is left.

        `label` names it in messages; no answer may take longer than `timeout_seconds`, by default that of all cells.
        """
        workload = self._workloads[cell.workload]
        timeout = timeout_seconds or self.options.cell_timeout_seconds
        settings, services = self.settings(workload), self.options.services
        with opened(cell, workload, items, settings, self._launcher, timeout, label, services=services) as (
            process,
            opening,
        ):
            process.before_batch = lambda tasks: self.on_batch(len(items) if tasks is None else min(tasks, len(items)))
            yield process, opening

    def _start(self, workload: Workload) -> str | ParabenchError:
        options = self.options
        directory = self._scratch / f"{workload.kind}-{len(self._settings)}"
        directory.mkdir()
        wanted = ServiceOptions(
            seed=options.seed,
            latency_seconds=options.latency_seconds,
            scratch_directory=directory,
            github_url=options.github_url,
            size=options.size,  # type: ignore[arg-type]  # as above
            rounds_planned=self.rounds_planned.get(workload.name, 1),
        )
        try:
            settings = self._stack.enter_context(started(workload, wanted, options.cell_timeout_seconds))
            return json.dumps(dict(settings), sort_keys=True)
        except ParabenchError as error:
            return error
        except Exception as error:  # a service is other people's code: whatever it raises costs its cells only
            return CellFailed(
                f"the service of workload '{workload.name}' did not start: {type(error).__name__}: {error}"
            )


def _has_hooks(workload: Workload) -> bool:
    """Whether it looks at whole batches."""
    return workload.before_round is not None or workload.after_round is not None


def items_of(workload: Workload, size: str) -> Sequence[Any]:
    """The items of one batch. Raises InvalidWorkload when there are none, or when JSON cannot hold them."""
    items = list(workload.items(size))  # type: ignore[arg-type]  # one of SIZES, checked with the options
    if not items:
        raise InvalidWorkload(workload.name, f"it has no items at size '{size}'")
    try:
        json.dumps(items)
    except (TypeError, ValueError) as error:
        remedy = "give what it is made of, and name the function that makes it: make_item=FUNCTION"
        raise InvalidWorkload(workload.name, f"an item is not a JSON value: {error}; {remedy}") from None
    return items
