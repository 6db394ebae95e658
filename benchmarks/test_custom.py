"""Your own functions: any file dropped into workloads/ without a kind ends up here."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.custom
def test_custom(cell: MeasuredCell) -> None:
    cell.measure()
