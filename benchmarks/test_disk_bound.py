"""Work that writes, flushes and reads files."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.disk
def test_disk_bound(cell: MeasuredCell) -> None:
    cell.measure()
