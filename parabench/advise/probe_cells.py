"""Cells of the probe: what each of them may take, and why one of them told nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from parabench.advise.work import Work
from parabench.errors import CallNotMade, CellProcessDied, CellTimedOut, ParabenchError
from parabench.measure.cell import CellProcess
from parabench.measure.experiment import Experiment
from parabench.records import Cell, Outcome

#: Opening a cell enters the set-up, and closing it leaves it: no call, so --call-timeout says nothing about them.
SECONDS_TO_OPEN = 60.0
#: What a batch takes besides its calls.
SECONDS_AROUND = 1.0


class Cells:
    """Opens cells for batches of calls."""

    def __init__(self, experiment: Experiment, work: Work, call_timeout: float) -> None:
        self._experiment, self._work, self._call_timeout = experiment, work, call_timeout

    @contextlib.contextmanager
    def opened(
        self, model: str, workers: int, items: Sequence[Any], *, calls_as_one: int | None = None
    ) -> Iterator[CellProcess]:
        """A cell with these items, whose batch may take as long as all its calls may, one after the other.

        `calls_as_one`: its one item is a list of so many calls.
        """
        work = self._work
        name = work.name if calls_as_one is None else work.name_of_many
        cell = Cell(workload=name, model=model, kind=work.kind, workers=workers, size="small")
        calls = len(items) if calls_as_one is None else calls_as_one
        to_open = max(SECONDS_TO_OPEN, self._call_timeout)
        with self._experiment.opened(cell, items, timeout_seconds=to_open) as (process, _):
            process.timeout_seconds = SECONDS_AROUND + calls * self._call_timeout
            yield process
            process.timeout_seconds = to_open


def came_back(outcomes: Sequence[Outcome]) -> Sequence[Outcome]:
    """These outcomes. Raises CallNotMade when one is a failure: what the function itself raises is a result."""
    for outcome in outcomes:
        if outcome.failure is not None:
            raise CallNotMade(outcome.failure.type, outcome.failure.message)
    return outcomes


def all_came_back(outcomes: Sequence[Outcome]) -> bool:
    """Whether none of these is a failure."""
    return all(outcome.failure is None for outcome in outcomes)


def why_not(error: ParabenchError, call_timeout: float) -> tuple[str, str]:
    """Why there is no advice, by kind of warning."""
    if isinstance(error, CellTimedOut) and error.step == "round":
        late = f"a call did not return within {call_timeout:g} s"
        return "never-returns", f"{late}: raise --call-timeout if it takes longer"
    return "ends-process" if isinstance(error, CellProcessDied) else "not-run", str(error)
