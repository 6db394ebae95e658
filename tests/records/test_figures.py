"""How figures are combined: over rounds, over visits, and into the keys of a file."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from parabench.records.figures import (
    amount,
    explanations,
    first,
    level,
    mean,
    median,
    most,
    once,
    per_cell,
    per_round,
    remark,
)


@dataclass
class Read:
    joules: float | None = field(metadata=amount(stored_as="joules_per_round"))
    why: str | None = field(metadata=remark(explains="joules"))
    threads: int = field(metadata=level())
    note: str | None = field(default=None, metadata=remark(stored_as="not_counted"))
    on: bool = field(default=True, metadata=once(all, stored_as="always_on"))
    number: int = 0


def test_amounts_are_means_over_rounds_and_levels_the_most():
    rounds = [Read(2.0, None, 3), Read(4.0, None, 7, note="blind"), Read(9.0, None, 1)]
    assert per_round(rounds) == {"joules": 5.0, "why": None, "threads": 7, "note": "blind"}


def test_an_amount_is_unknown_if_one_round_is_and_the_reason_stays():
    assert per_round([Read(2.0, None, 1), Read(None, "gone", 1)]) == {
        "joules": None,
        "why": "gone",
        "threads": 1,
        "note": None,
    }


def test_what_is_stored_is_the_median_of_the_visits_that_are_known():
    visits = [Read(1.0, None, 2), Read(None, "gone", 5), Read(4.0, None, 2, on=False)]
    assert per_cell(visits) == {
        "joules_per_round": 2.5,
        "why": None,
        "threads": 5,
        "not_counted": None,
        "always_on": False,
    }


def test_a_reason_is_stored_only_beside_what_is_unknown():
    assert per_cell([Read(None, "gone", 1), Read(None, "later", 1)])["why"] == "gone"
    assert explanations(Read) == {"joules_per_round": "why"}


@pytest.mark.parametrize("combine", [mean, median, most, first])
def test_of_nothing_nothing_is_known(combine):
    assert combine([]) is None
