"""Functions of somebody's own, each with a trap."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import multiprocessing
import operator
import os
import random
import socket
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.util import Finalize
from pathlib import Path

CACHE: dict[int, int] = {}
TOTAL = 0
SEEN: list[int] = []
tripled = functools.partial(operator.mul, 3)
ALONE = threading.Lock()


def plain(item):
    return item * 2


def prints(item):
    print("a line", item)
    return item


def prints_late(item):
    """What it prints is written as its process ends, half a second after it has been asked to."""
    print("late", item)
    if not SEEN:
        Finalize(None, time.sleep, args=(0.5,), exitpriority=0)
    SEEN.append(item)
    return item


def logs(item):
    logging.getLogger("jobs").warning("item %s", item)
    return item


def mutates(item):
    item["seen"] = True
    return item["n"]


def remembers(item):
    if item not in CACHE:
        time.sleep(0.01)
        CACHE[item] = item + 1
    return CACHE[item]


def needs_connection(item, connection):
    return connection.execute("select ? + 1", (item,)).fetchone()[0]


@contextlib.contextmanager
def connection():
    made = sqlite3.connect(":memory:")
    yield made
    made.close()


def refused():
    raise ConnectionRefusedError("nobody listens")


@contextlib.contextmanager
def one_at_a_time():
    if not ALONE.acquire(blocking=False):
        raise ConnectionRefusedError("there is one connection")
    yield "connection"
    ALONE.release()


def slow_setup():
    time.sleep(1.5)
    return "connection"


def waits_with(item, connection):
    time.sleep(0.04)
    return item


def multiplies(item):
    import numpy as np

    square = np.full((300, 300), float(item))
    return float((square @ square).sum())


def waits(item):
    time.sleep(0.15)
    return item


def reads_slowly(item):
    mine, theirs = socket.socketpair()
    with mine, theirs:
        threading.Timer(0.15, theirs.sendall, (b"done",)).start()
        return mine.recv(4).decode()


def takes_a_moment(item):
    time.sleep(0.002)
    return item


def own_threads(item):
    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(sum, [range(item, 200_000)] * 2))


def raises_on_some(item):
    if item % 2:
        raise ValueError(f"{item} is odd")
    return item


def takes_long(item):
    time.sleep(1.2)
    return item


def never_returns(item):
    threading.Event().wait()


def returns_much(item):
    return b"x" * 5_000_000


async def blocks_its_loop(item):
    time.sleep(0.01)  # noqa: ASYNC251  # that is the trap
    return item


async def awaits(item):
    await asyncio.sleep(0.01)
    return item


def decorate(function):
    @functools.wraps(function)
    def wrapper(item):
        return function(item) + 1

    return wrapper


@decorate
def decorated(item):
    return item


class Client:
    def fetch(self, item):
        return item + 1


client = Client()


def _square(number):
    return number * number


def own_processes(item):
    with multiprocessing.Pool(1) as pool:
        return pool.map(_square, [item])[0]


def own_process_by(start_method):
    process = multiprocessing.get_context(start_method).Process(target=_square, args=(2,))
    process.start()
    process.join()
    return process.exitcode


def ends_the_process(item):
    os._exit(3)


def exits(item):
    raise SystemExit(item)


def depends_on_order(item):
    global TOTAL
    time.sleep(0.002)
    TOTAL += item
    return TOTAL


def by_chance(item):
    return random.random()


def not_pickled(item):
    return lambda: item


def leaves_files(item):
    Path(f"left-{item}.txt").write_text("x")
    return item


def counts(item):
    """Writes a byte into the file of the variable for each call: it survives whatever ends the process."""
    with Path(os.environ["CALLS_FILE"]).open("ab") as file:
        file.write(b"." if item >= 0 else b"-")
    return item


def counts_and_dies(item):
    counts(item)
    if item == 7 and multiprocessing.parent_process() is not None:
        os._exit(9)
    return item


def counts_and_hangs(item):
    counts(item)
    if item == 5:
        time.sleep(60)
    return item
