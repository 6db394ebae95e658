"""A visit to a cell, in progress and as it is recorded."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from parabench.errors import CellDisturbed
from parabench.measure.cell import Round
from parabench.measure.instrumented import Instrumentation
from parabench.measure.others import Share
from parabench.records import Cell, Disturbance, Instrumented, TreeUsage, Visit
from parabench.records.figures import figures_of, per_round


@dataclass(slots=True)
class Stay:
    """A visit in progress: opened and warmed up, ready for timed rounds."""

    cell: Cell
    tasks: int
    rounds: int
    seconds_open: float
    seconds_first_batch: float
    _run_round: Callable[[], Round | float]
    seconds_per_round: list[float] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    #: By the whole process tree in each timed round.
    used_by_round: list[TreeUsage] = field(default_factory=list)
    gil_enabled_at_start: bool = True
    gil_enabled_at_end: bool = True
    instrumented: Instrumented | None = None
    #: The first batch and the rounds after it that ran until they were flat; empty where none were asked for.
    seconds_warm_up: tuple[float, ...] = ()
    disturbed: list[Disturbance] = field(default_factory=list)
    #: Tasks of the first batch where it was not a whole one.
    tasks_first_batch: int | None = None
    others: Share = field(default_factory=lambda: Share(None, "the visit has not ended"))

    @classmethod
    def replayed(cls, cell: Cell, visit: Visit, tasks: int) -> Self:
        """A stay whose rounds have been run before, by a session that did not come to its end."""
        seconds = iter(visit.seconds_per_round)
        return cls(
            cell,
            tasks,
            len(visit.seconds_per_round),
            visit.seconds_open,
            visit.seconds_first_batch,
            lambda: next(seconds),
        )

    @property
    def used(self) -> TreeUsage | None:
        """By the whole process tree in all timed rounds together; None before the first."""
        return functools.reduce(operator.add, self.used_by_round) if self.used_by_round else None

    @property
    def share_others(self) -> float | None:
        """CPU time of other programs during the visit over the time of the usable cores."""
        return self.others.share

    @property
    def others_reason(self) -> str | None:
        """Why that is unknown."""
        return self.others.reason

    def round(self) -> float:
        """Run and verify one timed round (or replay a recorded one); returns its seconds.

        A round in which something else had a part is set aside, and repeated once. Raises CellDisturbed when its
        repetition is no better.
        """
        done = self._run_round()
        if isinstance(done, float):
            return done
        if done.disturbed:
            self.note("round", done, set_aside=True)
            done = self._run_round()
            assert not isinstance(done, float), "rounds are replayed all or none"
            if done.disturbed:
                self.note("round", done, set_aside=True)
                raise CellDisturbed(
                    self.cell.id, [f"{disturbance.cause}: {disturbance.count:g}" for disturbance in self.disturbed]
                )
        self.seconds_per_round.append(done.seconds)
        self.used_by_round.append(done.used)
        if done.findings:
            self.findings.append(done.findings)
        return done.seconds

    def warm_up(self) -> float:
        """Run and verify one round that is not timed; returns its seconds."""
        done = self._run_round()
        assert not isinstance(done, float), "what is replayed needs no warm-up"
        self.note("warm-up", done, set_aside=False)
        return done.seconds

    def add(self, instrumentation: Instrumentation) -> None:
        """What its untimed rounds showed, and what else had a part in them."""
        self.instrumented = instrumentation.instrumented
        self.disturbed += instrumentation.disturbed

    def note(self, during: str, done: Round, *, set_aside: bool) -> None:
        """Remember what else had a part in a round."""
        seconds = (done.seconds,) if set_aside else ()
        self.disturbed += [
            Disturbance(cause=cause, count=count, during=during, seconds_set_aside=seconds)
            for cause, count in done.disturbed.items()
        ]


def visit_of(stay: Stay, pass_number: int, position: int) -> Visit:
    """The record of a stay that is over."""
    assert stay.used_by_round, "a visit is recorded after its rounds"
    once = {name: getattr(stay, name) for name, figure in figures_of(Visit) if figure.over_rounds is None}
    return Visit(
        pass_number=pass_number,
        position=position,
        seconds_per_round=tuple(stay.seconds_per_round),
        findings=tuple(stay.findings),
        seconds_warm_up=stay.seconds_warm_up,
        disturbed=tuple(stay.disturbed),
        **once,
        **per_round(stay.used_by_round),
    )
