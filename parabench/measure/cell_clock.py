"""The clock that pytest-benchmark reads: seconds that the running cell has spent inside timed rounds.

A cell runs in a process of its own and times its batches there, with two clock readings and nothing in between. Its
seconds are put on this clock, which pytest-benchmark accepts as any other timer; so its statistics, tables and files
hold the time of the batch alone, without the conversation between the two processes.
"""

from __future__ import annotations

_seconds = 0.0


def cell_seconds() -> float:
    """What the clock shows now, in seconds."""
    return _seconds


def reset() -> None:
    """Back to zero, so that a difference of two readings is exactly the seconds put on the clock between them."""
    global _seconds
    _seconds = 0.0


def advance(seconds: float) -> None:
    """Put a round's seconds on the clock."""
    global _seconds
    _seconds += seconds
