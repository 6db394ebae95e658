"""One workload for each cause that may hold a cell: what `parabench explain` is tried on. They run by name.

What holds which model is a table of truth (tests/explain/truth.py); docs/explanations.md has the measured one.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import socket
import socketserver
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from parabench.workload import Json, ServiceOptions, Settings, Size, Workload

#: size -> tasks; those of a cause that needs short or very many tasks differ by a factor.
TASKS: Mapping[Size, int] = {"small": 16, "medium": 64, "large": 256}
#: Rounds of PBKDF2 in a task of about 10 ms; it releases the GIL.
ROUNDS = 40_000
#: Additions in a task of about 10 ms of pure Python.
ADDITIONS = 200_000
#: The server's and the sleep's length.
SECONDS_PER_REPLY, SECONDS_ASLEEP = 0.005, 0.02
SECONDS_TO_START = 0.4
#: A server that does not answer has failed.
SECONDS_TO_ANSWER = 60.0
#: Small objects in a message; bytes that a task touches.
OBJECTS, BYTES_TOUCHED = 5_000, 32 * 1024 * 1024
#: The one long task of an uneven batch takes so many times as long as the others.
LONG = 40


def compute(item: int) -> int:
    """Pure Python: holds the GIL."""
    total = 0
    for number in range(ADDITIONS):
        total += number & item
    return total


def digest(item: Mapping[str, int]) -> str:
    """Native code that releases the GIL."""
    return hashlib.pbkdf2_hmac("sha256", b"cause", str(item["salt"]).encode(), item["rounds"]).hex()


def sleep(item: int) -> int:
    """Waits for nothing but the clock."""
    time.sleep(SECONDS_ASLEEP)
    return item


async def sleep_async(item: int) -> int:
    """The same as a coroutine."""
    await asyncio.sleep(SECONDS_ASLEEP)
    return item


async def block_async(item: int) -> int:
    """A coroutine that forgets to await: it blocks the loop."""
    time.sleep(SECONDS_ASLEEP)  # noqa: ASYNC251 - that is the cause
    return item


def ask(item: int, address: list[Any]) -> int:
    """One request to the server that serves one after the other."""
    with socket.create_connection((address[0], address[1]), SECONDS_TO_ANSWER) as line:
        line.sendall(b"%d\n" % item)
        return int(line.makefile("rb").readline())


async def ask_async(item: int, address: list[Any]) -> int:
    """The same as a coroutine."""
    async with asyncio.timeout(SECONDS_TO_ANSWER):
        reader, writer = await asyncio.open_connection(address[0], address[1])
        try:
            writer.write(b"%d\n" % item)
            return int(await reader.readline())
        finally:
            writer.close()


def digest_locked(item: Mapping[str, int], path: str) -> str:
    """Native code under a lock of a file that all tasks share, as processes and threads can both take one."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return digest(item)
    finally:
        os.close(descriptor)  # which gives the lock back


def nothing(item: Json) -> Json:
    """Return the item."""
    return item


async def nothing_async(item: Json) -> Json:
    """Return the item."""
    return item


def touch(item: int) -> int:
    """Touch much new memory, and give it back."""
    return len(b"x" * (BYTES_TOUCHED + item))


@contextmanager
def started_slowly(settings: Settings) -> Iterator[int]:
    """What a worker needs before its first task takes its time: a model to load, a cache to fill."""
    time.sleep(SECONDS_TO_START)
    yield 0


def digest_after_start(item: Mapping[str, int], context: int) -> str:
    """A short task behind a long start."""
    return digest(item)


@contextmanager
def address_of(settings: Settings) -> Iterator[list[Any]]:
    """Where the server is."""
    yield list(settings["address"])


@asynccontextmanager
async def address_of_async(settings: Settings) -> AsyncIterator[list[Any]]:
    """The same in an event loop."""
    yield list(settings["address"])


@contextmanager
def path_of(settings: Settings) -> Iterator[str]:
    """The file that is locked."""
    yield settings["path"]


class _OneByOne(socketserver.StreamRequestHandler):
    timeout = SECONDS_TO_ANSWER

    def handle(self) -> None:
        line = self.rfile.readline()
        time.sleep(SECONDS_PER_REPLY)
        self.wfile.write(line)


class _Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 1024


@contextmanager
def _serve(options: ServiceOptions) -> Iterator[Settings]:
    with _Server(("127.0.0.1", 0), _OneByOne) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield {"address": list(server.server_address)}
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def _lock_file(options: ServiceOptions) -> Iterator[Settings]:
    path = Path(options.scratch_directory) / "lock"
    path.touch()
    yield {"path": str(path)}


def numbers(factor: int, size: Size) -> list[Json]:
    """So many times as many numbers as other causes have tasks."""
    return list(range(TASKS[size] * factor))


def digests(rounds: int, size: Size) -> list[Json]:
    """Tasks of equal length."""
    return [{"salt": salt, "rounds": rounds} for salt in range(TASKS[size])]


def uneven_digests(size: Size) -> list[Json]:
    """One task is much longer than all others, and comes late."""
    items = digests(ROUNDS // 2, size)
    items[-2] = {"salt": 0, "rounds": LONG * ROUNDS // 2}
    return items


def objects(size: Size) -> list[Json]:
    """Messages of many small objects."""
    return [[{"number": number, "name": str(number)} for number in range(OBJECTS)] for _ in range(TASKS[size])]


_cause = partial(Workload, on_request=True)
WORKLOADS = (
    _cause(
        name="cause-gil", kind="cpu", task=compute, items=partial(numbers, 1), description="Computes under the GIL."
    ),
    _cause(
        name="cause-computing",
        kind="native",
        task=digest,
        items=partial(digests, ROUNDS),
        description="Computes without the GIL.",
    ),
    _cause(
        name="cause-cores",
        kind="mixed",
        task=digest,
        items=partial(digests, ROUNDS),
        description="Computes with more workers than most machines have cores for.",
    ),
    _cause(
        name="cause-waiting",
        kind="network",
        task=sleep,
        task_async=sleep_async,
        items=partial(numbers, 2),
        description="Waits for the clock.",
    ),
    _cause(
        name="cause-loop",
        kind="network",
        task=sleep,
        task_async=block_async,
        items=partial(numbers, 1),
        description="Waits; its coroutine blocks the loop meanwhile.",
    ),
    _cause(
        name="cause-server",
        kind="network",
        task=ask,
        task_async=ask_async,
        context=address_of,
        context_async=address_of_async,
        service=_serve,
        items=partial(numbers, 3),
        description="Asks a server that answers one request after the other.",
    ),
    _cause(
        name="cause-lock",
        kind="native",
        task=digest_locked,
        context=path_of,
        service=_lock_file,
        items=partial(digests, ROUNDS),
        description="Computes under a lock that all tasks share.",
    ),
    _cause(
        name="cause-dispatch",
        kind="overhead",
        task=nothing,
        task_async=nothing_async,
        async_library="any",
        items=partial(numbers, 16),
        description="Does nothing, many times.",
    ),
    _cause(
        name="cause-serialisation",
        kind="overhead",
        task=nothing,
        items=objects,
        description="Sends messages of many small objects there and back.",
    ),
    _cause(
        name="cause-start-up",
        kind="native",
        task=digest_after_start,
        context=started_slowly,
        items=partial(digests, ROUNDS // 10),
        description="Short tasks whose workers start slowly.",
    ),
    _cause(
        name="cause-imbalance",
        kind="native",
        task=digest,
        items=uneven_digests,
        description="One task is much longer than all others.",
    ),
    _cause(
        name="cause-memory",
        kind="native",
        task=touch,
        items=partial(numbers, 1),
        description="Touches much new memory.",
    ),
)
