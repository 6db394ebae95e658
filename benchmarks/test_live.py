"""The same listing from the real GitHub API; only with --live, never a gate."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.live
def test_live(cell: MeasuredCell) -> None:
    cell.measure()
