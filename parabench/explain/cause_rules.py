"""What may hold a cell: rules over its split and its figures, as data with their thresholds and their sources.

A rule gives the share of the batch that its cause takes, from 0 to 1, and None where its figures are unknown. Natural
causes (the work itself: it computes, or waits as it does alone) are named where nothing is lost; a loss is the main
cause from LOSS_LEAST of the batch on, if it is not small beside the work itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parabench.explain.evidence import Evidence
from parabench.explain.facts import (
    BYTES_LARGE,
    CAUSES,
    COMPUTING,
    CORES,
    DISPATCH,
    GIL,
    IMBALANCE,
    LOCK,
    LOOP,
    LOSS_BESIDE_WORK,
    LOSS_LEAST,
    MAIN_LEAST,
    MEMORY,
    OPENING_LEAST,
    OPENING_TIMES,
    SECOND_LEAST,
    SECONDS_PER_FAULT,
    SERIALISATION,
    SERVER,
    START_UP,
    UNCLEAR,
    WAITING,
    Facts,
)

#: Others name causes by these, too.
__all__ = [
    "CAUSES",
    "COMPUTING",
    "CORES",
    "DISPATCH",
    "GIL",
    "IMBALANCE",
    "LOCK",
    "LOOP",
    "MEMORY",
    "RULES",
    "SERIALISATION",
    "SERVER",
    "START_UP",
    "UNCLEAR",
    "WAITING",
    "Cause",
    "Rule",
    "causes_of",
    "parts_of_dispatch",
    "parts_of_serialisation",
]


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
    if _too_short(facts):
        return 0.0
    if facts.gil_taken:
        return max(0.0, 1.0 - facts.share("running", "waiting") - _cores(facts))
    behind = facts.core_behind_gil / max(facts.seconds_undisturbed, 1e-12)
    return behind + (facts.share("lock") if facts.owner == GIL else 0.0)


def _cores(facts: Facts) -> float:
    return facts.share("core") if facts.crowded else 0.0


def _imbalance(facts: Facts) -> float:
    """Lanes without a task: a loss unless the lock of the interpreter would not have let them run one."""
    return 0.0 if facts.gil_taken or _too_short(facts) else facts.share("idle_tail")


def _loop(facts: Facts) -> float:
    if not facts.evidence.shares_threads or _too_short(facts):
        return 0.0
    if facts.evidence.blocks_the_loop:  # whatever a task waits for, all others wait for it, too
        return facts.share("running", "waiting", "lock", "core")
    return facts.share("running") + (facts.share("lock") if facts.owner == LOOP else 0.0)


def _too_short(facts: Facts) -> bool:
    """Whether what tasks take is no more than what looking at them costs: there is no work to speak of."""
    cost = facts.evidence.figures.get("seconds_trace", 0.0)
    return facts.split.source == "spans" and facts.split.seconds_per_task.running <= cost


def _computing(facts: Facts) -> float:
    if facts.evidence.shares_threads or _too_short(facts):
        return 0.0
    return max(0.0, facts.share("running") - (_memory(facts) or 0.0))


def _waiting(facts: Facts) -> float:
    return 0.0 if facts.evidence.blocks_the_loop else facts.share("waiting")


def _large_messages(facts: Facts) -> bool:
    """Whether handing a task over is moving bytes: a pipe takes a message of that length in several pieces."""
    sent = facts.evidence.tables.get("serialisation", {})
    moved = sent.get("bytes_items", 0.0) + sent.get("bytes_values", 0.0)
    return moved / facts.evidence.tasks >= BYTES_LARGE


def parts_of_serialisation(facts: Facts) -> tuple[str, ...]:
    """The parts of a split that pickling and moving take: with large messages, all that handing over takes."""
    return ("serialisation", *(("dispatch", "queueing") if _large_messages(facts) else ()))


def parts_of_dispatch(facts: Facts) -> tuple[str, ...]:
    """The parts that handing tasks over takes: where there is no work to speak of, what looks like it as well."""
    return ("dispatch", "queueing", *(("running", "lock", "idle_tail") if _too_short(facts) else ()))


def _serialisation(facts: Facts) -> float:
    return facts.share(*parts_of_serialisation(facts))


def _dispatch(facts: Facts) -> float:
    if _large_messages(facts) or (facts.gil_taken and not _too_short(facts)):
        return 0.0
    return facts.share(*parts_of_dispatch(facts))


def _start_up(facts: Facts) -> float:
    """In the batch; or all of a first batch, where what the work itself needs to start takes many batches."""
    return max(facts.share("start_up"), _opening(facts))


def _opening(facts: Facts) -> float:
    """Share of opening in a session of one batch, where the work and not the model makes it long; else 0."""
    evidence = facts.evidence
    baseline = evidence.alone or evidence
    opening = _seconds_opening(baseline)
    if opening < max(OPENING_LEAST, OPENING_TIMES * max(baseline.seconds, evidence.seconds)):
        return 0.0
    own = max(opening, _seconds_opening(evidence))
    return own / (own + evidence.seconds)


def _seconds_opening(evidence: Evidence) -> float:
    """Opening, and what the first batch took beyond others: what a task does only once is done there."""
    opening = evidence.figures.get("seconds_cold_start", 0.0)
    if "tasks_first_batch" in evidence.figures:
        return opening
    return opening + max(0.0, evidence.figures.get("seconds_first_batch", 0.0) - evidence.seconds)


def _memory(facts: Facts) -> float | None:
    faults = facts.evidence.figures.get("page_faults")
    system = facts.evidence.figures.get("seconds_cpu_system")
    if faults is None or system is None:
        return None
    if facts.gil_taken:  # pages are made ready under the lock, and that is what others wait for
        return 0.0
    cpu = max(facts.evidence.figures.get("seconds_cpu", 0.0), 1e-9)
    return facts.share("running") * min(1.0, min(faults * SECONDS_PER_FAULT, system) / cpu)


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
    Rule(IMBALANCE, _imbalance, False, "lanes without a task at the end", _TIMELINE),
    Rule(MEMORY, _memory, False, "pages touched first", "getrusage(2): ru_minflt"),
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause, and its share of the batch from 0 to 1."""

    name: str
    share: float


def causes_of(facts: Facts) -> list[Cause]:
    """The main cause, and at most one more."""
    left = 1.0 - _opening(facts)
    shares = {rule.cause: min(1.0, rule.share(facts) or 0.0) for rule in RULES}
    shares = {name: share if name == START_UP else share * left for name, share in shares.items()}
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
