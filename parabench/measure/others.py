"""How much of the cores other programs take while something of ours runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from parabench.machine.readings import CpuTicks, cpu_ticks
from parabench.measure.resources import usage_of_self, usage_of_the_rest

#: A visit during which others took more of the usable cores is repeated once, and marked. Twice what the check before
#: measuring warns of; of two cores it is 40 % of one: a model with a worker for each core then takes a fourth longer.
SHARE_MOST = 0.2
#: Fewer ticks of the kernel (often 10 ms each) say nothing: a short visit has few of them.
TICKS_LEAST = 5
NOT_COUNTED = "this system does not count the time of its cores"


@dataclass(frozen=True, slots=True)
class Share:
    """CPU time of other programs over the time of the usable cores; None with the reason."""

    share: float | None
    reason: str | None = None
    #: Whether it is so much that times measured meanwhile are not those of a quiet machine.
    too_much: bool = False


class Others:
    """Counts from the moment it is made."""

    def __init__(
        self,
        ticks: Callable[[], CpuTicks | None] = lambda: cpu_ticks(_usable()),
        seconds_ours: Callable[[], float] = lambda: (usage_of_self() + usage_of_the_rest()).seconds_cpu,
        ticks_per_second: int | None = None,
    ) -> None:
        self._ticks = ticks
        self._seconds_ours = seconds_ours
        self._rate = ticks_per_second or (os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100)
        self._before = ticks(), seconds_ours()

    def share(self) -> Share:
        """What others have taken so far: what the cores did, time stolen from a virtual machine included, less ours."""
        ticks_before, ours_before = self._before
        ticks, ours = self._ticks(), self._seconds_ours()
        if ticks is None or ticks_before is None:
            return Share(None, NOT_COUNTED)
        total = ticks.total - ticks_before.total
        if total <= 0:
            return Share(None, "it ended before the kernel's counters moved")
        taken = max(0.0, ticks.busy - ticks_before.busy - (ours - ours_before) * self._rate)
        share = min(1.0, taken / total)
        return Share(share, None, too_much=share > SHARE_MOST and taken >= TICKS_LEAST)


def _usable() -> frozenset[int] | None:
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
