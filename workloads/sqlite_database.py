"""Readers and writers of one SQLite database, as many small services have it.

The database is in write-ahead mode: readers do not wait for the one writer, writers wait for each other. Every thread
has a connection of its own, as the library asks for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

from parabench.workload import Json, Limit, LimitCase, ServiceOptions, Settings, Size, Workload

#: size -> (tasks, orders that a task writes).
TASKS: Mapping[Size, tuple[int, int]] = {"small": (32, 20), "medium": (128, 60), "large": (512, 200)}
#: Orders that are there before, which every task reads.
ORDERS_BEFORE = 2_000
CUSTOMERS = 50
#: Seconds that a connection waits for the writer before it gives up: many times what a batch of the largest size needs.
SECONDS_BUSY = 60.0


def read_and_write(item: Mapping[str, int], connection: sqlite3.Connection) -> dict[str, Json]:
    """Total the orders that a customer had before, then add new ones in one transaction."""
    orders, cents = connection.execute(
        "select count(*), sum(cents) from orders where customer = ? and batch = 0", (item["customer"],)
    ).fetchone()
    with connection:
        connection.executemany(
            "insert into orders (customer, cents, batch) values (?, ?, 1)",
            [(item["customer"], cents) for cents in range(item["orders"])],
        )
    return {"orders": orders, "cents": cents}


def items(size: Size) -> list[Json]:
    """One task a customer, in turns."""
    tasks, orders = TASKS[size]
    return [{"customer": task % CUSTOMERS, "orders": orders} for task in range(tasks)]


def check(item: Json, result: Json) -> bool:
    """Order i of those before belongs to customer i mod 50 and costs i cents."""
    ids = range(item["customer"], ORDERS_BEFORE, CUSTOMERS)
    return bool(result == {"orders": len(ids), "cents": sum(ids)})


@contextmanager
def connection_of(settings: Settings) -> Iterator[sqlite3.Connection]:
    """A connection of the calling thread's own."""
    with closing(sqlite3.connect(settings["path"], timeout=SECONDS_BUSY)) as connection:
        connection.execute("pragma synchronous = normal")
        yield connection


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """A database with the orders that are there before."""
    path = options.scratch_directory / "orders.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("pragma journal_mode = wal")
        connection.execute("create table orders (customer integer, cents integer, batch integer)")
        connection.execute("create index of_customer on orders (customer, batch)")
        connection.executemany(
            "insert into orders values (?, ?, 0)", [(order % CUSTOMERS, order) for order in range(ORDERS_BEFORE)]
        )
    try:
        yield {"path": str(path)}
    finally:
        for file in path.parent.glob("orders.sqlite*"):
            file.unlink()


def before_round(items: Sequence[Json], settings: Settings) -> None:
    """Take away what the round before has written."""
    with connection_of(settings) as connection, connection:
        connection.execute("delete from orders where batch = 1")


def after_round(items: Sequence[Json], results: Sequence[Json], settings: Settings) -> dict[str, Json]:
    """Every order is there. Raises AssertionError when one was lost or written twice."""
    expected = sum(item["orders"] for item in items)
    with connection_of(settings) as connection:
        (written,) = connection.execute("select count(*) from orders where batch = 1").fetchone()
    if written != expected:
        raise AssertionError(f"{written} orders are in the database; the tasks wrote {expected}")
    return {"orders_written": written}


def limit(case: LimitCase) -> Limit:
    """Unknown: writers wait for each other and for the device."""
    return Limit(None, "writers wait for each other, and the device's speed is not known")


SQLITE_ORDERS = Workload(
    name="sqlite-orders",
    kind="disk",
    description="Reads from one SQLite database and writes to it, with a connection for each thread.",
    task=read_and_write,
    items=items,
    context=connection_of,
    context_scope="thread",
    service=service,
    before_round=before_round,
    after_round=after_round,
    check=check,
    limit=limit,
    on_request=True,
)
