"""What the probe has found out about one call."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

#: Seconds a call of two coroutines at once, as a share of those of one, from which they block their loop.
LOOP_BLOCKED = 0.8
#: A call computes when this share of its time is processor time; uses several cores when it is more than the next.
COMPUTES, SEVERAL_CORES = 0.5, 1.25


@dataclass(slots=True, kw_only=True)
class Probe:
    """What is known of one call; seconds are means over the items looked at."""

    seconds: float = 0.0
    seconds_cpu: float = 0.0
    seconds_longest: float = 0.0
    #: Of the first call of a process.
    seconds_first: float = 0.0
    #: With items that the process has had before; 0 where that was not looked at.
    seconds_again: float = 0.0
    #: Seconds a call neither computed nor stood in line for a core: it waited.
    seconds_waiting: float = 0.0
    #: How often a call was found where, by `measure.wait_sites`; empty where nobody could look.
    wait_sites: Counter[str] = field(default_factory=Counter)
    #: Share of looks at which a call held the GIL: 1 never lets go of it; None where that is unknown.
    gil_held: float | None = None
    #: Of the whole process tree / of the call: above 1 the function keeps several cores busy by itself.
    cores_used: float = 0.0
    #: Whether threads and processes of its own, if it has any, compute next to nothing of what it takes.
    own_workers_idle: bool = False
    #: Seconds a call, by calls at once: in threads, and awaited in one event loop.
    threads: dict[int, float] = field(default_factory=dict)
    coroutines: dict[int, float] = field(default_factory=dict)
    #: Later calls with the same item are free; results depend on what was called before.
    remembers: bool = False
    stateful: bool = False
    deterministic: bool = True
    #: Of so many calls that were looked at.
    raised: int = 0
    looked_at: int = 0
    #: Of `looking.look_after`.
    traces: dict[str, Any] = field(default_factory=dict)
    bytes_printed: int = 0
    in_flight_most: int = 1
    #: Why there is no advice, by kind of warning.
    fatal: tuple[str, str] | None = None
    #: Whether the probe had to stop before it had looked at everything.
    cut_short: bool = False
    seconds_spent: float = 0.0

    @property
    def computes(self) -> bool:
        """Whether most of a call's time is processor time."""
        return self.seconds_cpu >= COMPUTES * self.seconds

    @property
    def gil_known(self) -> bool:
        """Whether anything is known of the GIL."""
        return self.gil_held is not None or {1, 2} <= self.threads.keys()

    @property
    def gil_released(self) -> float:
        """Share of what two threads could gain that they do gain: 1 lets go of the GIL (or waits), 0 does not."""
        if self.gil_held is not None:
            return min(1.0, max(0.0, 1 - self.gil_held))
        if 1 not in self.threads or 2 not in self.threads or not self.threads[1]:
            return 0.0
        return min(1.0, max(0.0, 2 * (1 - self.threads[2] / self.threads[1])))

    @property
    def loop_blocked(self) -> bool:
        """Whether two coroutines at once take as long as one after the other, although they hardly compute."""
        of_one, of_two = self.coroutines.get(1), self.coroutines.get(2)
        return of_one is not None and of_two is not None and of_two > LOOP_BLOCKED * of_one and not self.computes

    @property
    def bytes_per_value(self) -> float:
        """What a result weighs, pickled; 0 where that is not known."""
        return self.traces.get("values", {}).get("bytes") or 0.0

    @property
    def value_pickles(self) -> str | None:
        """Why values do not cross the border of a process; None when they do."""
        why: str | None = self.traces.get("values", {}).get("why_not")
        return why
