"""What a session recommends, and the laws that its measurements contradict."""

from dataclasses import replace

import pytest
from visits import visit

from parabench.analyse.between_sessions import Between
from parabench.models.contract import Capabilities, Model, always
from parabench.records import Cell, CellRecord
from parabench.session.answers import Choice, answers_of
from parabench.session.broken_laws import broken_laws
from parabench.session.races import Races
from parabench.workload import Limit

PASSES = 8
#: Passes differ by 5 %, visits by half a per cent: none of both is the same twice.
PASS = (1.0, 1.02, 0.98, 1.05, 0.99, 1.01, 1.03, 0.97)
WOBBLE = (1.0, 1.004, 0.997, 1.002, 0.995, 1.005, 0.999, 1.001)


def model(name, family, worker="process", libraries=()):
    capabilities = Capabilities(worker=worker, shares_memory=False, pickles=True, parallel_bytecode=True)
    return Model(
        name=name,
        family=family,
        description="",
        when="",
        limits="",
        snippet="",
        capabilities=capabilities,
        open=None,
        availability=always,
        libraries=libraries,
    )


MODELS = {
    one.name: one
    for one in (
        model("sequential", "baseline", "caller"),
        model("threads", "threads", "thread"),
        model("pool", "processes"),
        model("loky", "processes", libraries=("joblib",)),
    )
}


def record(name, seconds, *, workers=2, shift=0, passes=PASSES, by_default=True):
    cell = Cell(
        workload="w",
        model=name,
        kind="cpu",
        workers=workers,
        size="small",
        workers_named=not by_default,
        by_default=by_default,
    )
    visits = [visit(n, seconds * PASS[n] * WOBBLE[(n * 3 + shift) % 8]) for n in range(passes)]
    return CellRecord(cell, tasks=8, visits=visits)


def answer(*records, limits=None):
    [found] = answers_of(records, MODELS, limits or {}, None)
    return found


def test_the_best_is_recommended_with_its_speed_up_and_how_the_others_compare():
    found = answer(record("sequential", 1.0), record("threads", 0.98, shift=1), record("pool", 0.5, shift=2))
    assert found.use == Choice("processes", "pool", 2, "1")
    assert found.settled
    assert found.family_settled
    assert found.equals == ()
    assert found.speedup == pytest.approx(2.0, rel=0.02)
    assert found.low < found.speedup < found.high
    assert found.others[0][0].family == "threads"
    assert found.others[0][1] == pytest.approx(0.51, rel=0.02)
    assert found.reason == "faster than every other one for sure"


def test_earlier_sessions_make_the_interval_one_of_the_machine():
    records = [record("sequential", 1.0), record("pool", 0.5, shift=2)]
    [alone] = answers_of(records, MODELS, {}, None)
    assert alone.about == "this session"
    known = {records[1].cell.identity: Between(variance=0.05**2, degrees=30.0)}
    [found] = answers_of(records, MODELS, {}, None, known)
    assert found.about == "the machine"
    assert found.speedup == alone.speedup
    assert found.low < alone.low < alone.high < found.high
    assert found.high / found.low == pytest.approx(1.23, rel=0.05), "5 % between sessions"


def test_of_equals_the_simplest_is_recommended():
    found = answer(
        record("sequential", 1.0), record("loky", 0.498, shift=1), record("pool", 0.5, shift=2), record("threads", 0.51)
    )
    assert found.use.model == "threads", "threads are simpler than processes"
    assert {choice.model for choice in found.equals} <= {"pool", "loky"}
    assert found.is_simplest
    assert found.reason.startswith("the simplest of those that are at most 5% slower than the best")
    without = answer(record("sequential", 1.0), record("loky", 0.498, shift=1), record("pool", 0.5, shift=2))
    assert without.use.model == "pool", "the standard library comes before others"


def test_of_equals_fewer_workers_are_recommended():
    more = record("pool", 0.499, workers=4, shift=1, by_default=False)
    found = answer(record("sequential", 1.0), more, record("pool", 0.5, shift=2))
    assert found.use.workers == 2


def test_one_pass_recommends_and_settles_nothing():
    found = answer(record("sequential", 1.0, passes=1), record("pool", 0.5, passes=1))
    assert (found.use.model, found.settled, found.family_settled) == ("pool", False, False)
    assert found.reason == "one pass says nothing about chance"


def test_sequential_needs_no_speed_up():
    found = answer(record("sequential", 1.0), record("pool", 2.0, shift=1))
    assert (found.use.family, found.speedup, found.low, found.high) == ("baseline", 1.0, 1.0, 1.0)


def test_a_failed_cell_is_never_recommended():
    failed = replace_failure(record("pool", 0.1))
    assert answer(record("sequential", 1.0), failed, record("threads", 0.9, shift=1)).use.model == "threads"


def replace_failure(record):
    return replace(record, failure="1 of 8 tasks failed")


def test_a_cell_that_is_faster_than_its_law_allows_breaks_it_loudly():
    records = [record("sequential", 1.0), record("pool", 0.4, shift=1)]
    limits = {"w-pool": Limit(0.5, "sequential time / 2 cores")}
    [broken] = broken_laws(records, limits).values()
    assert "w-pool took 0.41" in str(broken)
    assert "the law is wrong. Mend the workload's `limit`" in str(broken)
    assert answer(*records, limits=limits).share_of_limit is None
    assert broken_laws(records, {"w-pool": Limit(0.445, "noise")}) == {}, "within 5 %"
    assert broken_laws([record("pool", 0.4, passes=1)], limits) == {}, "one pass proves nothing"


def test_a_share_beyond_one_that_is_noise_is_one():
    records = [record("sequential", 1.0), record("pool", 0.5, shift=1)]
    assert answer(*records, limits={"w-pool": Limit(0.506, "")}).share_of_limit == 1.0


def test_a_race_instruments_the_baseline_and_the_best():
    records = [
        record("sequential", 1.0, passes=1),
        record("threads", 0.9, passes=1),
        record("pool", 0.5, passes=1),
        record("loky", 0.6, passes=1),
    ]
    races = Races(records, {name: one.family for name, one in MODELS.items()})
    assert not any(races.worth_instrumenting(one) for one in records), "the first pass is to show which are the best"
    races.look(1)
    wanted = {one.label for one in records if races.worth_instrumenting(one)}
    assert wanted == {"sequential", "pool"}


def test_a_slow_contestant_is_timed_once_a_visit():
    records = [record("sequential", 1.0, passes=1), record("pool", 0.5, passes=1)]
    races = Races(records, {name: one.family for name, one in MODELS.items()})
    assert races.rounds_worth(records[1])(0.5, 0.2) == 1, "a first look"
    races.look(1)
    assert races.rounds_worth(records[1])(0.5, 0.2) > 1
    assert races.rounds_worth(records[0])(0.5, 1.1) == 1


def test_time_goes_to_the_race_that_is_closest_to_its_end():
    def scattered(workload, model, seconds, scatter):
        given = record(model, seconds, passes=2)
        visits = [
            replace(visit, seconds_per_round=(seconds * (1 + scatter * (-1) ** number),), pass_number=number)
            for number, visit in enumerate(given.visits)
        ]
        return replace(given, cell=replace(given.cell, workload=workload), visits=visits)

    records = [
        scattered(workload, model, seconds, scatter * (-1) ** place)
        for workload, scatter in (("nearly", 0.02), ("far", 0.2))
        for place, (model, seconds) in enumerate(
            {"sequential": 1.0, "pool": 0.9, "loky": 0.91, "threads": 0.92}.items()
        )
    ]
    races = Races(records, {name: one.family for name, one in MODELS.items()})
    races.look(2)
    assert [name for name, race in races.by_workload.items() if not race.settled] == ["nearly", "far"]
    assert 0 < races.by_workload["nearly"].visits_missing < races.by_workload["far"].visits_missing
    assert {one.cell.workload for one in records if races.wanted(one)} == {"nearly"}


def test_a_race_whose_work_was_named_looks_into_every_model():
    records = [record(name, 1.0, passes=1) for name in ("sequential", "threads", "pool", "loky")]
    races = Races(records, {name: one.family for name, one in MODELS.items()}, explained=True)
    assert not any(races.worth_instrumenting(one) for one in records)
    races.look(1)
    assert all(races.worth_instrumenting(one) for one in records)
