"""Visits that other programs disturbed are repeated once, and what is kept says what happened."""

from __future__ import annotations

from parabench.measure.others import Share
from parabench.measure.stay import Stay
from parabench.records import Cell
from parabench.session.repetition import VAIN_MOST, Repetitions

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
