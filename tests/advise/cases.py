"""Twenty functions whose best family on two cores is known, one of each kind that is hard to advise on.

`python tests/advise/run_cases.py` runs them and prints what was advised.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import multiprocessing
import os
import sqlite3
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

DATA = bytes(range(256)) * 4000
CACHE: dict[int, int] = {}
TOTAL = 0


def _compute(item: int, steps: int = 40_000) -> int:
    total = item
    for step in range(steps):
        total += step * item % 7
    return total


def compresses(item: int) -> int:
    """Native code that lets go of the GIL."""
    return len(zlib.compress(DATA + bytes([item % 256]), 6))


async def awaits(item: int) -> int:
    """Waits in an event loop."""
    await asyncio.sleep(0.03)
    return item


def prints(item: int) -> int:
    """Pure Python that prints."""
    print("item", item)
    return _compute(item)


def logs(item: int) -> int:
    """Waits, and logs."""
    logging.getLogger("cases").warning("item %s", item)
    time.sleep(0.03)
    return item


def mutates(item: dict[str, int]) -> int:
    """Pure Python that changes its item."""
    item["n"] += 1
    return _compute(item["n"])


def remembers(item: int) -> int:
    """Waits once for each item, and remembers what came."""
    if item not in CACHE:
        time.sleep(0.02)
        CACHE[item] = item * 2
    return CACHE[item]


@contextlib.contextmanager
def connection() -> Iterator[sqlite3.Connection]:
    """A database of a worker's own."""
    made = sqlite3.connect(":memory:")
    yield made
    made.close()


def needs_connection(item: int, connection: sqlite3.Connection) -> int:
    """Pure Python beside a database that each worker has to open."""
    return int(connection.execute("select ?", (_compute(item),)).fetchone()[0])


def own_threads(item: int) -> int:
    """Keeps two cores busy by itself."""
    with ThreadPoolExecutor(2) as pool:
        return sum(len(done) for done in pool.map(zlib.compress, [DATA, DATA]))


def raises_on_some(item: int) -> int:
    """Pure Python that refuses every seventh item."""
    if item % 7 == 3:
        raise ValueError(f"no {item}")
    return _compute(item)


def takes_half_a_minute(item: int) -> int:
    """Waits for longer than a race could."""
    time.sleep(30)
    return item


def takes_a_microsecond(item: int) -> int:
    """Next to nothing."""
    return item + 1


def never_returns(item: int) -> None:
    """Waits for what never comes."""
    threading.Event().wait()


def returns_much(item: int) -> bytes:
    """50 MB, made with the GIL held."""
    return bytes([item % 256]) * 50_000_000


async def blocks_its_loop(item: int) -> int:
    """A coroutine that waits as if it were none."""
    time.sleep(0.03)  # noqa: ASYNC251  # that is the trap
    return item


def not_importable() -> Callable[[int], int]:
    """A function within a function."""

    def inner(item: int) -> int:
        return item

    return inner


def _decorated(function: Callable[[int], int]) -> Callable[[int], int]:
    @functools.wraps(function)
    def wrapper(item: int) -> int:
        return function(item)

    return wrapper


@_decorated
def decorated(item: int) -> int:
    """Pure Python behind a decorator."""
    return _compute(item)


class Digests:
    """Something with methods."""

    def digest(self, item: int) -> str:
        """Native code that lets go of the GIL."""
        return hashlib.sha256(DATA * 6 + bytes([item % 256])).hexdigest()


digests = Digests()


def own_processes(item: int) -> int:
    """Starts processes that keep two cores busy."""
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return sum(pool.map(functools.partial(_compute, steps=600_000), [item, item + 1]))


def ends_the_process(item: int) -> None:
    """Takes its worker along."""
    os._exit(3)


def depends_on_order(item: int) -> int:
    """Adds up, so that each result is about all calls before."""
    global TOTAL
    TOTAL += _compute(item)
    return TOTAL


@dataclass(frozen=True, slots=True)
class Case:
    """A function, and the families that may be advised: more than one where they cannot be told apart."""

    name: str
    #: Empty: nothing can be recommended.
    families: tuple[str, ...]
    #: Kinds of warnings that have to be among those told.
    told: tuple[str, ...] = ()
    items: list[Any] = field(default_factory=lambda: list(range(200)))
    options: dict[str, Any] = field(default_factory=dict)
    #: "module:function".
    setup: str | None = None
    #: For the code to paste: a few items; empty where running it would take too long, or print too much.
    items_text: str = "range(12)"


CASES = (
    Case("compresses", ("threads",)),
    Case("awaits", ("asyncio",)),
    Case("prints", ("processes",), ("prints",)),
    Case("logs", ("threads",), ("prints",)),
    Case(
        "mutates",
        ("processes",),
        ("mutates-item",),
        [{"n": number} for number in range(200)],
        items_text='[{"n": n} for n in range(12)]',
    ),
    Case("remembers", ("threads",), ("remembers",)),
    Case("needs_connection", ("processes",), setup="cases:connection"),
    Case("own_threads", ("baseline",), ("oversubscribed",)),
    Case("raises_on_some", ("processes",), ("raises",)),
    Case("takes_half_a_minute", ("threads",), ("predicted-only",), items_text=""),
    Case("takes_a_microsecond", ("baseline",)),
    Case("never_returns", (), ("never-returns",), options={"call_timeout_seconds": 3.0}),
    Case("returns_much", ("baseline",), ("large-results",), items_text="range(2)"),
    Case("blocks_its_loop", ("threads",), ("blocks-loop",)),
    Case("not_importable", ()),
    Case("decorated", ("processes",)),
    Case("digests.digest", ("threads",)),
    Case("own_processes", ("baseline",), ("own-processes",)),
    Case("ends_the_process", (), ("ends-process",)),
    Case("depends_on_order", ("baseline",), ("results-differ",)),
)
