"""The untimed rounds of a cell: memory in some, traces in others, looks at its threads in the last.

None of them disturbs another one, and none is timed. One in which something else had a part is repeated once.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from parabench.measure.cell import CellProcess
from parabench.measure.perf_counters import PerfCounters
from parabench.measure.wait_sites import WaitWatch, sites_in_tasks
from parabench.records import Disturbance, Instrumented, Outcome, SampledRound, TracedRound

T = TypeVar("T")

#: A reading of memory costs a core 1 to 2 ms, and takes locks of the processes that it reads. The pause after each is
#: so many times as long as the processor time of the reading: 5 % of a core's time at most go to reading.
PAUSES_PER_READING = 19
#: Batches that end before the reader's next turn are repeated until there are so many readings, so often at most.
READINGS_WANTED, MEMORY_ROUNDS_MOST = 3, 3
#: An odd number, so that one of them is the median.
TRACED_ROUNDS = 3
#: A batch that takes longer is traced once: chance has no part in it that would be worth the time.
SECONDS_LONG = 0.2
#: Threads are looked at in so many rounds at most, until so many of the looks met a task.
WATCHED_ROUNDS_MOST, LOOKS_WANTED = 2, 24
#: A longer batch is watched in part: about so many seconds of it.
SECONDS_WATCHED = 0.1
#: So many tasks for each worker are watched at least where a whole batch would take long.
WATCHED_TASKS_PER_WORKER = 4
ELSEWHERE = "its tasks run in other processes, where nobody looks"


class MemoryWatch:
    """Reads how much memory something takes, with pauses that follow from what a reading costs."""

    def __init__(
        self,
        read: Callable[[], int | None],
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._read = read
        self._clock = clock
        self._cpu_clock = cpu_clock
        self.begin()

    def begin(self) -> None:
        """Forget what has been read: it is not about what counts. Nothing runs yet."""
        self.readings = 0
        self.bytes_peak: int | None = None
        self.due = self._clock()
        self.bytes_before = self._reading()

    def look(self) -> None:
        """Read, and put off the next reading."""
        self._reading()
        self.readings += 1

    def _reading(self) -> int | None:
        # Not by the clock on the wall: a reader that others keep from its core would read too seldom to see a peak.
        began = self._cpu_clock()
        bytes_now = self._read()
        self.due = self._clock() + PAUSES_PER_READING * (self._cpu_clock() - began)
        if bytes_now is not None:
            self.bytes_peak = max(bytes_now, self.bytes_peak or 0)
        return bytes_now


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """What the untimed rounds showed, and the outcomes of each, to be verified as those of any other."""

    instrumented: Instrumented
    #: A round that was no whole one has those of its first tasks.
    outcomes: list[list[Outcome]]
    disturbed: list[Disturbance]


class _Repeater:
    """Repeats rounds of a cell in which something else had a part, once each, and remembers what it was."""

    def __init__(self, process: CellProcess) -> None:
        self._process = process
        self.disturbed: list[Disturbance] = []

    def clean(self, run: Callable[[], T]) -> T:
        """What a round showed, or its repetition, whatever had a part in that."""
        done = run()
        if self._process.untimed.disturbed:
            self._note((self._process.untimed.seconds,))
            done = run()
            self._note(())
        return done

    def _note(self, seconds_set_aside: tuple[float, ...]) -> None:
        self.disturbed += [
            Disturbance(cause=cause, count=count, during="untimed round", seconds_set_aside=seconds_set_aside)
            for cause, count in self._process.untimed.disturbed.items()
        ]


def instrumented_rounds(process: CellProcess, workers: int, *, whole: bool) -> Instrumentation:
    """Run the untimed rounds of an open cell with so many workers; `whole`: no round may have fewer tasks than a batch.

    Raises CellFailed as timed rounds do.
    """
    repeater = _Repeater(process)
    watch, outcomes = _memory(process, repeater)
    rounds, host, outcomes_traced = _traced(process, repeater)
    outcomes += outcomes_traced
    shown = median_round(rounds)
    tasks = None if whole else _tasks_watched(len(outcomes[-1]), workers, shown.seconds)
    watched = _watched(process, repeater, tasks)
    outcomes += watched.outcomes
    instrumented = Instrumented(
        bytes_peak=watch.bytes_peak,
        bytes_before=watch.bytes_before,
        samples=watch.readings,
        reason=None if watch.bytes_peak is not None else "this system shows neither PSS nor USS of other processes",
        traces=shown.traces,
        seconds_started=shown.seconds_started,
        host=host,
        seconds=shown.seconds,
        other_rounds=tuple(other for other in rounds if other is not shown),
        trace_cost=process.trace_cost(),
        wait_sites=watched.sites,
        wait_sites_reason=watched.reason,
        perf_counters=_for_whole_batch(watched.counters.counts, tasks, len(outcomes[0])) or None,
        perf_counters_reason=watched.counters.reason,
        serialisation=process.serialisation(),
        seconds_stalled=shown.seconds_stalled,
        seconds_stalled_longest=shown.seconds_stalled_longest,
        sampled=_sampled(process, shown, tasks, outcomes),
    )
    return Instrumentation(instrumented, outcomes, repeater.disturbed)


def _memory(process: CellProcess, repeater: _Repeater) -> tuple[MemoryWatch, list[list[Outcome]]]:
    """How much memory an open cell takes, and the outcomes of the rounds that showed it."""
    watch = MemoryWatch(process.bytes_resident)
    outcomes: list[list[Outcome]] = []

    def run() -> None:
        if process.untimed.disturbed:
            watch.begin()
        outcomes.append(process.watched_round(watch))

    for _ in range(MEMORY_ROUNDS_MOST):
        if watch.readings < READINGS_WANTED:
            repeater.clean(run)
    watch.look()  # nothing runs that it could disturb
    return watch, outcomes


def _traced(process: CellProcess, repeater: _Repeater) -> tuple[list[TracedRound], str | None, list[list[Outcome]]]:
    """Rounds with every task traced, the host that they began on, and the outcomes of all that were run for them."""
    rounds: list[TracedRound] = []
    outcomes: list[list[Outcome]] = []
    host = None

    def trace() -> tuple[TracedRound, str]:
        done, host, of_round = process.traced_round()
        outcomes.append(of_round)
        return done, host

    while len(rounds) < TRACED_ROUNDS and (not rounds or rounds[0].seconds < SECONDS_LONG):
        done, host = repeater.clean(trace)
        rounds.append(done)
    return rounds, host, outcomes


def _sampled(
    process: CellProcess, shown: TracedRound, tasks: int | None, outcomes: list[list[Outcome]]
) -> SampledRound:
    """What a cell sees of its own threads; the round, if there is one, adds to the outcomes."""
    if not process.ran_in_it(shown):  # nor is a process forked while a sampler runs beside it
        return SampledRound(cpu_packages_reason=ELSEWHERE, await_chain_reason=ELSEWHERE)
    sampled, of_round = process.sampled_round(tasks)
    outcomes.append(of_round)
    return sampled


class _Watched(NamedTuple):
    sites: dict[str, int] | None
    reason: str | None
    outcomes: list[list[Outcome]]
    #: Of the last of these rounds.
    counters: PerfCounters


def _for_whole_batch(counts: dict[str, int], tasks: int | None, of: int) -> dict[str, int]:
    """Counts of a batch from those of so many of its tasks."""
    return {event: round(count * of / (tasks or of)) for event, count in counts.items()}


def _watched(process: CellProcess, repeater: _Repeater, tasks: int | None) -> _Watched:
    """Where the threads of an open cell were found while they had a task."""
    sites: Counter[str] = Counter()
    outcomes: list[list[Outcome]] = []

    def look() -> tuple[TracedRound, WaitWatch, PerfCounters]:
        with WaitWatch(process.pids) as watch, PerfCounters(process.pids()) as counters:
            done, _, of_round = process.traced_round(watch, tasks)
        outcomes.append(of_round)
        return done, watch, counters

    rounds = 0
    while sites.total() < LOOKS_WANTED and rounds < WATCHED_ROUNDS_MOST:
        done, watch, counters = repeater.clean(look)
        rounds += 1
        if watch.reason is not None:
            return _Watched(None, watch.reason, outcomes, counters)
        sites += sites_in_tasks(watch.looks, done.traces)
    if not sites:
        nowhere = "no look met a thread with a task: tasks are too short, or run elsewhere"
        return _Watched(None, nowhere, outcomes, counters)
    return _Watched(dict(sites), None, outcomes, counters)


def _tasks_watched(tasks: int, workers: int, seconds: float) -> int | None:
    """How many tasks of a batch that takes so long are watched; None: all."""
    if seconds <= SECONDS_WATCHED:
        return None
    enough = max(WATCHED_TASKS_PER_WORKER * workers, math.ceil(tasks * SECONDS_WATCHED / seconds))
    return enough if enough < tasks else None


def median_round(rounds: list[TracedRound]) -> TracedRound:
    """That of median length; of an even number, the shorter one of the two in the middle."""
    return sorted(rounds, key=lambda done: done.seconds)[(len(rounds) - 1) // 2]
