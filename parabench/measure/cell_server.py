"""The inside of a cell process: opens one model, runs its rounds on request, and times nothing but the batch itself."""

from __future__ import annotations

import gc
import itertools
import json
import os
import socket
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import Any, NamedTuple

from parabench.errors import FindingsUnusable, NotComparable
from parabench.machine.gil import gil_enabled
from parabench.measure.cpu_samples import CpuSamples
from parabench.measure.energy import Packages
from parabench.measure.gil_switch import switched_on_by, watch
from parabench.measure.messages import Line, outcomes_to_json
from parabench.measure.resources import usage_of_self, usage_of_the_rest
from parabench.measure.serialisation import measure_serialisation
from parabench.measure.trace_cost import measure_trace_cost
from parabench.measure.verification import NAMED, shorten
from parabench.models import find_models
from parabench.records import Outcome, TreeUsage
from parabench.task import Batch, Run, TaskCall, find, leave_process
from parabench.task.values import stand_in
from parabench.workers.comparable import comparable
from parabench.workers.loop_ticks import looking_at_chains, take_ticks
from parabench.workers.services import Services

#: Functions of a workload that its cell calls itself.
FUNCTIONS_OF_CELL = ("make_item", "before_round", "after_round")
#: Exit status of a cell that has lost its harness.
EXIT_UNHEARD = 70


class CellServer:
    """One cell: every public method is a request that the harness may send, and returns the answer as JSON."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._packages = Packages()
        self._run: Run
        self._batch: Batch
        self._items_as_sent: list[str | None]
        self._settings: dict[str, Any]
        self._digest: str | None
        self._serialiser: str | None = None
        self._outcomes: list[Outcome] = []
        self._before_round: Callable[..., None] | None
        self._after_round: Callable[..., dict[str, Any]] | None

    def open(
        self,
        model: str,
        workers: int,
        chunk: str,
        call: dict[str, Any],
        items: list[Any],
        functions: dict[str, str | None],
        services: dict[str, Any],
    ) -> dict[str, Any]:
        """Open the model; answers the seconds it took until every worker was ready.

        `functions` are those of the workload that its cell calls, by what they are for.
        """
        task_call = TaskCall(**call)
        make_item, self._before_round, self._after_round = (
            find(name) if (name := functions[role]) else None for role in FUNCTIONS_OF_CELL
        )
        if make_item is not None:
            items = list(map(make_item, items))
        self._batch = Batch(task_call, items)
        self._items_as_sent = list(map(_as_text, items))
        self._settings = json.loads(task_call.settings)
        definition = find_models()[model]
        self._digest = None if definition.capabilities.json_only else task_call.digest  # its workers have done so
        if definition.capabilities.pickles:
            self._serialiser = "json:dumps" if definition.queue is not None else definition.capabilities.serialiser
        opened = definition.open_with(workers, task_call, Services(**services), chunk)
        gil_at_start = gil_enabled()
        start = time.perf_counter()
        self._run = self._stack.enter_context(opened)
        return {"seconds": time.perf_counter() - start, "gil_enabled": gil_at_start}

    def gil(self) -> dict[str, Any]:
        """Whether the GIL of this process is on now, and what has switched it on against the build."""
        return {"enabled": gil_enabled(), "switched_on_by": switched_on_by()}

    def round(self, *, traced: bool, collect_garbage: bool, tasks: int | None = None) -> dict[str, Any]:
        """Run the batch once; answers its seconds, what the tree used, its outcomes and what the workload found.

        `tasks`: only so many of its first tasks.
        """
        batch = replace(self._batch, call=replace(self._batch.call, traced=True)) if traced else self._batch
        if tasks is not None:
            batch = replace(batch, items=batch.items[:tasks])
        if self._before_round is not None:
            self._before_round(batch.items, self._settings)
        timed = _time_batch(self._run, batch, self._packages, collect_garbage=collect_garbage)
        self._outcomes = timed.outcomes
        stalled, stalled_longest = take_ticks() if traced else (None, None)
        items_changed = self._items_changed()
        findings: dict[str, Any] = {}
        if self._after_round is not None and all(outcome.failure is None for outcome in timed.outcomes):
            values = [outcome.value for outcome in timed.outcomes]
            findings = dict(self._after_round(batch.items, values, self._settings))
        if (model_findings := getattr(self._run, "findings", None)) is not None:
            findings |= model_findings()
        _check_findings(findings)
        disturbed = asked() if (asked := getattr(self._run, "disturbed", None)) is not None else {}
        blind = getattr(self._run, "blind", None) or timed.used.blind
        return {
            "seconds": timed.seconds,
            "began": timed.began,
            "host": socket.gethostname(),
            "used": {**asdict(timed.used), "blind": blind},
            "outcomes": outcomes_to_json([comparable(outcome, self._digest) for outcome in timed.outcomes]),
            "items_changed": items_changed,
            "findings": findings,
            "disturbed": disturbed,
            "stalled": [stalled, stalled_longest],
        }

    def sampled_round(self, tasks: int | None) -> dict[str, Any]:
        """Run the batch once, with every task traced, while its threads and coroutines are looked at."""
        call = self._batch.call
        modules = {name.partition(":")[0] for name in (call.task, call.task_async) if name}
        with CpuSamples(modules) as samples, looking_at_chains() as chains:
            answer = self.round(traced=True, collect_garbage=True, tasks=tasks)
        sampled = samples.sampled([outcome.trace for outcome in self._outcomes if outcome.trace is not None], chains)
        return {**answer, "sampled": asdict(sampled)}

    def _items_changed(self) -> dict[int, str]:
        """The first items that a task has changed, by place: models that share memory give it those of the batch."""
        items = zip(self._batch.items, self._items_as_sent, strict=True)
        changed = ((place, item) for place, (item, sent) in enumerate(items) if _as_text(item) != sent)
        return {place: shorten(item) for place, item in itertools.islice(changed, NAMED)}

    def serialisation(self) -> dict[str, Any]:
        """What sending the batch and the outcomes of the last round costs; nothing where the model sends nothing."""
        if self._serialiser is None:
            return {"measured": None}
        outcomes = [outcome._replace(trace=None) for outcome in self._outcomes]
        return {"measured": asdict(measure_serialisation(self._serialiser, self._batch.items, outcomes))}

    def trace_cost(self) -> dict[str, Any]:
        """What a trace adds to a task, measured in this process."""
        return asdict(measure_trace_cost())

    def close(self) -> dict[str, Any]:
        """Close the model and leave what this process entered; answers the seconds it took."""
        start = time.perf_counter()
        self._stack.close()
        leave_process()
        return {"seconds": time.perf_counter() - start}


def _check_findings(findings: dict[str, Any]) -> None:
    """Raise FindingsUnusable unless they can be stored."""
    try:
        json.dumps(findings, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise FindingsUnusable(error) from None


class _Timed(NamedTuple):
    seconds: float
    #: On the monotonic clock.
    began: float
    #: By the process tree; joules are those of the whole machine.
    used: TreeUsage
    outcomes: list[Outcome]


def _time_batch(run: Run, batch: Batch, packages: Packages, *, collect_garbage: bool) -> _Timed:
    """Seconds of one batch, what the process tree used for it, and what the machine's processors did.

    Between the two clock readings there is the batch and nothing else. The accounting reads this process close around
    them and its descendants further out: they have nothing to do before the batch begins and after it has ended. Energy
    is read between the two, because it goes on being used while the descendants are looked through.
    """
    if collect_garbage:
        gc.collect()
    rest_before = usage_of_the_rest()
    energy_before = packages.read()
    self_before = usage_of_self()
    began = time.monotonic()
    start = time.perf_counter()
    outcomes = run(batch)
    end = time.perf_counter()
    self_after = usage_of_self()
    energy_after = packages.read()
    rest_after = usage_of_the_rest()
    # A child that ended meanwhile moved from the descendants to the waited-for children of this process.
    used = (self_after + rest_after) - (self_before + rest_before)
    energy = packages.spent(energy_before, energy_after)
    used = replace(used, joules=energy.joules, joules_reason=energy.reason)
    return _Timed(end - start, began, used, outcomes)


def _as_text(item: Any) -> str | None:
    """What shows that an item is still what it was; None: nothing does, for what a task has put into it, or made it."""
    try:
        return json.dumps(stand_in(item))
    except NotComparable:
        return None


def serve(end: socket.socket) -> None:
    """Answer requests until the harness closes the line; an error is an answer, too.

    When nobody listens any more, the harness is gone or has given this cell up, and will have it killed: it leaves at
    once, because closing a model may take for ever, and there is nobody to tell.
    """
    watch()
    try:
        closed = _serve(Line(end), CellServer())
    except BrokenPipeError:
        closed = False
    if not closed:
        os._exit(EXIT_UNHEARD)


def _serve(line: Line, server: CellServer) -> bool:
    """True when the model has been closed as asked, False when the line ended before."""
    while (request := line.receive()) is not None:
        step = request.pop("do")
        try:
            answer = getattr(server, step)(**request)
        except FindingsUnusable as error:  # of its own words: where it was raised says nothing
            answer = {"error": type(error).__name__, "message": str(error), "traceback": ""}
        except Exception as error:
            answer = {"error": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
        line.send(answer)
        if step == "close":
            return True
    return False
