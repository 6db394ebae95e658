"""`parabench.advise(function, items)`: the same answer from Python, also inside a running event loop or a notebook."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from parabench.advise.advice import Advice
from parabench.advise.advisor import advise_on
from parabench.advise.items import checked_items, read_items
from parabench.advise.request import BUDGET_SECONDS, Request
from parabench.advise.snippet import items_expression
from parabench.advise.target import target_from
from parabench.errors import TargetUnusable
from parabench.task import reference_to

#: Items whose text is longer are named in the code to paste, and not shown.
TEXT_MOST = 200


def advise(  # noqa: PLR0913  # the options of the verb
    function: Callable[..., Any],
    items: Iterable[Any] | str,
    *,
    idempotent: bool = False,
    once_per_item: bool = False,
    async_twin: Callable[..., Any] | None = None,
    setup: Callable[[], Any] | None = None,
    budget: float = BUDGET_SECONDS,
    call_timeout: float | None = None,
    most_in_flight: int | None = None,
    save: str | Path | None = None,
    workload: str | Path | None = None,
    on_busy: str = "wait",
    seed: int | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Advice:
    """Which concurrency model should run a function on these items; see `Advice` for what is known then.

    `items` are JSON values, or a text as of `--items`. Without `idempotent` no item is given to the function twice.
    `budget` and `call_timeout` are in seconds; `save` is the folder of stored sessions to keep the run in. `say` is
    told how far the run is. Raises ParabenchError, for what workers could not import for example.
    """
    target = target_from(function)
    twin = None if async_twin is None else target_from(async_twin)
    if twin is not None and not twin.is_coroutine:
        raise TargetUnusable(
            twin.reference, "it is no coroutine function, as a twin has to be", "write it with async def"
        )
    listed = read_items(items, Path.cwd()) if isinstance(items, str) else checked_items(items, "items")
    shown = items_expression(items) if isinstance(items, str) else repr(items)
    return advise_on(
        Request(
            target=target,
            items=listed,
            items_text=shown if len(shown) <= TEXT_MOST else "...  # your items",
            twin=twin,
            setup=None if setup is None else reference_to(target_from(setup).function),
            budget_seconds=budget,
            call_timeout_seconds=call_timeout,
            most_in_flight=most_in_flight,
            each_once=once_per_item or not idempotent,
            each_once_asked=once_per_item,
            save=None if save is None else Path(save),
            workload_file=None if workload is None else Path(workload),
            on_busy=on_busy,
            seed=seed,
            say=say,
        )
    )
