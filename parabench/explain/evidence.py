"""What a stored session knows of a cell that can tell why it is as slow as it is: figures only, no judgement."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from parabench.analyse.timeline import Timeline
from parabench.analyse.timeline_json import timeline_from_json
from parabench.history.stored import StoredBenchmark, StoredSession
from parabench.records import CellId

#: Families whose workers share threads when nothing else tells.
SHARING = ("asyncio", "greenlets")
#: What a file has of a cell besides figures, as far as it is needed here.
TABLES = ("wait_sites", "serialisation", "cpu_packages")
REASONS = ("cpu_packages_reason", "await_chain_reason")
#: More than any share, count or time.
NUMBER_MOST = 1e18


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The figures of one cell. Seconds are per round; None is unknown."""

    cell: CellId
    family: str
    kind: str | None
    start_method: str | None
    #: Timed: the session's one number.
    seconds: float
    tasks: int
    #: Whether one interpreter lock was on in the cell's process after its last round.
    gil: bool | None
    cores: int | None
    bytes_memory: float | None
    #: Stored figures by their key in the file.
    figures: Mapping[str, float]
    #: The traced rounds, that of median length first; empty: none was run, or it cannot be read.
    timelines: tuple[Timeline, ...]
    #: Seconds of these rounds as wholes, in their order; None is unknown.
    seconds_of_rounds: tuple[float | None, ...]
    #: Objects of TABLES by their key, with what is a number in them.
    tables: Mapping[str, Mapping[str, float]]
    #: Functions of coroutines that await one another, outermost first; None is unknown.
    await_chain: str | None = None
    #: Why whose code burned the CPU, or who awaits whom, is unknown: by the key in the file.
    reasons: Mapping[str, str] = field(default_factory=dict)
    #: The sequential cell of the same work; None for that cell itself, and where it was not measured.
    alone: Evidence | None = None

    @property
    def timeline(self) -> Timeline | None:
        """That of the traced round of median length."""
        return self.timelines[0] if self.timelines else None

    @property
    def workers(self) -> int:
        """Workers that it can use: never more than it has tasks."""
        return max(1, min(self.cell.workers, self.tasks))

    @property
    def shares_threads(self) -> bool:
        """Whether its tasks take turns in one thread, as coroutines and greenlets do."""
        if self.timeline is None:
            return self.family in SHARING
        in_one = self.family in SHARING and len(self.timeline.tasks_per_worker) == 1 < self.workers
        return in_one or all(task.seconds_cpu is None for task in self.timeline.tasks)

    @property
    def blocks_the_loop(self) -> bool:
        """Whether each task runs in the thread of the loop to its end, as functions without a coroutine do."""
        shared = self.shares_threads and self.timeline is not None
        return shared and any(task.seconds_cpu is not None for task in self.timeline.tasks)  # type: ignore[union-attr]

    @property
    def one_interpreter(self) -> bool:
        """Whether its workers are threads of one interpreter."""
        return self.start_method is None and self.family in ("baseline", "threads", *SHARING)

    @property
    def seconds_cpu_alone(self) -> float | None:
        """CPU seconds of all tasks of the batch when they run one after another."""
        return self.of_tasks_alone(0)

    @property
    def seconds_waited_alone(self) -> float | None:
        """Seconds that all tasks of the batch wait when they run one after another."""
        return self.of_tasks_alone(1)

    @property
    def seconds_longest_alone(self) -> float | None:
        """Seconds of the longest task when it runs alone, run-queue delays apart; None where nobody looked."""
        timeline = (self.alone or self).timeline
        if timeline is None:
            return None
        return max(task.seconds_service - (task.seconds_core or 0.0) for task in timeline.tasks)

    def of_tasks_alone(self, place: int) -> float | None:
        """Of the baseline's batch, its CPU (0) or its waiting (1)."""
        baseline = self if self.cell.model == "sequential" else self.alone
        if baseline is None:
            return None
        if baseline.timeline is None:
            busy = min(baseline.figures.get("seconds_cpu", 0.0), baseline.seconds)
            return (busy, baseline.seconds - busy)[place]
        cpu = sum(task.seconds_cpu or 0.0 for task in baseline.timeline.tasks)
        core = sum(task.seconds_core or 0.0 for task in baseline.timeline.tasks)
        waited = sum(task.seconds_waiting or 0.0 for task in baseline.timeline.tasks)
        return (cpu, max(0.0, waited - core))[place]


def evidence_of(session: StoredSession) -> list[Evidence]:
    """The evidence of every cell of a session that has a time, in the order of the file."""
    first = [_evidence(session, stored, None) for stored in session.benchmarks if _usable(stored)]
    alone = {(own.cell.workload, own.cell.size): own for own in first if own.cell.model == "sequential"}
    stored = [benchmark for benchmark in session.benchmarks if _usable(benchmark)]
    evidences = []
    for own, benchmark in zip(first, stored, strict=True):
        baseline = alone.get((own.cell.workload, own.cell.size))
        evidences.append(own if baseline is None or baseline is own else _evidence(session, benchmark, baseline))
    return evidences


def _usable(stored: StoredBenchmark) -> bool:
    return stored.cell is not None and bool(stored.seconds_per_round)


def _evidence(session: StoredSession, stored: StoredBenchmark, alone: Evidence | None) -> Evidence:
    assert stored.cell is not None
    assert stored.seconds_per_round is not None
    gil = stored.tables.get("gil_enabled_at_end")
    rounds = _rounds(stored)
    return Evidence(
        cell=stored.cell,
        family=stored.family or "unknown",
        kind=stored.kind,
        start_method=stored.remarks.get("start_method"),
        seconds=stored.seconds_per_round,
        tasks=stored.tasks or 1,
        gil=gil if isinstance(gil, bool) else None,
        cores=session.fingerprint.get("cores_usable"),
        bytes_memory=session.fingerprint.get("bytes_memory"),
        figures=stored.figures,
        timelines=tuple(timeline for timeline, _ in rounds),
        seconds_of_rounds=tuple(seconds for _, seconds in rounds),
        tables={key: _numbers(stored.tables.get(key)) for key in TABLES},
        await_chain=stored.remarks.get("await_chain"),
        reasons={key: stored.remarks[key] for key in REASONS if key in stored.remarks},
        alone=alone,
    )


def _rounds(stored: StoredBenchmark) -> list[tuple[Timeline, float | None]]:
    """The traced rounds, and how long each took as a whole."""
    rounds: list[tuple[Timeline, float | None]] = []
    tables, greenlets = stored.tables, stored.family == "greenlets"
    all_columns = (tables.get("timeline"), *_entries(tables.get("timeline_other_rounds")))
    all_seconds = (stored.figures.get("seconds_traced"), *_entries(tables.get("seconds_traced_other_rounds")))
    for columns, seconds in itertools.zip_longest(all_columns, all_seconds):
        if not isinstance(columns, dict):
            continue
        try:
            timeline = timeline_from_json(columns)
        except ValueError:  # damaged: the cell is explained without it, as one that was not traced
            continue
        if timeline.tasks:
            whole = float(seconds) if _is_number(seconds) else None
            rounds.append((_in_one_thread(timeline) if greenlets else timeline, whole))
    return rounds


def _numbers(table: Any) -> dict[str, float]:
    """The finite numbers of an object; a damaged file may hold anything."""
    values = table.items() if isinstance(table, dict) else ()
    return {key: float(value) for key, value in values if _is_number(value)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= NUMBER_MOST


def _entries(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _in_one_thread(timeline: Timeline) -> Timeline:
    """Greenlets are workers of their own in a trace; the CPU time of one that overlaps others is that of all."""
    if (timeline.concurrency_most or 0) > 1:
        return Timeline(tuple(replace(t, worker=0, seconds_cpu=None, seconds_runqueue=None) for t in timeline.tasks))
    return Timeline(tuple(replace(task, worker=0) for task in timeline.tasks))
