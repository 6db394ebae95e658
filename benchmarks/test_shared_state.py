"""A counter that several workers increment: which models lose updates, and what a lock costs."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.shared_state
def test_shared_state(cell: MeasuredCell) -> None:
    cell.measure()
