"""Which contestants enter a race after others have been measured."""

import pytest
from visits import visit

from parabench.records import Cell, CellRecord
from parabench.session.contestants import may_enter


def record(model, workers, seconds, *, kind="network", default=False, chunk="1"):
    cell = Cell(
        workload="w",
        model=model,
        kind=kind,
        workers=workers,
        size="small",
        workers_named=not default,
        by_default=default,
        chunk=chunk,
    )
    return CellRecord(cell, tasks=128, visits=[] if seconds is None else [visit(0, seconds)])


def entering(*records):
    entered = {one.cell.id for one in records if one.visits or one.cell.by_default}
    return [one.cell.id for one in may_enter(records, entered)]


def test_the_next_rung_enters_when_ideal_scaling_could_bring_it_to_the_front():
    slow, wider, widest = record("a", 4, 0.4, default=True), record("a", 32, None), record("a", 128, None)
    fast = record("b", 4, 0.1, default=True)
    assert entering(slow, wider, widest, fast) == ["w-a-w32"], "one rung at a time"
    hopeless = record("b", 4, 0.01, default=True)
    assert entering(slow, wider, widest, hopeless) == []


def test_a_rung_that_brought_nothing_is_the_last_one():
    first, second, third = record("a", 4, 0.4, default=True), record("a", 32, 0.39), record("a", 128, None)
    assert entering(first, second, third) == []
    gained = record("a", 32, 0.1)
    assert entering(first, gained, third) == ["w-a-w128"]


@pytest.mark.parametrize(("seconds", "enters"), [(0.11, True), (0.13, False)])
def test_computing_contestants_enter_when_the_model_is_near_the_front(seconds, enters):
    cells = [
        record("pool", 2, seconds, kind="cpu", default=True),
        record("pool", 4, None, kind="cpu"),
        record("pool", 2, None, kind="cpu", chunk="auto"),
        record("best", 2, 0.1, kind="cpu", default=True),
    ]
    assert entering(*cells) == (["w-pool-w4", "w-pool-w2-auto"] if enters else [])


def test_nobody_enters_before_anything_is_measured():
    assert entering(record("a", 4, None, default=True), record("a", 32, None)) == []


def test_fewer_workers_than_cores_enter_only_where_more_have_brought_nothing():
    fewer = record("pool", 1, None, kind="cpu")
    alone = record("sequential", 1, 0.2, kind="cpu", default=True)
    assert entering(alone, record("pool", 2, 0.1, kind="cpu", default=True), fewer) == []
    assert entering(alone, record("pool", 2, 0.21, kind="cpu", default=True), fewer) == ["w-pool-w1"]
