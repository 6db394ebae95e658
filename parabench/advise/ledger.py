"""How often the function is run at most: a promise that is kept by asking before each batch.

A batch is charged in full before it is begun. So the figure holds whatever becomes of the batch: killed workers, calls
that never return, and batches that are given up have been paid for. No model runs an item of a batch twice.
"""

from __future__ import annotations

from parabench.errors import CallsSpent

#: Batches that a run may need besides the probe: contestants x passes x rounds.
BATCHES_MOST = 150
#: Calls of the probe at most.
PROBE_CALLS_MOST = 1000
#: Few items are a small promise: tasks that are short need to be repeated to be seen at all.
ITEMS_LEAST = 16


class Ledger:
    """Calls promised and made."""

    def __init__(self, promised: int) -> None:
        #: At most so many.
        self.promised = promised
        #: At least as many as have been made: those of every batch that was begun.
        self.made = 0

    @property
    def left(self) -> int:
        """Calls that may still be made."""
        return self.promised - self.made

    def charge(self, calls: int) -> None:
        """Take note of a batch that is about to begin. Raises CallsSpent, and charges nothing, when it is too large."""
        if calls > self.left:
            raise CallsSpent(calls, self.left)
        self.made += calls


def calls_most(items: int, *, each_once: bool) -> int:
    """What is promised for so many items."""
    return items if each_once else PROBE_CALLS_MOST + BATCHES_MOST * max(items, ITEMS_LEAST)
