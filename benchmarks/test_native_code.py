"""Work in native code that releases the GIL: threads may do what otherwise takes processes."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.native
def test_native_code(cell: MeasuredCell) -> None:
    cell.measure()
