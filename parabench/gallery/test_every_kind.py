"""The experiment of projects that have workloads and no benchmarks: it takes every kind of work."""

from typing import Any


def test_every_kind(cell: Any) -> None:
    """One benchmark for each workload, model and number of workers."""
    cell.measure()
