"""What may hold a cell: rules over its split and its figures, as data with their thresholds and their sources.

A rule gives the share of the batch that its cause takes, from 0 to 1, and None where its figures are unknown. Natural
causes (the work itself: it computes, or waits as it does alone) are named where nothing is lost; a loss is the main
cause from LOSS_LEAST of the batch on, if it is not small beside the work itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from parabench.explain.evidence import Evidence
from parabench.explain.split import Split

COMPUTING, GIL, CORES, LOOP, WAITING, SERVER = "computing", "gil", "cores", "loop", "waiting", "server"
LOCK, DISPATCH, SERIALISATION, START_UP = "lock", "dispatch", "serialisation", "start-up"
IMBALANCE, MEMORY, UNCLEAR = "imbalance", "memory", "unclear"
#: All names, in the order in which they are documented.
CAUSES = (
    *(COMPUTING, GIL, CORES, LOOP, WAITING, SERVER, LOCK, DISPATCH, SERIALISATION, START_UP, IMBALANCE, MEMORY),
    UNCLEAR,
)
#: A loss is named from this share of the batch on, as the main cause if it is so large beside the work itself, too.
LOSS_LEAST, LOSS_BESIDE_WORK = 0.2, 0.4
#: A second cause has this share at least.
SECOND_LEAST = 0.15
#: What no cause has so much of is unclear.
MAIN_LEAST = 0.3
#: Kinds of work that ask a server.
ASKING = ("network", "live", "mixed")
#: Cores' worth of CPU from which one interpreter's threads are taken to be held by its lock where nobody looked.
GIL_BUSY = 0.6
#: Share of the batch that the tasks' own computing takes at least where it is what takes the lock.
GIL_OWN = 0.5
#: Share of a loop's time from which it is busy, and not waiting for replies.
LOOP_BUSY = 0.5
#: Opening takes so many times as long as the batch where what the work itself needs to start is what it costs.
OPENING_TIMES = 3.0
#: A message of so many bytes does not fit into a pipe (pipe(7): 64 KiB).
BYTES_LARGE = 65_536
#: Seconds of the kernel for each page that a process touches first: a fault and clearing 4 KiB.
SECONDS_PER_FAULT = 0.5e-6


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at."""

    evidence: Evidence
    split: Split

    def share(self, *parts: str) -> float:
        """Of the batch, of these parts of the split together; of a traced round where that was longer."""
        whole = self.evidence.seconds - min(0.0, self.split.seconds_per_batch.unexplained)
        seconds = dict(self.split.seconds_per_batch.items())
        return max(0.0, sum(seconds[part] for part in parts)) / whole

    @property
    def gil_taken(self) -> bool:
        """Whether the tasks of several threads keep the lock of their interpreter taken: nothing else counts then."""
        evidence = self.evidence
        threads = bool(evidence.gil) and evidence.one_interpreter and not evidence.shares_threads
        busy = evidence.figures.get("seconds_cpu", 0.0) / evidence.seconds
        own = (evidence.seconds_cpu_alone or 0.0) / evidence.seconds
        return threads and evidence.workers > 1 and GIL_BUSY <= busy <= 1 / GIL_BUSY and own >= GIL_OWN

    @property
    def crowded(self) -> bool:
        """Whether there are more workers than cores."""
        return self.evidence.cores is not None and self.evidence.workers > self.evidence.cores

    @property
    def sites(self) -> Mapping[str, float] | None:
        """Where threads with a task were found, as shares of the looks at them; None: nobody looked."""
        found: Any = self.evidence.tables.get("wait_sites")
        return found if isinstance(found, dict) and found else None

    @property
    def owner(self) -> str:
        """Which cause the waiting for what tasks share belongs to."""
        evidence = self.evidence
        if evidence.shares_threads:
            stalled = evidence.figures.get("seconds_loop_stalled")
            if stalled is not None:
                return LOOP if stalled >= LOOP_BUSY * evidence.seconds else SERVER
            return LOOP if self.share("running") >= LOOP_BUSY or evidence.kind not in ASKING else SERVER
        if self.sites is not None:
            by_cause = {
                GIL: self.sites.get("gil", 0.0),
                LOCK: sum(self.sites.get(site, 0.0) for site in ("file lock", "lock")),
                SERVER: sum(self.sites.get(site, 0.0) for site in ("socket", "poll")),
            }
            if not (evidence.gil and evidence.one_interpreter):
                del by_cause[GIL]
            cause = max(by_cause, key=lambda name: by_cause[name])
            if by_cause[cause] > 0:
                return cause
        busy = evidence.figures.get("seconds_cpu", 0.0) / evidence.seconds
        if evidence.gil and evidence.one_interpreter and busy >= GIL_BUSY:
            return GIL
        return SERVER if evidence.kind in ASKING else LOCK


@dataclass(frozen=True, slots=True)
class Rule:
    """When a cause holds a cell."""

    cause: str
    #: Its share of the batch; None: unknown.
    share: Callable[[Facts], float | None]
    #: Whether it is the work itself, and no loss.
    natural: bool
    #: What it is read from, for docs and for those who doubt it.
    evidence: str
    source: str


def _owned(cause: str) -> Callable[[Facts], float | None]:
    return lambda facts: facts.share("lock") if facts.owner == cause else 0.0


def _gil(facts: Facts) -> float:
    """Where tasks keep the lock taken, all lane time in which none runs or waits by itself; else the waiting for it."""
    if facts.gil_taken:
        return max(0.0, 1.0 - facts.share("running", "waiting", "core"))
    return facts.share("lock") if facts.owner == GIL else 0.0


def _cores(facts: Facts) -> float:
    return facts.share("core") if facts.crowded else 0.0


def _lost(*parts: str) -> Callable[[Facts], float | None]:
    """Lanes without a task: a loss unless the lock of the interpreter would not have let them run one."""
    return lambda facts: 0.0 if facts.gil_taken else facts.share(*parts)


def _loop(facts: Facts) -> float:
    if not facts.evidence.shares_threads:
        return 0.0
    if facts.evidence.blocks_the_loop:  # whatever a task waits for, all others wait for it, too
        return facts.share("running", "waiting", "lock", "core")
    return facts.share("running") + (facts.share("lock") if facts.owner == LOOP else 0.0)


def _computing(facts: Facts) -> float:
    return 0.0 if facts.evidence.shares_threads else max(0.0, facts.share("running") - (_memory(facts) or 0.0))


def _waiting(facts: Facts) -> float:
    return 0.0 if facts.evidence.blocks_the_loop else facts.share("waiting")


def _large_messages(facts: Facts) -> bool:
    """Whether handing a task over is moving bytes: a pipe takes a message of that length in several pieces."""
    sent = facts.evidence.tables.get("serialisation")
    if not isinstance(sent, dict):
        return False
    moved = sum(sent[key] for key in ("bytes_items", "bytes_values") if isinstance(sent.get(key), int))
    return bool(moved / facts.evidence.tasks >= BYTES_LARGE)


def _serialisation(facts: Facts) -> float:
    return facts.share("serialisation", *(("dispatch", "queueing") if _large_messages(facts) else ()))


def _dispatch(facts: Facts) -> float:
    return 0.0 if facts.gil_taken or _large_messages(facts) else facts.share("dispatch", "queueing")


def _start_up(facts: Facts) -> float:
    """In the batch; or all of a first batch, where what the work itself needs to start takes many batches."""
    inside = facts.share("start_up")
    evidence = facts.evidence
    baseline = evidence.alone or evidence
    opening = baseline.figures.get("seconds_cold_start", 0.0)
    if opening >= OPENING_TIMES * max(baseline.seconds, evidence.seconds):
        own = max(opening, evidence.figures.get("seconds_cold_start", 0.0))
        return max(inside, own / (own + evidence.seconds))
    return inside


def _memory(facts: Facts) -> float | None:
    faults = facts.evidence.figures.get("page_faults")
    system = facts.evidence.figures.get("seconds_cpu_system")
    if faults is None or system is None:
        return None
    seconds = min(faults * SECONDS_PER_FAULT, system) / facts.split.lanes
    return min(1.0, seconds / facts.evidence.seconds)


_TIMELINE = "parabench/analyse/timeline.py: CPU clocks and run-queue delays of the tasks of a traced round"
RULES = (
    Rule(COMPUTING, _computing, True, "CPU time of the tasks", _TIMELINE),
    Rule(WAITING, _waiting, True, "what the same tasks wait alone", _TIMELINE),
    Rule(GIL, _gil, False, "futex in the interpreter's data, or one busy core", "proc_pid_syscall(5), gil.c"),
    Rule(CORES, _cores, False, "run-queue delay", "Linux: sched-stats.rst"),
    Rule(LOOP, _loop, False, "CPU of the loop's thread, turns that it missed", _TIMELINE),
    Rule(SERVER, _owned(SERVER), False, "longer waits for replies than alone, at sockets", _TIMELINE),
    Rule(LOCK, _owned(LOCK), False, "longer waits than alone, in flock(2) or futex(2)", "proc_pid_syscall(5)"),
    Rule(DISPATCH, _dispatch, False, "lanes between two tasks", _TIMELINE),
    Rule(SERIALISATION, _serialisation, False, "pickling measured apart, bytes of a message", "pickle, pipe(7)"),
    Rule(START_UP, _start_up, False, "a worker for each task; opening the sequential model", _TIMELINE),
    Rule(IMBALANCE, _lost("idle_tail"), False, "lanes without a task at the end", _TIMELINE),
    Rule(MEMORY, _memory, False, "pages touched first", "getrusage(2): ru_minflt"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, and its share of the batch from 0 to 1."""

    name: str
    share: float


def causes_of(facts: Facts) -> list[Cause]:
    """The main cause, and at most one more."""
    shares = {rule.cause: min(1.0, rule.share(facts) or 0.0) for rule in RULES}
    work = max((shares[rule.cause] for rule in RULES if rule.natural), default=0.0)
    losses = sorted(
        (Cause(rule.cause, shares[rule.cause]) for rule in RULES if not rule.natural), key=lambda cause: -cause.share
    )
    natural = sorted(
        (Cause(rule.cause, shares[rule.cause]) for rule in RULES if rule.natural), key=lambda cause: -cause.share
    )
    lost = losses[0].share >= LOSS_LEAST and losses[0].share >= LOSS_BESIDE_WORK * work
    ordered = [losses[0], *natural, *losses[1:]] if lost else [natural[0], *losses, *natural[1:]]
    main = ordered[0]
    if main.share < (LOSS_LEAST if lost else MAIN_LEAST):
        return [Cause(UNCLEAR, max(0.0, 1.0 - sum(shares.values())))]
    rest = sorted(ordered[1:], key=lambda cause: -cause.share)
    return [main, *(cause for cause in rest[:1] if cause.share >= SECOND_LEAST)]
