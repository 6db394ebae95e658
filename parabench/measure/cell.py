"""A cell seen from the harness: a conversation with its process that ends, whatever happens, with the process gone."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from parabench.errors import CellFailed, CellProcessDied, CellTimedOut, GilSwitchedOn, ZygoteDied
from parabench.measure.cell_server import FUNCTIONS_OF_CELL
from parabench.measure.killing import GRACE_SECONDS, clear_group, kill_family
from parabench.measure.launcher import SECONDS_TO_START, Launcher, ZygoteHandle
from parabench.measure.messages import outcomes_from_json, wait_readable
from parabench.measure.resources import bytes_resident, descendants
from parabench.records import Cell, Outcome, SampledRound, Serialisation, TraceCost, TracedRound, TreeUsage
from parabench.task import TaskCall, reference_to
from parabench.workers.services import Services
from parabench.workload import Workload


@dataclass(frozen=True, slots=True)
class Opening:
    """A cell that is ready."""

    #: Until every worker was ready to run the task.
    seconds: float
    gil_enabled: bool


@dataclass(frozen=True, slots=True)
class Round:
    """One execution of a cell's batch."""

    seconds: float
    #: By the whole process tree.
    used: TreeUsage
    outcomes: list[Outcome]
    findings: dict[str, Any]
    #: Items that are no longer what they were before it, by place.
    items_changed: dict[int, str]
    #: What else had a part in it: how many by cause.
    disturbed: dict[str, int]


@dataclass(frozen=True, slots=True)
class Untimed:
    """What is to be known of a round that is not timed before what it showed is used."""

    seconds: float
    #: What else had a part in it: how many by cause.
    disturbed: dict[str, int]


class Watcher(Protocol):
    """Looks at a cell while it works."""

    @property
    def due(self) -> float:
        """When to look next, in seconds of the monotonic clock."""
        ...

    def look(self) -> None:
        """Look now."""
        ...


class CellProcess:
    """The process of one cell; made by `opened`."""

    def __init__(self, cell_id: str, zygote: ZygoteHandle, module: str, timeout_seconds: float) -> None:
        self._id = cell_id
        self._zygote = zygote
        #: No answer may take longer.
        self.timeout_seconds = timeout_seconds
        #: Told of the number of tasks before each batch is asked for (None: all of them); what it raises keeps it from
        #: being run.
        self.before_batch: Callable[[int | None], None] = lambda tasks: None
        #: Of the last untimed round.
        self.untimed = Untimed(0.0, {})
        self._pid, self._line = zygote.start(module, time.monotonic() + max(timeout_seconds, SECONDS_TO_START))

    def ask(self, step: str, watcher: Watcher | None = None, **arguments: Any) -> dict[str, Any]:
        """One request and its answer. Raises CellFailed when the cell answers with an error, dies or takes too long.

        The watcher looks at the cell until there is an answer.
        """
        deadline = time.monotonic() + self.timeout_seconds
        try:
            self._line.send({"do": step, **arguments}, deadline=deadline)
        except BrokenPipeError:
            raise CellProcessDied(self._id, step, self._exit_code()) from None
        except TimeoutError:
            raise self._timed_out(step) from None
        return self._answer(step, deadline, watcher)

    def round(self, tasks: int | None = None) -> Round:
        """One timed round, or one of so many of its first tasks."""
        self.before_batch(tasks)
        answer = self.ask("round", traced=False, collect_garbage=True, tasks=tasks)
        return Round(
            seconds=answer["seconds"],
            used=TreeUsage(**answer["used"]),
            outcomes=outcomes_from_json(answer["outcomes"]),
            findings=answer["findings"],
            items_changed=_by_place(answer["items_changed"]),
            disturbed=answer["disturbed"],
        )

    def traced_round(
        self, watcher: Watcher | None = None, tasks: int | None = None
    ) -> tuple[TracedRound, str, list[Outcome]]:
        """One untimed round with every task traced, the host that it began on, and its outcomes.

        With a watcher somebody looks at the cell meanwhile; `tasks`: only so many of its first tasks.
        """
        self.before_batch(tasks)
        answer = self.ask("round", watcher, traced=True, collect_garbage=True, tasks=tasks)
        self.untimed = Untimed(answer["seconds"], answer["disturbed"])
        outcomes = outcomes_from_json(answer["outcomes"])
        traces = tuple(outcome.trace for outcome in outcomes if outcome.trace is not None)
        stalled, longest = answer["stalled"]
        done = TracedRound(
            traces=traces,
            seconds_started=answer["began"],
            seconds=answer["seconds"],
            seconds_stalled=stalled,
            seconds_stalled_longest=longest,
        )
        return done, answer["host"], outcomes

    def ran_in_it(self, done: TracedRound) -> bool:
        """Whether any task of a traced round ran in the cell's own process."""
        return any(trace.worker.startswith(f"{self._pid}:") for trace in done.traces)

    def sampled_round(self, tasks: int | None) -> tuple[SampledRound, list[Outcome]]:
        """One untimed round in which the cell looks at its own threads and coroutines, of so many of its tasks."""
        self.before_batch(tasks)
        answer = self.ask("sampled_round", tasks=tasks)
        return SampledRound(**answer["sampled"]), outcomes_from_json(answer["outcomes"])

    def watched_round(self, watcher: Watcher) -> list[Outcome]:
        """One untimed round during which somebody looks at the cell."""
        self.before_batch(None)
        answer = self.ask("round", watcher, traced=False, collect_garbage=False)
        self.untimed = Untimed(answer["seconds"], answer["disturbed"])
        return outcomes_from_json(answer["outcomes"])

    def trace_cost(self) -> TraceCost:
        """What a trace adds to a task here."""
        return TraceCost(**self.ask("trace_cost"))

    def serialisation(self) -> Serialisation | None:
        """What sending a batch and its outcomes takes; None where the model sends nothing."""
        measured = self.ask("serialisation")["measured"]
        return None if measured is None else Serialisation(**measured)

    def gil_enabled(self) -> bool:
        """Whether the GIL of the cell's process is on now. Raises GilSwitchedOn if its build is there to have none."""
        answer = self.ask("gil")
        if answer["switched_on_by"] is not None:
            raise GilSwitchedOn(self._id, answer["switched_on_by"])
        return bool(answer["enabled"])

    def finish(self) -> float:
        """Close the model and wait until every process of the cell is gone; returns the seconds closing took."""
        seconds: float = self.ask("close")["seconds"]
        if self._exit_code() is None:
            raise CellTimedOut(self._id, "exit", GRACE_SECONDS)
        return seconds

    def end(self) -> None:
        """Make sure that nothing of the cell is left."""
        self._line.close()
        try:
            if self._zygote.exit_code(self._pid, time.monotonic()) is None:
                kill_family(self._pid)
                if self._zygote.exit_code(self._pid, time.monotonic() + GRACE_SECONDS) is None:
                    self._zygote.kill()  # it does not even tell of an end that has come for sure
        except ZygoteDied:
            kill_family(self._pid)
        clear_group(self._pid)
        # What left its process group and outlived the cell has been adopted by the zygote.
        for pid in descendants(self._zygote.pid):
            kill_family(pid)

    def _answer(self, step: str, deadline: float, watcher: Watcher | None) -> dict[str, Any]:
        while True:
            until = deadline if watcher is None else min(deadline, watcher.due)
            ready = wait_readable([self._line, self._zygote.line], until)
            if self._line in ready:
                return self._received(step, deadline)
            if not ready and watcher is not None and time.monotonic() < deadline:
                watcher.look()
                continue
            if not ready:
                raise self._timed_out(step)
            self._zygote.note_exits()
            if self._zygote.has_ended(self._pid) and not wait_readable([self._line], time.monotonic()):
                # Workers that outlive the cell may hold its line open: its end has to be asked for.
                raise CellProcessDied(self._id, step, self._exit_code())

    def _received(self, step: str, deadline: float) -> dict[str, Any]:
        try:
            answer = self._line.receive(deadline=deadline)
        except TimeoutError:  # it stopped in the middle of its answer
            raise self._timed_out(step) from None
        if answer is None:
            raise CellProcessDied(self._id, step, self._exit_code())
        if "error" in answer:
            raise CellFailed(
                f"cell {self._id} failed during '{step}': {answer['error']}: {answer['message']}\n{answer['traceback']}"
            )
        return answer

    def _timed_out(self, step: str) -> CellTimedOut:
        kill_family(self._pid)
        return CellTimedOut(self._id, step, self.timeout_seconds)

    def _exit_code(self) -> int | None:
        return self._zygote.exit_code(self._pid, time.monotonic() + GRACE_SECONDS)

    def pids(self) -> list[int]:
        """Every living process of the cell."""
        return [self._pid, *descendants(self._pid)]

    def bytes_resident(self) -> int | None:
        """Memory of the cell's whole tree now, shared pages counted once; None where the system does not show it."""
        # A cell shares its first pages with the zygote; counting the zygote's part too gives what a cell would
        # have used as a process of its own.
        return bytes_resident([self._zygote.pid, self._pid, *descendants(self._pid)])


def _by_place(items: dict[str, str]) -> dict[int, str]:
    """JSON has texts for keys."""
    return {int(place): item for place, item in items.items()}


def _name(function: Callable[..., Any] | None) -> str | None:
    return None if function is None else reference_to(function)


def call_of(workload: Workload, settings: str) -> TaskCall:
    """The call that workers get for a workload; `settings` is JSON text."""
    return TaskCall(
        task=reference_to(workload.task),
        task_async=_name(workload.task_async),
        context=_name(workload.context),
        context_async=_name(workload.context_async),
        context_scope=workload.context_scope,
        digest=_name(workload.digest),
        settings=settings,
    )


@contextlib.contextmanager
def opened(
    cell: Cell,
    workload: Workload,
    items: Sequence[Any],
    settings: str,
    launcher: Launcher,
    timeout_seconds: float,
    label: str | None = None,
    *,
    services: Services,
) -> Iterator[tuple[CellProcess, Opening]]:
    """A cell process with its model open; afterwards nothing of it is left.

    `label` names the cell in messages, its id without one.
    """
    zygote = launcher.zygote(workload.imports)
    process = CellProcess(label or cell.id, zygote, workload.module, timeout_seconds)
    try:
        answer = process.ask(
            "open",
            model=cell.model,
            workers=cell.workers,
            chunk=cell.chunk,
            call=asdict(call_of(workload, settings)),
            items=list(items),
            functions={role: _name(getattr(workload, role)) for role in FUNCTIONS_OF_CELL},
            services=asdict(services),
        )
        yield process, Opening(answer["seconds"], answer["gil_enabled"])
        process.finish()
    finally:
        process.end()
