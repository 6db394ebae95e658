"""Visits in which something else had a part: repeated once, and marked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from parabench.errors import CellDisturbed
from parabench.measure.stay import Stay
from parabench.records import Disturbance

OTHER_PROGRAMS = "other programs"
#: On a machine that is always shared a repetition finds what the visit found. After so many in a row that did, visits
#: are marked and no longer repeated, until one of them is quiet.
VAIN_MOST = 3


def with_clean_rounds(visit: Callable[[], AbstractContextManager[Stay]], *, repeat: bool) -> Stay:
    """All of one visit; `visit` opens it. One in which a round and its repetition were disturbed is made once more.

    Everything is new then, processes and connections. Raises CellDisturbed when that has no clean round either: two
    visits in a row are no accident. Raises what `visit` raises.
    """
    aside: list[Disturbance] = []
    while True:
        try:
            with visit() as stay:
                for _ in range(stay.rounds):
                    stay.round()
        except CellDisturbed:
            if aside or not repeat:
                raise
            aside = stay.disturbed
        else:
            stay.disturbed[:0] = aside
            return stay


class Repetitions:
    """Those of one session, of visits during which other programs took too much of the machine."""

    def __init__(self) -> None:
        self._vain = 0

    def quietest(self, visit: Callable[[], Stay], *, repeat: bool = True) -> Stay:
        """The stay of a visit, or of its repetition if that was quieter; `visit` makes one.

        What is set aside stays with it, and a stay that is disturbed itself says so. Raises what `visit` raises.
        """
        first = visit()
        if not first.others.too_much:
            self._vain = 0
            return first
        if not repeat or self._vain >= VAIN_MOST:
            _mark(first)
            return first
        again = visit()
        kept, aside = (again, first) if (again.others.share or 0.0) <= (first.others.share or 0.0) else (first, again)
        kept.instrumented = kept.instrumented or aside.instrumented
        kept.disturbed += [*aside.disturbed, _by_others(aside, tuple(aside.seconds_per_round))]
        self._vain = self._vain + 1 if kept.others.too_much else 0
        if kept.others.too_much:
            _mark(kept)
        return kept


def _mark(stay: Stay) -> None:
    stay.disturbed.append(_by_others(stay, ()))


def _by_others(stay: Stay, seconds_set_aside: tuple[float, ...]) -> Disturbance:
    return Disturbance(
        cause=OTHER_PROGRAMS,
        count=stay.others.share or 0.0,
        during="whole visit",
        seconds_set_aside=seconds_set_aside,
    )
