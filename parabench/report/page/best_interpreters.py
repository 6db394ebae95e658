"""Which interpreter is best for a workload: machines that are the same computer, side by side."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parabench.analyse.across import fastest
from parabench.analyse.order import ALTERNATING, order_of
from parabench.history.summary import SessionSummary
from parabench.machine.fingerprint import COMPARABLE
from parabench.report.page.machines import Machine, same_commit

#: What of a fingerprint belongs to the interpreter and not to the computer.
_OF_INTERPRETER = "python_", "gil_", "jit_", "debug_"
#: Sessions of each interpreter that are paired.
BLOCKS_MOST = 10

#: workload -> interpreter -> contestant -> block -> seconds per round
Times = dict[str, dict[str, dict[str, dict[int, float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The fastest interpreter of a workload, with its fastest contestant."""

    interpreter: str
    contestant: str
    seconds: float
    #: Whether it is faster than every other pair for sure, in sessions that alternated.
    sure: bool
    #: How many interpreters were measured.
    among: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreters:
    """All interpreters of one computer."""

    #: Label by machine id, in the order shown.
    labels: Mapping[str, str]
    times: Times
    #: Whether their sessions were made in turns, so that a drift of the machine met all alike.
    alternating: bool
    #: By workload.
    best: Mapping[str, Best]


def same_computer(machine: Machine, machines: Sequence[Machine]) -> list[Machine]:
    """The machine and others that differ from it by their interpreter only."""
    return [candidate for candidate in machines if _computer(candidate) == _computer(machine)]


def interpreters_of(machines: Sequence[Machine]) -> Interpreters:
    """Interpreters of one computer, paired session by session of the newest commit of each."""
    labels = _labels(machines)
    sessions = {labels[machine.id]: same_commit(machine.sessions)[-BLOCKS_MOST:] for machine in machines}
    alternating = _alternate(list(sessions.values()))
    times: Times = {}
    for label, of_machine in sessions.items():
        for block, session in enumerate(reversed(of_machine)):
            for key, seconds in session.cells():
                if key.cell is not None:
                    of_workload = times.setdefault(key.cell.workload, {name: {} for name in sessions})
                    of_workload[label].setdefault(key.cell.label, {})[block] = seconds
    return Interpreters(
        labels=labels,
        times=times,
        alternating=alternating,
        best={workload: _best(of_workload, sure=alternating) for workload, of_workload in times.items()},
    )


def _best(times: Mapping[str, Mapping[str, Mapping[int, float]]], *, sure: bool) -> Best:
    medians = {
        (statistics.median(blocks.values()), label, contestant)
        for label, contestants in times.items()
        for contestant, blocks in contestants.items()
    }
    seconds, label, contestant = min(medians)
    among = sum(bool(contestants) for contestants in times.values())
    decided = sure and among > 1 and fastest(times) == (label, contestant)
    return Best(interpreter=label, contestant=contestant, seconds=seconds, sure=decided, among=among)


def _alternate(sides: Sequence[Sequence[SessionSummary]]) -> bool:
    """Whether the sessions of every interpreter alternate with those of the first."""
    moments = [
        [None if session.datetime is None else session.datetime.timestamp() for session in side] for side in sides
    ]
    return all(order_of(moments[0], other) == ALTERNATING for other in moments[1:])


def _computer(machine: Machine) -> tuple[object, ...]:
    fingerprint = machine.latest.session.fingerprint
    return tuple(str(fingerprint.get(part)) for part in COMPARABLE if not part.startswith(_OF_INTERPRETER))


def _labels(machines: Sequence[Machine]) -> dict[str, str]:
    """A label for each machine: its interpreter, with the whole version or the id where two have the same."""
    names = [machine.interpreter for machine in machines]
    versions = {machine.id: machine.sessions[-1].version or machine.id for machine in machines}
    labels: dict[str, str] = {}
    for machine in machines:
        label = machine.interpreter if names.count(machine.interpreter) == 1 else versions[machine.id]
        labels[machine.id] = label if label not in labels.values() else machine.id
    return labels
