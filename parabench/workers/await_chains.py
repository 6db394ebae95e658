"""Who waits for whom in an event loop of asyncio: the functions of a task that await one another, as one text.

`asyncio.capture_call_graph` shows them, from Python 3.14 on. It is asked at some ticks of a round of its own.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

#: Of so many tasks at each tick: a loop may have thousands.
TASKS_PER_TICK = 64
#: What a model's own coroutine awaits while its task has no place yet: that is queueing.
QUEUEING = "_ContextManagerMixin.__aenter__ > Semaphore.acquire"
#: Functions in a chain, characters of a name.
FUNCTIONS_MOST, NAME_MOST = 12, 60
ARROW = " > "


def why_unknown() -> str | None:
    """Why this interpreter cannot tell; None: it can."""
    import asyncio

    if hasattr(asyncio, "capture_call_graph"):
        return None
    return "this version of Python does not show who awaits whom (3.14 and later do)"


def chain_of(graph: Any) -> str:
    """The functions of a FutureCallGraph, from the outermost that waits to the innermost that is awaited."""
    names: list[str] = []
    while graph is not None and len(names) < FUNCTIONS_MOST:
        names += [_name(entry.frame.f_code.co_qualname) for entry in graph.call_stack]
        graph = next(iter(graph.awaited_by), None)
    return ARROW.join(reversed(names[:FUNCTIONS_MOST]))


def look_at(loop: Any, chains: Counter[str]) -> None:
    """Count the chains of some tasks that wait in this loop, which has to be running."""
    import asyncio

    waiting = (task for task in asyncio.all_tasks(loop) if not task.done())
    for task in itertools.islice(waiting, TASKS_PER_TICK):
        graph = asyncio.capture_call_graph(task)  # type: ignore[attr-defined]  # from 3.14 on
        if graph is not None and (chain := chain_of(graph)) and not chain.endswith(QUEUEING):
            chains[chain] += 1


def most_frequent(chains: Counter[str]) -> str | None:
    """The chain met most often, of several the longest; None: none was."""
    return max(chains, key=lambda chain: (chains[chain], chain.count(ARROW), chain), default=None)


def _name(qualified: str) -> str:
    name = qualified.replace(".<locals>", "")
    return "".join(letter for letter in name if letter.isprintable())[:NAME_MOST]
