"""What a resumed session has recorded: none of it is lost, and it is known when all of it has been repeated."""

from dataclasses import asdict
from types import SimpleNamespace

import pytest
from visits import visit

from parabench.errors import CellFailed
from parabench.history.journal_lines import failure_line, visit_line
from parabench.records import Cell, CellRecord
from parabench.session.bookkeeping import Bookkeeping
from parabench.session.replay import Replay

CELL = Cell(workload="w", model="sequential", kind="cpu", workers=1, size="small")


def lines(*passes, failure=None):
    record = CellRecord(CELL, tasks=1, failure=failure)
    made = [visit_line(record, visit(number, 2.0), None, 1.0) for number in passes]
    return [*made, *([failure_line(record, 1.0)] if failure else [])]


def test_it_is_known_what_each_recorded_visit_took():
    replay = Replay(lines(0, 2))
    assert replay.seconds(CELL.id, 0) == pytest.approx(0.01 + 2.0 + 2.0)
    assert [replay.seconds(CELL.id, number) for number in (1, 3)] == [None, None]
    assert replay.passes == 3
    assert Replay(()).passes == 0


def test_a_failure_comes_after_the_last_visit_that_was_made():
    replay = Replay(lines(0, 2, failure="no"))
    assert [replay.seconds(CELL.id, number) is not None for number in range(4)] == [True, False, True, True]
    record = CellRecord(CELL)
    assert replay.stay(record, 1, 0) is None
    with pytest.raises(CellFailed, match="no"):
        replay.stay(record, 3, 0)


def test_what_is_left_is_known():
    replay, record = Replay(lines(0, 1)), CellRecord(CELL)
    assert replay.left
    replay.stay(record, 0, 0)
    assert replay.left
    replay.stay(record, 1, 0)
    assert not replay.left
    assert [asdict(made)["pass_number"] for made in record.visits] == [0, 1]


def test_the_file_of_an_earlier_part_stands_until_all_of_it_is_repeated(tmp_path):
    (tmp_path / "0001_x.json").touch()
    unfinished = SimpleNamespace(stored_as="0001_x.json", path=tmp_path / ".session-x.journal", seconds_spent=1.0)
    books = Bookkeeping(unfinished)
    assert books.file_before is None
    books.replay = Replay(lines(0))
    assert books.file_before == tmp_path / "0001_x.json"
    books.replay.stay(CellRecord(CELL), 0, 0)
    assert books.file_before is None
