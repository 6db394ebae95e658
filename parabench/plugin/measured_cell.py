"""What the `cell` fixture gives to an experiment, and how it measures."""

from __future__ import annotations

from typing import Any

import pytest

from parabench.errors import ParabenchError
from parabench.measure import cell_clock as clock
from parabench.records import Cell
from parabench.report.foreign_text import for_terminal
from parabench.session.session import Session

SESSION = pytest.StashKey[Session]()
CELL = pytest.StashKey[Cell]()
#: Pass number and position of the visit that an item is about to make.
VISIT = pytest.StashKey[tuple[int, int]]()
#: Why none of the models that were asked for can run; empty if one can.
UNAVAILABLE = pytest.StashKey[tuple[str, ...]]()
REPORTS = pytest.StashKey[list[pytest.TestReport]]()


class MeasuredCell:
    """What the `cell` fixture gives to a test."""

    def __init__(self, request: pytest.FixtureRequest, benchmark: Any) -> None:
        self._session = request.config.stash[SESSION]
        self._cell = request.node.stash[CELL]
        self._pass_number, self._position = request.node.stash[VISIT]
        self._benchmark = benchmark

    def measure(self) -> None:
        """Visit the cell: pytest-benchmark asks for the rounds, the cell's own process runs and times them."""
        __tracebackhide__ = True
        problem = None
        try:
            self._visit()
        except ParabenchError as error:
            problem = str(error)
        finally:
            # A visit that fails before or after its rounds must not leave a time behind, nor the warning that the
            # benchmark was not used.
            self._benchmark.has_error = problem is not None or self._benchmark.has_error
            self._benchmark._mode = self._benchmark._mode or "parabench"
        if problem is not None:
            pytest.fail(for_terminal(problem), pytrace=False)

    def _visit(self) -> None:
        __tracebackhide__ = True
        try:
            with self._session.visit(self._cell, self._pass_number, self._position) as stay:
                self._benchmark.pedantic(
                    lambda: clock.advance(stay.round()), setup=clock.reset, rounds=stay.rounds, warmup_rounds=0
                )
        except BaseException:
            self._benchmark.has_error = True
            raise


def measured_cell(request: pytest.FixtureRequest, benchmark: Any) -> MeasuredCell:
    """What the `cell` fixture of an item is."""
    if CELL not in request.node.stash:
        pytest.fail(
            "the `cell` fixture gives a test its parameters: take @pytest.mark.parametrize away from it", pytrace=False
        )
    return MeasuredCell(request, benchmark)
