"""The visits of all passes, and whether the time allows for a further pass."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Schedule(Generic[T]):
    """Hands out the visits of a session one after the other; passes that would not fit into the budget are dropped."""

    def __init__(
        self,
        orders: Sequence[Sequence[T]],
        budget_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
        seconds_before: float = 0.0,
    ) -> None:
        #: (pass number, position, what is visited), in the order of the visits.
        self.visits = [(number, place, item) for number, order in enumerate(orders) for place, item in enumerate(order)]
        #: Visits that have been handed out.
        self.done = 0
        #: Passes that will be made, as far as is known now.
        self.passes = len(orders)
        self._budget_seconds = budget_seconds
        self._clock = clock
        self._began = clock() - seconds_before

    def next(self, seconds_once: float) -> tuple[int, int] | None:
        """Pass number and position of the visit that begins now; None when its pass is dropped.

        `seconds_once` is the part of the time so far that a further pass is not going to need again. A pass begins only
        if, going by the mean of the earlier ones, it ends within the budget.
        """
        number, place, _ = self.visits[self.done]
        self.done += 1
        if place == 0 and number and number < self.passes and self._budget_seconds is not None:
            spent = self._clock() - self._began
            if spent + (spent - seconds_once) / number > self._budget_seconds:
                self.passes = number
        return (number, place) if number < self.passes else None

    @property
    def left(self) -> int:
        """Visits still to come, as far as is known now."""
        return sum(number < self.passes for number, _, _ in self.visits[self.done :])
