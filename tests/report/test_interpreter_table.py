"""What the table of several interpreters marks, and what it does not."""

from __future__ import annotations

import pytest

from parabench.analyse.across import standings
from parabench.compare.interpreter_ratios import InterpreterRatios
from parabench.report.interpreter_table import interpreter_text

TIMES = {"3.13": {"sequential": {0: 2.0, 1: 2.0}}, "3.14": {"sequential": {0: 1.0, 1: 1.9}}}


def text(fastest: tuple[str, str] | None) -> list[str]:
    ratios = InterpreterRatios(
        baseline="3.13",
        standings={"work": standings(TIMES, baseline="3.13")},
        fastest={"work": fastest},
        missing={},
        crossings={},
    )
    return interpreter_text(ratios, colour=False).splitlines()


@pytest.mark.parametrize("settled", [True, False])
def test_fastest_is_marked_only_when_it_is_settled(settled: bool) -> None:
    lines = text(("3.14", "sequential") if settled else None)
    assert [line.endswith("fastest") for line in lines] == [False, False, settled]
