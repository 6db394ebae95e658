"""A race finds what it runs, and ends as complete unless somebody breaks it off."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from parabench.advise.ledger import Ledger
from parabench.advise.race_session import Raced, Terms, _run, _session, options_of
from parabench.advise.target import setup_of, target_of, twin_of
from parabench.advise.work import Work
from parabench.errors import CallsSpent
from parabench.records import Cell
from parabench.session.schedule import Schedule

CELLS = [Cell(workload="work", model=model, kind="cpu", workers=2, size="small") for model in ("mp-pool", "sequential")]


@dataclass
class Visited:
    """A session of two cells whose visits take no time."""

    #: Raised by the visit of this number.
    error: BaseException | None = None
    visits: int = 0
    settled_after: int = 3
    schedule: Schedule[Any] | None = None
    seconds_once: float = 0.0
    races: Any = field(default_factory=lambda: SimpleNamespace(settled=0))
    options: Any = field(default_factory=lambda: SimpleNamespace(seed=1, budget_seconds=60.0))

    def wanted(self, _: Cell) -> bool:
        return not self.races.settled

    @contextlib.contextmanager
    def visit(self, *_: Any) -> Iterator[Any]:
        self.visits += 1
        if self.visits == 5 and self.error is not None:
            raise self.error
        yield SimpleNamespace(rounds=0)

    def look(self, passes: int) -> None:
        self.races.settled = int(passes >= self.settled_after)


def run(session: Visited) -> str | None:
    return _run(session, CELLS, session.look, lambda line: None)  # type: ignore[arg-type]


def test_a_race_that_is_settled_is_complete() -> None:
    session = Visited()
    assert run(session) is None
    assert session.visits == 6
    assert session.schedule is not None
    assert session.schedule.complete


def test_a_race_whose_budget_or_calls_are_spent_is_complete() -> None:
    session = Visited(options=SimpleNamespace(seed=1, budget_seconds=0.0))
    assert run(session) == "the budget is spent"
    assert session.schedule is not None
    assert session.schedule.complete
    session = Visited(CallsSpent(2, 1), settled_after=9)
    assert run(session) == "the calls that were promised at most are used up"
    assert session.schedule is not None
    assert session.schedule.complete


def test_a_race_that_is_settled_when_the_calls_are_spent_is_settled() -> None:
    assert run(Visited(CallsSpent(2, 1))) is None


def test_a_race_that_is_broken_off_is_not() -> None:
    session = Visited(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(session)
    assert session.schedule is not None
    assert not session.schedule.complete


def test_workers_of_a_race_find_twin_and_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def get(item, more): return more\n"
    for name, content in {
        "sync/jobs_of_race.py": text,
        "aio/ajobs_of_race.py": f"async {text}",
        "conf/db_of_race.py": "def connect(): return 7\n",
    }.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(sys, "path", [*sys.path])
    work = Work(
        target=target_of("sync/jobs_of_race.py:get", tmp_path),
        twin=twin_of("aio/ajobs_of_race.py:get", tmp_path),
        setup=setup_of("conf/db_of_race.py:connect", tmp_path),
        items=[1, 2],
    )
    options = options_of(work, budget=1.0, timeout=20.0, results=tmp_path, on_busy="allow", seed=1)
    terms = Terms(
        options=options, ledger=Ledger(9), fresh=False, output=tmp_path / "out", keep=False, say=lambda line: None
    )
    cell = Cell(workload="get", model="asyncio", kind="custom", workers=2, size="small")
    session = _session(work, terms, Raced())
    experiment = session.experiment_of(session.options, session.workloads, [cell])
    with experiment, experiment.opened(cell, [1, 2]) as (process, _):
        outcomes = process.round().outcomes
    assert [(outcome.value, outcome.failure) for outcome in outcomes] == [(7, None), (7, None)]
