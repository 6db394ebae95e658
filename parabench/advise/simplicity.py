"""What is simpler than what: among contestants that are as good, the simplest is recommended."""

from __future__ import annotations

from collections.abc import Sequence

from parabench.session.answers import SIMPLEST_FIRST

#: Model, workers, chunk.
Key = tuple[str, int, str]


def simplest_first(*, awaits: bool) -> Sequence[str]:
    """Families, the simplest first. For a coroutine function (`awaits`) that is an event loop."""
    return ("asyncio", *SIMPLEST_FIRST) if awaits else SIMPLEST_FIRST


def simplicity(family: str, key: Key, *, awaits: bool) -> tuple[int, int, Key]:
    """Sorts by family, then by fewer workers."""
    order = simplest_first(awaits=awaits)
    return order.index(family) if family in order else len(order), key[1], key
