"""Work that keeps the interpreter busy: does more of it at once help, and with which model?"""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.cpu
def test_cpu_bound(cell: MeasuredCell) -> None:
    cell.measure()
