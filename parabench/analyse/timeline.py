"""What the tasks of one instrumented round did with their time: queueing, overlap, and what they waited for.

The clock of a task is split like this; every part is seconds:

    queueing = start - start of the batch         until a worker took the task up
    service  = end - start                        in a worker
    waiting  = service - CPU time                 in a worker, but not running on a core
    core     = the kernel's run-queue delay       ready to run, but other threads had the cores
    I/O      = min(waiting - core, what the same task waited, core apart, when it ran alone in the sequential round)
    lock     = waiting - core - I/O               blocked beyond that, on something that tasks share

The sequential round has one task under way at a time, so what a task waits there it waits for the outside world.
Without run-queue delays "core" and "lock" cannot be told apart; their sum, the contention, can. Where workers are
threads of one interpreter that has a GIL, "lock" is the GIL; any other lock, a disk or a server that serves several
tasks slower than one reads the same, and so does time that a virtual machine was not given. I/O that got slower under
load is thus contention, not I/O.

Event loops and greenlets take turns in one thread, so the CPU time of one task is unknown, and with it all waiting.
Clocks of different hosts have nothing in common. Models that measure how far apart they are move the times of tasks
elsewhere to the clock of the host that started the batch, and say how wrong that may be; without that, queueing of
those tasks is unknown, and on several hosts overlap too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from parabench.analyse.without_trace_cost import without_cost
from parabench.records import CellRecord, Trace

NO_CPU_TIME = "the CPU time of tasks that share a thread is unknown"
NO_SEQUENTIAL = "there is no sequential round of the same items to compare with"
NO_RUNQUEUE = "the kernel's run-queue delays are unknown"
OTHER_HOST = "tasks ran on another host than the batch was started on, and clocks of hosts have nothing in common"
SEVERAL_HOSTS = "the tasks ran on several hosts, whose clocks have nothing in common"
NO_TASKS = "no task was traced"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpan:
    """Where the time of one task went. Seconds; None is unknown."""

    #: Since the start of the batch; on another host whose clock is unknown, since the first start there.
    seconds_started: float
    seconds_ended: float
    seconds_cpu: float | None
    seconds_runqueue: float | None
    #: What the same item waited in the sequential round, its run-queue delay apart where that is known.
    seconds_waited_alone: float | None
    #: Numbered in the order of their first starts.
    worker: int
    #: 0 is the host that the batch was started on.
    host: int
    #: How wrong times from another host's clock may be here; None: they have not been moved to that of host 0.
    seconds_clock_error: float | None = None

    @property
    def on_the_clock(self) -> bool:
        """Whether its times are on the clock of the host that the batch was started on."""
        return self.host == 0 or self.seconds_clock_error is not None

    @property
    def seconds_service(self) -> float:
        """In a worker, from start to end."""
        return self.seconds_ended - self.seconds_started

    @property
    def seconds_waiting(self) -> float | None:
        """In a worker, but not running on a core."""
        return None if self.seconds_cpu is None else max(0.0, self.seconds_service - self.seconds_cpu)

    @property
    def seconds_core(self) -> float | None:
        """Ready to run, but without a core."""
        if self.seconds_waiting is None or self.seconds_runqueue is None:
            return None
        return min(max(0.0, self.seconds_runqueue), self.seconds_waiting)

    @property
    def seconds_io(self) -> float | None:
        """Waiting that the task also has when it runs alone."""
        if self.seconds_waiting is None or self.seconds_waited_alone is None:
            return None
        return min(self.seconds_waiting - (self.seconds_core or 0.0), self.seconds_waited_alone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What all tasks of a batch waited for, in seconds summed over the tasks; None with the reason where unknown."""

    #: All time in workers without running.
    seconds: float | None
    seconds_io: float | None
    #: For a lock or for a core: what is not I/O.
    seconds_contention: float | None
    seconds_core: float | None
    #: Contention that is not for a core: the GIL where there is one, or whatever else the tasks share.
    seconds_lock: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The tasks of one instrumented round, in the order of the items."""

    tasks: tuple[TaskSpan, ...]

    @property
    def reason_no_queueing(self) -> str | None:
        """Why queueing is unknown; None when it is known."""
        if not self.tasks:
            return NO_TASKS
        return None if all(task.on_the_clock for task in self.tasks) else OTHER_HOST

    @property
    def reason_no_overlap(self) -> str | None:
        """Why the concurrency reached is unknown; None when it is known."""
        if not self.tasks:
            return NO_TASKS
        if len({task.host for task in self.tasks}) == 1 or all(task.on_the_clock for task in self.tasks):
            return None
        return SEVERAL_HOSTS

    @property
    def seconds_queueing(self) -> tuple[float, ...] | None:
        """For each task, from the start of the batch until a worker took it up."""
        return None if self.reason_no_queueing else tuple(task.seconds_started for task in self.tasks)

    @property
    def concurrency_most(self) -> int | None:
        """The largest number of tasks under way at once; a task that begins as another ends does not overlap it."""
        if self.reason_no_overlap:
            return None
        events = [(task.seconds_started, 1) for task in self.tasks]
        events += [(task.seconds_ended, -1) for task in self.tasks]
        most = under_way = 0
        for _, change in sorted(events):
            under_way += change
            most = max(most, under_way)
        return most

    @property
    def concurrency_mean(self) -> float | None:
        """Tasks under way on average, from the first start to the last end: all service time over that time."""
        if self.reason_no_overlap:
            return None
        first, last = min(task.seconds_started for task in self.tasks), max(task.seconds_ended for task in self.tasks)
        return sum(task.seconds_service for task in self.tasks) / (last - first) if last > first else None

    @property
    def tasks_per_worker(self) -> tuple[int, ...]:
        """Number of tasks of each worker that had any."""
        counts = Counter(task.worker for task in self.tasks)
        return tuple(counts[worker] for worker in sorted(counts))

    @property
    def imbalance(self) -> float | None:
        """Tasks of the worker with most of them over the mean of all that were used: 1 is even, None without tasks."""
        return _imbalance(self.tasks_per_worker)

    @property
    def seconds_per_worker(self) -> tuple[float, ...]:
        """Service time of each worker that had any task, its tasks added up.

        Tasks that share a thread (event loops, greenlets) overlap, and their seconds are counted for each of them.
        """
        seconds: dict[int, float] = {}
        for task in self.tasks:
            seconds[task.worker] = seconds.get(task.worker, 0.0) + task.seconds_service
        return tuple(seconds[worker] for worker in sorted(seconds))

    @property
    def imbalance_seconds(self) -> float | None:
        """The same of the seconds: of the busiest worker over the mean; None without tasks, or if none took any time.

        It is what a batch loses by its division among the workers: with tasks of unequal length, equal numbers are not
        equal work.
        """
        return _imbalance(self.seconds_per_worker)

    @property
    def share_on_cpu(self) -> float | None:
        """CPU time over service time of all tasks; None where CPU times are unknown."""
        seconds_cpu = _sum(self.tasks, lambda task: task.seconds_cpu)
        seconds = sum(task.seconds_service for task in self.tasks)
        return None if seconds_cpu is None or seconds <= 0 else seconds_cpu / seconds

    @property
    def waiting(self) -> Waiting:
        """What the tasks waited for, added up; the formula is at the head of this module."""
        seconds = _sum(self.tasks, lambda task: task.seconds_waiting)
        io = _sum(self.tasks, lambda task: task.seconds_io)
        core = _sum(self.tasks, lambda task: task.seconds_core)
        contention = None if seconds is None or io is None else max(0.0, seconds - io)
        reasons = ((not self.tasks, NO_TASKS), (seconds is None, NO_CPU_TIME), (io is None, NO_SEQUENTIAL))
        return Waiting(
            seconds=seconds,
            seconds_io=io,
            seconds_contention=contention,
            seconds_core=core,
            seconds_lock=None if contention is None or core is None else max(0.0, contention - core),
            reason=next((why for holds, why in (*reasons, (core is None, NO_RUNQUEUE)) if holds), None),
        )


def timeline_of(record: CellRecord, records: Iterable[CellRecord]) -> Timeline:
    """The timeline of a cell; the sequential round is among `records`. Without tasks if there was no such round."""
    return timelines_of(record, records)[0]


def timelines_of(record: CellRecord, records: Iterable[CellRecord]) -> list[Timeline]:
    """That of its round of median length first, and those of its other traced rounds; without what traces cost."""
    instrumented = record.instrumented
    if instrumented is None or instrumented.seconds_started is None:
        return [Timeline(())]
    alone = next((other.instrumented for other in records if _runs_alone(other, record)), None)
    rounds = [(instrumented.traces, instrumented.seconds_started)]
    rounds += [(other.traces, other.seconds_started) for other in instrumented.other_rounds]
    return [
        make_timeline(
            without_cost(traces, instrumented.trace_cost),
            began,
            alone.traces if alone else None,
            host=instrumented.host,
        )
        for traces, began in rounds
    ]


def _runs_alone(other: CellRecord, record: CellRecord) -> bool:
    """Whether the other cell runs the same items one after another."""
    same = (other.cell.workload, other.cell.size) == (record.cell.workload, record.cell.size)
    return same and other.cell.model == "sequential" and other.valid


def make_timeline(
    traces: Sequence[Trace],
    seconds_batch_started: float,
    sequential: Sequence[Trace] | None = None,
    *,
    host: str | None = None,
) -> Timeline:
    """The timeline of one round: its traces in the order of the items, and when the batch began.

    `seconds_batch_started` is a reading of the monotonic clock on `host` (None: the host of the first task).
    `sequential` holds the traces of the same items under the sequential model; another number of them (some were lost)
    cannot be matched with the items and counts as none.
    """
    in_order = sorted(traces, key=lambda trace: trace.seconds_started)
    home = host if host is not None or not traces else traces[0].host
    hosts = _numbers([home, *(trace.host for trace in in_order)])
    workers = _numbers((trace.host, trace.worker) for trace in in_order)
    origins = {trace.host: trace.seconds_started for trace in reversed(in_order)}
    moved = {trace.host for trace in traces if trace.seconds_clock_error is not None}
    origins |= {host: seconds_batch_started for host in (home, *moved) if host is not None}
    matched = sequential if sequential is not None and len(sequential) == len(traces) else [None] * len(traces)
    return Timeline(
        tuple(
            TaskSpan(
                seconds_started=trace.seconds_started - origins[trace.host],
                seconds_ended=trace.seconds_ended - origins[trace.host],
                seconds_cpu=trace.seconds_cpu,
                # A run-queue delay is a thread's, as CPU time is: of a shared thread it is not one task's own.
                seconds_runqueue=None if trace.seconds_cpu is None else trace.seconds_runqueue,
                seconds_waited_alone=_waited_alone(alone),
                worker=workers[trace.host, trace.worker],
                host=hosts[trace.host],
                seconds_clock_error=trace.seconds_clock_error,
            )
            for trace, alone in zip(traces, matched, strict=True)
        )
    )


def _imbalance(shares: Sequence[float]) -> float | None:
    total = sum(shares)
    return max(shares) * len(shares) / total if total > 0 else None


def _waited_alone(trace: Trace | None) -> float | None:
    if trace is None or trace.seconds_cpu is None:
        return None
    return max(0.0, trace.seconds_ended - trace.seconds_started - trace.seconds_cpu - (trace.seconds_runqueue or 0.0))


def _sum(tasks: Sequence[TaskSpan], part: Callable[[TaskSpan], float | None]) -> float | None:
    """The sum over all tasks; None when it is unknown for one of them, or there are none."""
    parts = [part(task) for task in tasks]
    known = [seconds for seconds in parts if seconds is not None]
    return sum(known) if known and len(known) == len(parts) else None


def _numbers(names: Iterable[object]) -> dict[object, int]:
    """0, 1, 2, ... for distinct names in the order of their first appearance."""
    return {name: number for number, name in enumerate(dict.fromkeys(names))}
