"""Which test measures which cell: kinds that tests are marked with, and what is left for a test without a mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from parabench.errors import NothingToMeasure
from parabench.models import BASELINE, baseline_is_added
from parabench.records import Cell
from parabench.session.session import Session
from parabench.workload import KINDS

PARAMETERS = ("workload", "model", "workers", "size")
#: Kinds that each test which asks for cells is marked with, by its id; none: what no other takes.
TAKES = pytest.StashKey[dict[str, set[str]]]()


def make_items(metafunc: pytest.Metafunc, session: Session) -> None:
    """Make one item of each cell whose workload is of the kind that the test is marked with; without a mark, of each.

    Which kinds other tests take is known when all are collected: `settle_cells` leaves an unmarked test the others.
    """
    kinds = {mark.name for mark in metafunc.definition.iter_markers()} & KINDS.keys()
    cells = [planned for planned in session.cells if not kinds or planned.kind in kinds]
    metafunc.fixturenames.extend(PARAMETERS)
    values = [
        pytest.param(*_parameters(planned), marks=() if kinds else getattr(pytest.mark, planned.kind))
        for planned in cells
    ]
    metafunc.parametrize(PARAMETERS, values, ids=[planned.id for planned in cells])
    metafunc.config.stash.setdefault(TAKES, {})[metafunc.definition.nodeid] = kinds


def _parameters(planned: Cell) -> tuple[str, str, int, str]:
    return planned.workload, planned.model, planned.workers, planned.size


def settle_cells(
    items: Iterable[pytest.Item], session: Session, takes: Mapping[str, set[str]]
) -> tuple[list[tuple[pytest.Item, Cell]], list[pytest.Item]]:
    """Items with the cell that each is to measure, and those that are left without one."""
    by_id = {planned.id: planned for planned in session.cells}
    taken = set().union(*takes.values())
    cells: list[tuple[pytest.Item, Cell]] = []
    without_cell: list[pytest.Item] = []
    unmarked: str | None = None
    for item in items:
        callspec: Any = getattr(item, "callspec", None)
        if callspec is None or not set(PARAMETERS) <= callspec.params.keys():
            continue
        planned = by_id.get(callspec.id)
        test = item.nodeid.removesuffix(f"[{callspec.id}]")
        if planned is not None and not takes.get(test):
            unmarked = unmarked or test
            planned = planned if test == unmarked and planned.kind not in taken else None
        if planned is None:
            without_cell.append(item)
        else:
            cells.append((item, planned))
    return cells, without_cell


def nothing_to_measure(session: Session, takes: Mapping[str, set[str]]) -> NothingToMeasure:
    """Why the tests that ask for cells get none."""
    kinds = {planned.workload: planned.kind for planned in session.cells}
    return NothingToMeasure(session.options.workloads_dir, kinds, sorted(set().union(*takes.values())))


def reason_of(planned: Cell) -> str:
    """Why a cell cannot be measured here, and what would help."""
    assert planned.unavailable is not None
    hint = f" ({planned.unavailable.install})" if planned.unavailable.install else ""
    return f"{planned.model}: {planned.unavailable.reason}{hint}"


def why_none_can_run(cells: Iterable[tuple[pytest.Item, Cell]], session: Session) -> tuple[str, ...]:
    """One reason for each model, if none of those that were asked for can run; a baseline alone says nothing."""
    added = {BASELINE} if baseline_is_added(session.options.models) else set()
    chosen = [planned for _, planned in cells if planned.model not in added]
    if not chosen or any(planned.unavailable is None for planned in chosen):
        return ()
    return tuple(dict.fromkeys(map(reason_of, chosen)))
