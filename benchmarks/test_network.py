"""Listing the repositories of GitHub users, mocked and over loopback, with four client libraries."""

import pytest

from parabench.plugin import MeasuredCell


@pytest.mark.network
def test_network(cell: MeasuredCell) -> None:
    cell.measure()
