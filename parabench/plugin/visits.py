"""The visits of a session as pytest's items, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from parabench.plugin.measured_cell import CELL
from parabench.session.contestants import place_in_first_pass
from parabench.session.orders import endless_orders, order_of_passes
from parabench.session.schedule import Hooks, Schedule
from parabench.session.session import Session


def schedule_of(
    items: Iterable[pytest.Item], ours: Session, announce: Callable[[list[pytest.Item]], None]
) -> Schedule[pytest.Item]:
    """All visits to the cells of these items; `announce` is given the items of each pass as it becomes known."""
    options = ours.options
    blocks: dict[str, list[pytest.Item]] = {}
    for item in items:
        blocks.setdefault(item.stash[CELL].workload, []).append(item)
    workloads = list(blocks.values())
    orders = (
        endless_orders(workloads, options.seed, lambda item: place_in_first_pass(item.stash[CELL]))
        if options.passes is None
        else order_of_passes(workloads, options.passes, options.seed)
    )
    return Schedule(
        orders,
        options.budget_seconds,
        seconds_before=ours.books.seconds_before,
        hooks=Hooks(
            wanted=lambda item: ours.wanted(item.stash[CELL]),
            after_pass=ours.races.look if ours.races else lambda _: None,
            after_visit=lambda item: ours.races.note(ours.records[item.stash[CELL].id]) if ours.races else None,
            optional=lambda item: not item.stash[CELL].by_default,
            announce=announce,
            block_of=lambda item: item.stash[CELL].workload,
            recorded=lambda number, item: ours.recorded(item.stash[CELL], number),
            passes_recorded=ours.books.replay.passes,
        ),
        endless=options.passes is None,
        passes_required=options.passes_required,
        passes_reserved=options.passes_reserved,
    )
