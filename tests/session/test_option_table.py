"""Options have a long name everywhere, and a short one where it is asked for.

Rooms: session, errors.
"""

from __future__ import annotations

import pytest

from parabench.errors.spelling import long_names, spelled, variables_of_cells
from parabench.session.option_checks import CHECKS
from parabench.session.option_table import OPTIONS, in_full


def test_every_option_has_a_check() -> None:
    assert {entry.flag for entry in OPTIONS} == CHECKS.keys()


@pytest.mark.parametrize(
    ("given", "full"),
    [
        (["--models", "a,b", "-x"], ["--parabench-models=a,b", "-x"]),
        (["--models=a,b", "--live"], ["--parabench-models=a,b", "--parabench-live"]),
        (["--parabench-models", "a"], ["--parabench-models=a"]),
        (["--celery-broker", "redis://h"], ["--parabench-broker=redis://h"]),
        (["--results", "--live"], ["--parabench-results=--live"]),  # as argparse would not: pytest refuses it by name
        (["--seed"], ["--parabench-seed"]),
        (["-k", "seed", "--modelsx", "--model"], ["-k", "seed", "--modelsx", "--model"]),
        (["--live", "--", "--live"], ["--parabench-live", "--", "--live"]),
    ],
)
def test_short_names_become_long_ones_with_their_value_joined(given: list[str], full: list[str]) -> None:
    assert in_full(given) == full


def test_a_help_text_names_other_options_as_they_can_be_written() -> None:
    budget = next(entry for entry in OPTIONS if entry.flag == "--budget")
    assert "with --passes:" in budget.described(short=True)
    assert "with --parabench-passes:" in budget.described(short=False)


def test_options_are_spelled_as_the_session_knows_them_and_its_cells_are_told() -> None:
    assert spelled("--models") == "--models"
    with long_names(used=True):
        assert spelled("--models") == "--parabench-models"
        assert variables_of_cells() == {"PARABENCH_LONG_NAMES": "1"}
        with long_names(used=False):
            assert spelled("--models") == "--models"
    assert (spelled("--models"), variables_of_cells()) == ("--models", {})
