"""Work that does nothing: what is left is what each model itself costs per task."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.overhead
def test_overhead(cell: MeasuredCell) -> None:
    cell.measure()
