"""The visits of all passes: which pass the time allows, and which visits are still worth making."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

#: Without a number of passes, so many are known ahead of the one that runs: pytest asks for the visit after the present
#: one, and a pass may have a single visit.
PASSES_AHEAD = 2


class Schedule(Generic[T]):
    """Hands out the visits of a session one after the other; passes that would not fit into the budget are dropped."""

    def __init__(
        self,
        orders: Iterable[Sequence[T]],
        budget_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
        seconds_before: float = 0.0,
        wanted: Callable[[T], bool] = lambda _: True,
        after_pass: Callable[[int], None] = lambda _: None,
        *,
        endless: bool = False,
        announce: Callable[[list[T]], None] = lambda _: None,
    ) -> None:
        """Of `endless` orders each is taken only when its pass comes near; `announce` is told what a pass will visit.

        `after_pass` is called between passes with the number of those made; `wanted` may go by what it learnt.
        """
        self._orders: Iterator[tuple[int, Sequence[T]]] = enumerate(orders)
        self._announce = announce
        #: (pass number, position, what is visited), in the order of the visits, as far as they are known.
        self.visits: list[tuple[int, int, T]] = []
        self._take(PASSES_AHEAD if endless else None)
        #: Visits that have been handed out or dropped, and those that have been handed out.
        self.done = self.made = 0
        #: Places in `visits` of those that need nothing more: their test has come to its end, or they were dropped.
        self._settled: set[int] = set()
        #: Passes that will be made, as far as is known now; None: nobody knows.
        self.passes: int | None = None if endless else (self.visits[-1][0] + 1 if self.visits else 0)
        self._budget_seconds = budget_seconds
        self._clock = clock
        self._began = clock() - seconds_before
        self._wanted = wanted
        self._after_pass = after_pass

    def next(self, seconds_once: float) -> tuple[int, int] | None:
        """Pass number and position of the visit that begins now; None when it is dropped, or its whole pass.

        `seconds_once` is the part of the time so far that a further pass is not going to need again. A pass begins only
        if something in it is wanted, and if, going by the visits so far, it ends within the budget.
        """
        number, place, item = self.visits[self.done]
        if place == 0 and number and self._within(number):
            self._after_pass(number)
            if not self._worth_it(number, seconds_once):
                self.passes = number
        if place == 0 and self.passes is None:
            self._take(1)
        self.done += 1
        if not self._within(number) or not self._wanted(item):
            self.settle()
            return None
        self.made += 1
        return number, place

    def settle(self) -> None:
        """The visit handed out or dropped last needs nothing more: it was made, has failed, or is not wanted."""
        self._settled.add(self.done - 1)

    @property
    def complete(self) -> bool:
        """Whether of every visit planned it is known that it needs nothing more."""
        return len(self._settled) == len(self.visits)

    @property
    def left(self) -> int:
        """Visits still to come, as far as is known now."""
        return sum(self._within(number) and self._wanted(item) for number, _, item in self.visits[self.done :])

    @property
    def left_in_pass(self) -> int:
        """Visits still to come in the pass of the visit handed out last."""
        now = self.visits[max(0, self.done - 1)][0]
        return sum(number == now and self._wanted(item) for number, _, item in self.visits[self.done :])

    def _within(self, number: int) -> bool:
        return self.passes is None or number < self.passes

    def _take(self, passes: int | None) -> None:
        """Make so many further passes known; None: all there are."""
        for number, order in itertools.islice(self._orders, passes):
            self.visits += [(number, place, item) for place, item in enumerate(order)]
            self._announce(list(order))

    def _worth_it(self, number: int, seconds_once: float) -> bool:
        """Whether a pass is to begin now."""
        coming = sum(self._wanted(item) for other, _, item in self.visits[self.done :] if other == number)
        if coming == 0 or self._budget_seconds is None:
            return coming > 0
        spent = self._clock() - self._began
        return spent + (spent - seconds_once) / max(1, self.made) * coming <= self._budget_seconds
