"""A visit to a cell, in progress and as it is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from parabench.errors import CellDisturbed
from parabench.measure.cell import Round
from parabench.measure.others import Share
from parabench.records import Cell, Disturbance, Energy, Instrumented, TreeUsage, Visit


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
    #: By the whole process tree in all timed rounds together.
    used: TreeUsage | None = None
    #: By the processor packages of the whole machine in all timed rounds together.
    energy: Energy | None = None
    processes: int = 0
    threads: int = 0
    gil_enabled: tuple[bool, bool] = (True, True)
    instrumented: Instrumented | None = None
    #: The first batch and the rounds after it that ran until they were flat; empty where none were asked for.
    seconds_warm_up: tuple[float, ...] = ()
    disturbed: list[Disturbance] = field(default_factory=list)
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
                raise CellDisturbed(self.cell.id, [f"{one.cause}: {one.count:g}" for one in self.disturbed])
        self.seconds_per_round.append(done.seconds)
        self.used = done.used if self.used is None else self.used + done.used
        self.energy = done.energy if self.energy is None else self.energy + done.energy
        self.processes = max(self.processes, done.used.processes)
        self.threads = max(self.threads, done.used.threads)
        if done.findings:
            self.findings.append(done.findings)
        return done.seconds

    def note(self, during: str, done: Round, *, set_aside: bool) -> None:
        """Remember what else had a part in a round."""
        seconds = (done.seconds,) if set_aside else ()
        self.disturbed += [
            Disturbance(cause=cause, count=count, during=during, seconds_set_aside=seconds)
            for cause, count in done.disturbed.items()
        ]


def visit_of(stay: Stay, pass_number: int, position: int) -> Visit:
    """The record of a stay that is over."""
    used, energy, rounds = stay.used, stay.energy, max(1, len(stay.seconds_per_round))
    assert used is not None, "a visit is recorded after it has ended"
    assert energy is not None, "as above"
    return Visit(
        pass_number=pass_number,
        position=position,
        seconds_open=stay.seconds_open,
        seconds_first_batch=stay.seconds_first_batch,
        seconds_per_round=tuple(stay.seconds_per_round),
        seconds_cpu=used.seconds_cpu / rounds,
        seconds_cpu_user=used.seconds_cpu_user / rounds,
        seconds_cpu_system=used.seconds_cpu_system / rounds,
        context_switches_voluntary=used.context_switches_voluntary / rounds,
        context_switches_involuntary=used.context_switches_involuntary / rounds,
        processes=stay.processes,
        threads=stay.threads,
        bytes_read=None if used.bytes_read is None else used.bytes_read / rounds,
        bytes_written=None if used.bytes_written is None else used.bytes_written / rounds,
        gil_enabled=stay.gil_enabled,
        blind=used.blind,
        joules=None if energy.joules is None else energy.joules / rounds,
        joules_reason=energy.reason,
        findings=tuple(stay.findings),
        seconds_warm_up=stay.seconds_warm_up,
        share_others=stay.others.share,
        others_reason=stay.others.reason,
        disturbed=tuple(stay.disturbed),
    )
