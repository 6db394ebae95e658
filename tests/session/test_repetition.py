"""Visits that other programs disturbed are repeated once, and what is kept says what happened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from visits import USED_NOTHING

from parabench.errors import CellDisturbed
from parabench.measure.cell import Round
from parabench.measure.others import Share
from parabench.measure.stay import Stay
from parabench.records import Cell
from parabench.session.repetition import VAIN_MOST, Repetitions, with_clean_rounds

CELL = Cell(workload="w", model="sequential", kind="cpu", workers=1, size="small")


class Visits:
    """Stays with the shares that are given, one after the other; the seconds of each are its number."""

    def __init__(self, *shares: float) -> None:
        self.shares = list(shares)
        self.made = 0

    def __call__(self) -> Stay:
        share = self.shares.pop(0)
        self.made += 1
        stay = Stay(CELL, 1, 1, 0.0, 0.0, lambda: 0.0, seconds_per_round=[float(self.made)])
        stay.others = Share(share, too_much=share > 0.2)
        return stay


class Openings:
    """Visits whose rounds are given, one list for each; a cause makes a round a disturbed one."""

    def __init__(self, *visits: list[str | None]) -> None:
        self.visits = list(visits)
        self.made = 0

    @contextmanager
    def __call__(self) -> Iterator[Stay]:
        self.made += 1
        rounds = iter(self.visits.pop(0))

        def run() -> Round:
            cause = next(rounds)
            return Round(float(self.made), USED_NOTHING, [], {}, {}, {cause: 1} if cause else {})

        yield Stay(CELL, 1, 2, 0.0, 0.0, run)


def told(stay: Stay) -> list[tuple[str, float, tuple[float, ...]]]:
    return [(one.cause, one.count, one.seconds_set_aside) for one in stay.disturbed]


def test_a_quiet_visit_is_made_once_and_is_not_marked() -> None:
    visits = Visits(0.1)
    stay = Repetitions().quietest(visits)
    assert (visits.made, told(stay)) == (1, [])


def test_a_disturbed_visit_is_repeated_once_and_set_aside() -> None:
    visits = Visits(0.5, 0.05)
    stay = Repetitions().quietest(visits)
    assert (visits.made, stay.seconds_per_round) == (2, [2.0])
    assert told(stay) == [("other programs", 0.5, (1.0,))]


def test_of_two_disturbed_visits_the_quieter_one_is_kept_and_marked() -> None:
    stay = Repetitions().quietest(Visits(0.4, 0.6))
    assert stay.seconds_per_round == [1.0]
    assert told(stay) == [("other programs", 0.6, (2.0,)), ("other programs", 0.4, ())]


def test_a_machine_that_is_always_shared_does_not_double_the_session() -> None:
    repetitions = Repetitions()
    visits = Visits(*[0.5] * 100)
    for _ in range(10):
        stay = repetitions.quietest(visits)
    assert visits.made == 10 + VAIN_MOST
    assert told(stay) == [("other programs", 0.5, ())]
    visits = Visits(0.1, 0.5, 0.1)
    repetitions.quietest(visits)
    repetitions.quietest(visits)
    assert visits.made == 3, "after a quiet visit they are repeated again"


def test_what_must_not_be_repeated_is_marked() -> None:
    visits = Visits(0.5)
    assert told(Repetitions().quietest(visits, repeat=False)) == [("other programs", 0.5, ())]


def test_a_visit_without_clean_rounds_is_made_once_more_and_says_what_was_set_aside() -> None:
    openings = Openings([None, "workers lost", "broker lost"], ["workers lost", None, None])
    stay = with_clean_rounds(openings, repeat=True)
    assert (openings.made, stay.seconds_per_round) == (2, [2.0, 2.0])
    assert told(stay) == [("workers lost", 1, (1.0,)), ("broker lost", 1, (1.0,)), ("workers lost", 1, (2.0,))]


@pytest.mark.parametrize(("repeat", "made"), [(True, 2), (False, 1)])
def test_a_cell_fails_when_two_visits_in_a_row_have_no_clean_round(repeat: bool, made: int) -> None:
    openings = Openings(*[["broker lost", "workers too many"]] * 3)
    with pytest.raises(CellDisturbed, match=r"in a visit and in the next \(broker lost: 1; workers too many: 1\)"):
        with_clean_rounds(openings, repeat=repeat)
    assert openings.made == made
