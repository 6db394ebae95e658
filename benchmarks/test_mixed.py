"""Fetch, parse, aggregate: work that waits and computes, as most programs do."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.mixed
def test_mixed(cell: MeasuredCell) -> None:
    cell.measure()
