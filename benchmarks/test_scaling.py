"""From which length of a task does a model overtake the loop? Run by name: -m scaling --workers 1,2,4."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.scaling
def test_scaling(cell: MeasuredCell) -> None:
    cell.measure()
