"""Fresh passes say what the passes that chose a contestant cannot say of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from parabench.advise.confirming import PASSES_FRESH, Confirming

LEADER, OTHER, ALONE = "thread-pool", "mp-pool", "sequential"


def confirming(settled: bool = True, leader: str = LEADER) -> tuple[SimpleNamespace, Confirming]:
    race = SimpleNamespace(settled=settled, good={leader, OTHER})
    seconds = {
        ALONE: {0: 2.0, 1: 2.0, 2: 2.0, 3: 2.0, 4: 2.0},
        LEADER: {0: 0.8, 1: 0.8, 2: 1.0, 3: 1.0},
        OTHER: {0: 1.0},
    }
    records = {label: SimpleNamespace(seconds_by_pass=passes) for label, passes in seconds.items()}
    simplest = (ALONE, LEADER, OTHER).index  # of those that are as good, the first of these is chosen
    return race, Confirming(race, records, lambda labels: min(labels, key=simplest))  # type: ignore[arg-type]


def test_nothing_is_wanted_before_the_race_is_settled_and_nothing_for_one_call_after_the_other() -> None:
    _, open_still = confirming(settled=False)
    open_still.look(3)
    _, alone = confirming(leader=ALONE)
    alone.look(3)
    for one in (open_still, alone):
        assert not any(one.wants(label) for label in (LEADER, OTHER, ALONE))
        assert one.confirmed() is None


def test_so_many_fresh_passes_of_the_chosen_and_of_one_after_the_other() -> None:
    _, fresh = confirming()
    fresh.look(2)
    for passes in (2, 1 + PASSES_FRESH):
        fresh.look(passes)
        assert [fresh.wants(label) for label in (LEADER, OTHER, ALONE)] == [True, False, True]
    fresh.look(2 + PASSES_FRESH)
    assert not fresh.wants(LEADER)
    found = fresh.confirmed()
    assert found is not None
    assert (found.label, found.passes) == (LEADER, 2)
    assert found.speedup == pytest.approx(2.0), "without the passes that chose it, which say 2.5"


def test_a_race_that_is_open_again_or_has_another_choice_begins_anew() -> None:
    race, fresh = confirming()
    fresh.look(2)
    race.settled = False
    fresh.look(3)
    assert not fresh.wants(LEADER)
    race.settled = True
    fresh.look(4)
    assert fresh.wants(LEADER)
    race.good = {OTHER}
    fresh.look(5)
    assert (fresh.wants(OTHER), fresh.wants(LEADER)) == (True, False)
    assert fresh.confirmed() is None, "no pass of it is fresh yet"
