"""The parts of a batch, and what they are estimated at where nobody looked into its tasks."""

from __future__ import annotations

from dataclasses import dataclass, fields

from parabench.explain.evidence import Evidence

#: Kinds of work that ask a server; and the cores' worth of CPU up to which they are taken to wait for it.
ASKING, ASKING_BUSY = ("network", "live", "mixed"), 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Seconds of one batch. They add up to its timed median."""

    #: Starting a worker for each task, where the model does that.
    start_up: float = 0.0
    dispatch: float = 0.0
    #: Pickling of items and values, as measured apart from the batch.
    serialisation: float = 0.0
    #: Until a lane has its first task.
    queueing: float = 0.0
    running: float = 0.0
    #: As the tasks wait when they run alone.
    waiting: float = 0.0
    core: float = 0.0
    #: Between two tasks, while other programs had the cores.
    others: float = 0.0
    #: For the GIL, or for whatever else tasks share: a lock, a server, the event loop.
    lock: float = 0.0
    #: Lanes that have nothing left while others still run.
    idle_tail: float = 0.0
    unexplained: float = 0.0

    def items(self) -> list[tuple[str, float]]:
        """Names and seconds."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


def parts_from_totals(evidence: Evidence) -> tuple[Parts, int]:
    """Estimates for a cell without spans: the lanes are its workers, and what it waits beyond its tasks is shared."""
    lanes = 1 if evidence.shares_threads else evidence.workers
    busy = evidence.figures.get("seconds_cpu")
    alone_cpu, alone_waiting = evidence.seconds_cpu_alone, evidence.seconds_waited_alone
    if busy is None or alone_cpu is None or alone_waiting is None:
        return Parts(unexplained=evidence.seconds), lanes
    running = min(busy, alone_cpu) / lanes
    extra = max(0.0, busy - alone_cpu) / (1 if evidence.one_interpreter else lanes)
    dispatch = min(extra, max(0.0, evidence.seconds - running))
    slots = evidence.workers
    waiting = min(alone_waiting / slots, max(0.0, evidence.seconds - running - dispatch))
    rest = max(0.0, evidence.seconds - running - dispatch - waiting)
    name = _waited_for(evidence, busy, rest, lanes)
    known = {"dispatch": dispatch, "running": running, "waiting": waiting}
    return Parts(**{**known, name: rest}), lanes


def _waited_for(evidence: Evidence, busy: float, rest: float, lanes: int) -> str:
    """The part that the rest is: who had the cores, or the lock, or did not answer."""
    cores = evidence.cores or 1
    of_others = evidence.figures.get("share_others", 0.0) * cores * evidence.seconds
    asks = evidence.kind in ASKING and busy / evidence.seconds <= ASKING_BUSY
    if _gil_holds(evidence) or asks:
        return "lock"
    if (busy / evidence.seconds >= 0.8 * min(cores, lanes) and lanes > cores) or of_others >= rest * min(cores, lanes):
        return "core"
    return "unexplained"


def _gil_holds(evidence: Evidence) -> bool:
    """Whether threads of one interpreter keep its lock taken nearly all the time."""
    busy = evidence.figures.get("seconds_cpu", 0.0) / evidence.seconds
    return bool(evidence.gil) and evidence.one_interpreter and not evidence.shares_threads and 0.7 <= busy <= 1.3
