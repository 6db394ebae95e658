"""The untimed rounds of a cell: memory in some, traces of tasks in others, so that neither disturbs the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from parabench.measure.cell import CellProcess
from parabench.records import Instrumented, Outcome, TracedRound

#: A reading of memory costs a core 1 to 2 ms, and takes locks of the processes that it reads. The pause after each is
#: so many times as long as the reading was: 5 % of the time at most go to reading.
PAUSES_PER_READING = 19
#: Batches that end before the reader's next turn are repeated until there are so many readings, so often at most.
READINGS_WANTED, MEMORY_ROUNDS_MOST = 3, 3
#: An odd number, so that one of them is the median.
TRACED_ROUNDS = 3
#: A batch that takes longer is traced once: chance has no part in it that would be worth the time.
SECONDS_LONG = 0.2


class MemoryWatch:
    """Reads how much memory something takes, with pauses that follow from what a reading costs."""

    def __init__(
        self, read: Callable[[], int | None], clock: Callable[[], float] = time.monotonic, readings: int = 0
    ) -> None:
        self._read = read
        self._clock = clock
        self.readings = readings
        self.bytes_peak: int | None = None
        self.due = clock()
        self.bytes_before = self._reading()

    def look(self) -> None:
        """Read, and put off the next reading."""
        self._reading()
        self.readings += 1

    def _reading(self) -> int | None:
        began = self._clock()
        bytes_now = self._read()
        ended = self._clock()
        self.due = ended + PAUSES_PER_READING * (ended - began)
        if bytes_now is not None:
            self.bytes_peak = max(bytes_now, self.bytes_peak or 0)
        return bytes_now


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """What the untimed rounds showed, and the outcomes of each, to be verified as those of any other."""

    instrumented: Instrumented
    outcomes: list[list[Outcome]]


def instrumented_rounds(process: CellProcess) -> Instrumentation:
    """Run the untimed rounds of an open cell. Raises CellFailed as timed rounds do."""
    watch = MemoryWatch(process.bytes_resident)
    outcomes: list[list[Outcome]] = []
    while watch.readings < READINGS_WANTED and len(outcomes) < MEMORY_ROUNDS_MOST:
        outcomes.append(process.watched_round(watch))
    watch.look()  # nothing runs that it could disturb
    rounds: list[TracedRound] = []
    host = None
    while len(rounds) < TRACED_ROUNDS and (not rounds or rounds[0].seconds < SECONDS_LONG):
        done, host, of_round = process.traced_round()
        rounds.append(done)
        outcomes.append(of_round)
    shown = median_round(rounds)
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
    )
    return Instrumentation(instrumented, outcomes)


def median_round(rounds: list[TracedRound]) -> TracedRound:
    """That of median length; of an even number, the shorter one of the two in the middle."""
    return sorted(rounds, key=lambda done: done.seconds)[(len(rounds) - 1) // 2]
