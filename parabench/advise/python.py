"""`parabench.advise(function, items)`: the same answer from Python, also inside a running event loop or a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from parabench.advise.advice import Advice
from parabench.advise.advisor import advise_on
from parabench.advise.items import checked_items, read_items
from parabench.advise.request import BUDGET_SECONDS, Request
from parabench.advise.snippet import YOUR_ITEMS, items_expression, literal_of
from parabench.advise.target import Target, target_from
from parabench.errors import TargetUnusable

#: Items whose text is longer are named in the code to paste, and not shown.
TEXT_MOST = 200


class Given(TypedDict, total=False):
    """What may be said besides, as on the command line."""

    #: The function may run again on an item that it has had; without it no item is run twice.
    idempotent: bool
    once_per_item: bool
    async_twin: Callable[..., Any] | None
    #: Called once a worker, without arguments; what it gives is the second argument.
    setup: Callable[[], Any] | None
    #: Seconds.
    budget: float
    call_timeout: float | None
    most_in_flight: int | None
    #: Folder of stored sessions to keep the run in.
    save: str | Path | None
    #: File for a workload to go on with.
    workload: str | Path | None
    on_busy: str
    seed: int | None
    #: Told how far the run is, in lines.
    say: Callable[[str], None]


def advise(function: Callable[..., Any], items: Iterable[Any] | str, **given: Unpack[Given]) -> Advice:
    """Which concurrency model should run a function on these items; see `Advice` for what is known then.

    `items` are JSON values, or a text as of `--items`. Raises ParabenchError, for what workers could not import for
    example.
    """
    listed = read_items(items, Path.cwd()) if isinstance(items, str) else checked_items(items, "items")
    save, workload, setup = given.get("save"), given.get("workload"), given.get("setup")
    once = given.get("once_per_item", False)
    return advise_on(
        Request(
            target=target_from(function),
            items=listed,
            items_text=_shown(items, listed),
            twin=_twin(given.get("async_twin")),
            setup=None if setup is None else target_from(setup),
            budget_seconds=given.get("budget", BUDGET_SECONDS),
            call_timeout_seconds=given.get("call_timeout"),
            most_in_flight=given.get("most_in_flight"),
            each_once=bool(once or not given.get("idempotent")),
            each_once_asked=bool(once),
            save=None if save is None else Path(save),
            workload_file=None if workload is None else Path(workload),
            on_busy=given.get("on_busy", "wait"),
            seed=given.get("seed"),
            say=given.get("say", lambda line: None),
        )
    )


def _shown(items: Iterable[Any] | str, listed: Sequence[Any]) -> str:
    """An expression for the items, whatever gave them."""
    if isinstance(items, str):
        text = items_expression(items)
    else:
        text = repr(items) if isinstance(items, range) else literal_of(listed)
    return text if len(text) <= TEXT_MOST else YOUR_ITEMS


def _twin(function: Callable[..., Any] | None) -> Target | None:
    if function is None:
        return None
    twin = target_from(function)
    if not twin.is_coroutine:
        raise TargetUnusable(twin.reference, "it is no coroutine function, as a twin has to be", "use async def")
    return twin
