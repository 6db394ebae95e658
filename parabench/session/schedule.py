"""The visits of all passes: which of them the time allows, and which are still worth making."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)

#: Without a number of passes, so many are known ahead of the one that runs: pytest asks for the visit after the present
#: one, and a pass may have a single visit.
PASSES_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks(Generic[T]):
    """What a schedule asks of those who know what is visited."""

    #: Whether a visit to it would still add anything.
    wanted: Callable[[T], bool] = lambda _: True
    #: Called between passes with the number of those made; `wanted` may go by what it learns.
    after_pass: Callable[[int], None] = lambda _: None
    #: Told of each visit that has ended, before the next one is handed out.
    after_visit: Callable[[T], None] = lambda _: None
    #: Told what a pass will visit, as soon as that is known.
    announce: Callable[[list[T]], None] = lambda _: None
    #: Whether a visit to it may be left out of the required passes when the time is short.
    optional: Callable[[T], bool] = lambda _: False
    #: What belongs together: blocks are made or left out as a whole.
    block_of: Callable[[T], object] = lambda _: None
    #: What a visit of a pass took that has been recorded before, and is repeated now; None: it has not.
    recorded: Callable[[int, T], float | None] = lambda _, __: None
    #: Passes of which anything has been recorded.
    passes_recorded: int = 0


class Schedule(Generic[T]):
    """Hands out the visits of a session one after the other; what would not fit into the budget is dropped.

    A pass is made of blocks, one for each workload, and a block is begun only if it is going to end within the budget.
    What has been recorded before is always made again: it takes no time, and nothing of it may be lost.
    """

    def __init__(
        self,
        orders: Iterable[Sequence[T]],
        budget_seconds: float | None,
        clock: Callable[[], float] = time.monotonic,
        seconds_before: float = 0.0,
        hooks: Hooks[T] | None = None,
        *,
        endless: bool = False,
        passes_required: int = 1,
        passes_reserved: int | None = None,
    ) -> None:
        """Of `endless` orders each is taken only when its pass comes near.

        The first passes, `passes_required`, are made whatever they take, but for what is optional in them. In those
        that are reserved, which may be more, what is not optional comes first: the rest is visited if both fit.
        """
        self._orders: Iterator[tuple[int, Sequence[T]]] = enumerate(orders)
        self._hooks = hooks or Hooks()
        #: (pass number, position, what is visited), in the order of the visits, as far as they are known.
        self.visits: list[tuple[int, int, T]] = []
        self._take(PASSES_AHEAD if endless else None)
        #: Visits that have been handed out or dropped, and those that have been handed out.
        self.done = self.made = 0
        #: Places in `visits` of those that need nothing more: their test has come to its end, or they were dropped.
        self._settled: set[int] = set()
        #: Passes that will be made, as far as is known now; None: nobody knows.
        self.passes: int | None = None if endless else (self.visits[-1][0] + 1 if self.visits else 0)
        self.budget_seconds = budget_seconds
        self._passes_required = passes_required
        self._passes_reserved = max(passes_required, passes_reserved or 0)
        self._clock = clock
        self._began = clock() - seconds_before
        #: Block that is being visited or dropped, and whether it is dropped.
        self._block: tuple[int, object] | None = None
        self._dropped = False
        #: Seconds that the last visit to each item took, without what further visits do not need again.
        self._took: dict[T, float] = {}
        #: What is visited, since when, and what it took when it was recorded.
        self._visiting: tuple[T, float, float | None] | None = None

    def next(self, seconds_once: float) -> tuple[int, int] | None:
        """Pass number and position of the visit that begins now; None when it is dropped, or its whole block or pass.

        `seconds_once` is the part of the time so far that a further pass is not going to need again.
        """
        self._note_end(seconds_once)
        number, place, item = self.visits[self.done]
        if place == 0 and number and self._within(number):
            self._hooks.after_pass(number)
            blocks = self._blocks_to_come(number)
            if number >= self._hooks.passes_recorded and not any(self._worth_it(block) for block in blocks):
                self.passes = number
        if place == 0 and self.passes is None:
            self._take(1)
        if (number, self._hooks.block_of(item)) != self._block:
            self._block = number, self._hooks.block_of(item)
            self._dropped = not self._worth_it(self._block)
        self.done += 1
        recorded = self._hooks.recorded(number, item)
        skipped = self._dropped or not self._hooks.wanted(item) or not self._has_time_for(number, item)
        if recorded is None and (skipped or not self._within(number)):
            self.settle()
            return None
        self.made += 1
        self._visiting = item, self._clock() - seconds_once, recorded
        return number, place

    def settle(self) -> None:
        """The visit handed out or dropped last needs nothing more: it was made, has failed, or is not wanted."""
        self._settled.add(self.done - 1)

    def end(self) -> None:
        """No further visit is going to be made, and none has to be: those that are planned need nothing more.

        For whoever ends by rules of its own. A session that is interrupted never comes to say this, so it stays
        incomplete.
        """
        self._settled.update(range(len(self.visits)))
        self.done = len(self.visits)

    @property
    def complete(self) -> bool:
        """Whether of every visit planned it is known that it needs nothing more."""
        return len(self._settled) == len(self.visits)

    @property
    def seconds(self) -> float:
        """Seconds since the session began."""
        return self._clock() - self._began

    def share_done(self) -> tuple[float, float]:
        """Share of the session that is done, by what it may take at most, and the seconds left of that."""
        if self.passes is None and self.budget_seconds is not None:
            return self.seconds / self.budget_seconds, self.budget_seconds - self.seconds
        left, made = self.left, max(1, self.made)
        return made / (made + left), self.seconds / made * left

    @property
    def left(self) -> int:
        """Visits still to come, as far as is known now."""
        return sum(self._within(number) and self._hooks.wanted(item) for number, _, item in self.visits[self.done :])

    def _note_end(self, seconds_once: float) -> None:
        """Remember what the visit before took."""
        if self._visiting is not None:
            item, began, recorded = self._visiting
            self._took[item] = self._clock() - seconds_once - began if recorded is None else recorded
            self._visiting = None
            self._hooks.after_visit(item)

    def _within(self, number: int) -> bool:
        return self.passes is None or number < self.passes

    def _take(self, passes: int | None) -> None:
        """Make so many further passes known; None: all there are."""
        for number, order in itertools.islice(self._orders, passes):
            self.visits += [(number, place, item) for place, item in enumerate(order)]
            self._hooks.announce(list(order))

    def _blocks_to_come(self, number: int) -> list[tuple[int, object]]:
        visits = itertools.takewhile(lambda visit: visit[0] == number, self.visits[self.done :])
        return list(dict.fromkeys((number, self._hooks.block_of(item)) for _, _, item in visits))

    def _has_time_for(self, number: int, item: T) -> bool:
        """Whether what comes first is going to fit into the budget beside this; True of what comes first itself."""
        if self.budget_seconds is None or number >= self._passes_reserved or not self._hooks.optional(item):
            return True
        to_come = itertools.takewhile(lambda visit: visit[0] < self._passes_reserved, self.visits[self.done :])
        required = [other for n, _, other in to_come if not self._hooks.optional(other) and self._is_new(n, other)]
        return self.seconds + self._expected([item, *required]) <= self.budget_seconds

    def _is_new(self, number: int, item: T) -> bool:
        """Whether a visit would have to be measured, and adds something."""
        return self._hooks.recorded(number, item) is None and self._hooks.wanted(item)

    def _expected(self, items: Sequence[T]) -> float:
        """Seconds that visits to these are going to take, by their last ones; those of others where there are none."""
        known = [self._took[item] for item in items if item in self._took]
        others = known or list(self._took.values()) or [0.0]
        return sum(known) + (len(items) - len(known)) * sum(others) / len(others)

    def _worth_it(self, block: tuple[int, object]) -> bool:
        """Whether a block is to begin now: somebody wants a visit of it, and it is going to fit.

        One of which anything is recorded is worth it whatever the time.
        """
        number, name = block
        visits = itertools.takewhile(lambda visit: visit[0] == number, self.visits[self.done :])
        block_to_come = [item for _, _, item in visits if self._hooks.block_of(item) == name]
        if any(self._hooks.recorded(number, item) is not None for item in block_to_come):
            return True
        coming = [item for item in block_to_come if self._hooks.wanted(item)]
        if not coming or self.budget_seconds is None or number < self._passes_required:
            return bool(coming)
        if number < self._passes_reserved:
            coming = [item for item in coming if not self._hooks.optional(item)]
        return self.seconds + self._expected(coming) <= self.budget_seconds
