"""How late an event loop is: a timer that should come every few milliseconds, in traced rounds only.

While a callback or a coroutine computes or blocks, no timer comes, and the next one is late by as long as that took.
Loops of asyncio and of what follows its interface (uvloop) have such timers; for others lateness is unknown.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from parabench.workers.await_chains import look_at, why_unknown

#: Between two ticks: 0.2 % of a loop's time goes to them.
SECONDS_PER_TICK = 0.002
#: A tick that is later by less is on time: so coarse are the timers of a loop that only waits.
SECONDS_ON_TIME = 0.001
#: Who awaits whom is asked so seldom, because asking burns CPU.
TICKS_PER_LOOK = 8


class LoopTicks:
    """The lateness of one loop, from `begin` on until the next one begins."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._due = 0.0
        self._ticks = 0
        #: Seconds by which ticks were late, added up; None: nothing has ticked.
        self.seconds_stalled: float | None = None
        self.seconds_stalled_longest: float | None = None
        #: Who awaits whom, as often as it was met at a tick; None: nobody has asked for it.
        self.chains: Counter[str] | None = None

    def begin(self, loop: Any) -> None:
        """Tick in this loop; what was counted before is forgotten."""
        self.end()
        self.seconds_stalled = self.seconds_stalled_longest = 0.0
        self._wait(loop)

    def end(self) -> None:
        """Tick no more."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _wait(self, loop: Any) -> None:
        self._due = time.monotonic() + SECONDS_PER_TICK
        self._handle = loop.call_later(SECONDS_PER_TICK, self._tick, loop)

    def _tick(self, loop: Any) -> None:
        late = time.monotonic() - self._due
        if late > SECONDS_ON_TIME:
            self.seconds_stalled = (self.seconds_stalled or 0.0) + late
            self.seconds_stalled_longest = max(self.seconds_stalled_longest or 0.0, late)
        self._ticks += 1
        if self.chains is not None and self._ticks % TICKS_PER_LOOK == 1:
            look_at(loop, self.chains)
        self._wait(loop)


#: Of the loop that this process runs batches in; a cell's process has one at most.
TICKS = LoopTicks()


def begin_ticks() -> None:
    """Tick in the running loop of asyncio; of another library's loop nothing is counted."""
    import asyncio

    try:
        TICKS.begin(asyncio.get_running_loop())
    except RuntimeError:  # another library's loop runs this thread
        TICKS.end()
        TICKS.seconds_stalled = TICKS.seconds_stalled_longest = None


def take_ticks() -> tuple[float | None, float | None]:
    """Seconds in which the loop of the last traced round did not turn, all and the longest; None: nobody knows."""
    TICKS.end()
    taken = TICKS.seconds_stalled, TICKS.seconds_stalled_longest
    TICKS.seconds_stalled = TICKS.seconds_stalled_longest = None
    return taken


@contextlib.contextmanager
def looking_at_chains() -> Iterator[Counter[str]]:
    """Count at each tick who awaits whom, where this version of Python shows it."""
    chains: Counter[str] = Counter()
    TICKS.chains = chains if why_unknown() is None else None
    try:
        yield chains
    finally:
        TICKS.chains = None
