"""The one workload of a run: the function, its items, and what has been found out about both."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from parabench.advise.calling import call, call_async, call_each, callee, callee_async, digest
from parabench.advise.looking import look_after, look_before
from parabench.advise.target import Target
from parabench.errors import CallsSpent
from parabench.workload import Json, ServiceOptions, Settings, Workload, cpu_limit, unknown_limit

#: Results that are floats may differ by rounding: libraries add up in another order where they use other threads.
TOLERANCE = 1e-9


class Dealer:
    """Hands out items, each of them once."""

    def __init__(self, items: Sequence[Json]) -> None:
        self._left = list(items)
        #: Items of a batch, and whether one is dealt whenever the items are asked for.
        self.batch_size = 1
        self.dealing = False

    @property
    def left(self) -> int:
        """Items that nobody has had."""
        return len(self._left)

    def deal(self, count: int | None = None) -> list[Json]:
        """So many items, a batch by default. Raises CallsSpent when there are not so many."""
        count = self.batch_size if count is None else count
        if count > self.left:
            raise CallsSpent(count, self.left)
        dealt, self._left = self._left[:count], self._left[count:]
        return dealt


@dataclass(slots=True, kw_only=True)
class Work:
    """What is run; the probe fills in the rest."""

    target: Target
    #: The coroutine function that does the same.
    twin: Target | None = None
    items: Sequence[Json]
    #: Called without arguments once a worker.
    setup: Target | None = None
    #: Each call gets a copy of its item, because the function changes it.
    copies: bool = False
    #: Kind of work, as the probe has found it.
    kind: str = "custom"
    deterministic: bool = True
    #: Of a batch: a sample of the items.
    batch: Sequence[Json] = field(default_factory=list)
    #: Set where no item is to be run twice: hands out those that nobody has had.
    dealer: Dealer | None = None

    @property
    def name(self) -> str:
        """The workload's name."""
        return self.target.name.strip("_").replace("_", "-") or "function"

    @property
    def coroutine(self) -> Target | None:
        """What event loops await."""
        return self.target if self.target.is_coroutine else self.twin

    def settings(self) -> dict[str, Json]:
        """What every worker is told."""
        coroutine = self.coroutine
        return {
            "function": self.target.reference,
            "function_async": coroutine.reference if coroutine else None,
            "module": self.target.module,
            "setup": self.setup.reference if self.setup else None,
            "copies": self.copies,
        }

    def batch_now(self) -> Sequence[Json]:
        """The items of the batch that begins now. Raises CallsSpent when there are none left that nobody has had."""
        if self.dealer is not None and self.dealer.dealing:
            return self.dealer.deal()
        return self.batch or self.items

    @property
    def name_of_many(self) -> str:
        """The name of `workload_of_many`."""
        return f"{self.name}-each"

    def workload_of_many(self) -> Workload:
        """The same with several calls a task: each of its items is a list of items."""
        return replace(self.workload(), name=self.name_of_many, task=call_each, task_async=None, context_async=None)

    def workload(self, *, probing: bool = False) -> Workload:
        """As the harness runs it; when `probing`, what a batch leaves behind is looked for after each."""
        settings = self.settings()

        @contextlib.contextmanager
        def service(_: ServiceOptions) -> Iterator[Settings]:
            yield settings

        only_coroutine = self.target.is_coroutine
        return Workload(
            name=self.name,
            task=call_async if only_coroutine else call,
            task_async=call_async if self.coroutine else None,
            context=None if only_coroutine else callee,
            context_async=callee_async if self.coroutine else None,
            context_scope="thread" if self.setup else "process",
            items=lambda size: self.batch_now(),
            kind=self.kind,
            service=service,
            before_round=look_before if probing else None,
            after_round=look_after if probing else None,
            digest=digest,
            deterministic=self.deterministic,
            tolerance=TOLERANCE,
            imports=(self.target.module,),
            limit=cpu_limit if self.kind in ("cpu", "native") else unknown_limit,
        )
