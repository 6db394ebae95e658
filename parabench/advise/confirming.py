"""Fresh passes after a race is settled, of what was chosen and of one call after the other.

Who comes out in front of several was lucky more often than not, so the passes that chose it flatter it (Smith and
Winkler, The Optimizer's Curse, Management Science 52(3), 2006). Passes that had no part in the choice do not.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from parabench.analyse.race import Race
from parabench.models import BASELINE
from parabench.records import CellRecord

#: Fresh passes that are wanted; the budget or the calls may end sooner.
PASSES_FRESH = 2


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the fresh passes say."""

    label: str
    #: Seconds of one call after the other / seconds of what was chosen, geometric mean.
    speedup: float
    passes: int


class Confirming:
    """Wants fresh passes of a race from the moment it is settled; one that is open again begins anew."""

    def __init__(self, race: Race, records: Mapping[str, CellRecord], simplest: Callable[[Iterable[str]], str]) -> None:
        """`records` by label; `simplest` is what is chosen among the labels of those that are as good."""
        self._race, self._records, self._simplest = race, records, simplest
        #: Number of the first pass that had no part in the choice.
        self._first: int | None = None
        self._chosen: str | None = None
        self._passes = 0

    def look(self, passes: int) -> None:
        """After the race has looked at so many passes."""
        self._passes = passes
        chosen = self._simplest(self._race.good) if self._race.settled else BASELINE
        if chosen == BASELINE:
            self._first = self._chosen = None
        elif self._chosen != chosen:
            self._first, self._chosen = passes, chosen

    def wants(self, label: str) -> bool:
        """Whether a contestant is to be visited for it."""
        if self._first is None or self._passes >= self._first + PASSES_FRESH:
            return False
        return label in (self._chosen, BASELINE)

    def confirmed(self) -> Confirmed | None:
        """What the fresh passes of both say; None where there are none."""
        if self._first is None or self._chosen is None or BASELINE not in self._records:
            return None
        own, alone = (self._records[label].seconds_by_pass for label in (self._chosen, BASELINE))
        logs = [math.log(alone[number] / own[number]) for number in own.keys() & alone.keys() if number >= self._first]
        return Confirmed(self._chosen, math.exp(statistics.fmean(logs)), len(logs)) if logs else None
