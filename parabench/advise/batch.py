"""How many items a batch of the race has."""

from __future__ import annotations

from parabench.advise.probe import Probe

#: Seconds that a batch of one call after the other is to take, as a share of the budget: a race needs some passes.
SHARE_OF_BATCH = 1 / 80
#: A batch has at least so many items for each worker of the largest contestant that computes, and as many as this
#: share of the budget allows for work that waits.
ITEMS_PER_CORE, SHARE_OF_WAITING_BATCH = 4, 1 / 20
#: Results of a batch may take so much memory: they are held until all have come.
BYTES_OF_RESULTS = 400e6


def batch_size(probe: Probe, items: int, cores: int, budget: float) -> int:
    """How many items a batch has, so that a race of some passes fits into the budget, and its results into memory."""
    each = max(probe.seconds, 1e-9)
    items = min(items, max(cores, int(BYTES_OF_RESULTS / max(1.0, probe.bytes_per_value))))
    wanted = int(SHARE_OF_BATCH * budget / each)
    if probe.computes:
        least = ITEMS_PER_CORE * cores
    else:
        least = min(2 * probe.in_flight_most, int(SHARE_OF_WAITING_BATCH * budget / each))
        least = max(least, ITEMS_PER_CORE * cores)
    return min(items, max(wanted, least))
