"""How much the loopback server can serve: kept-alive connections that each ask again as soon as they are answered.

python -m workloads.github.server_load [connections [latency in seconds [seconds to measure]]]

The client is a process of its own, pinned to other cores than the server where the system can do that.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

import psutil

from workloads.github.loopback import running_server
from workloads.github.population import PAGE_SIZE, list_users

#: What one core has to serve at 50 ms latency and 1000 connections, in replies per second.
REPLIES_PER_SECOND_DEMANDED = 15_000
USERS = 1_000
#: Seconds before counting begins, for all connections to have been answered some times.
SECONDS_TO_SETTLE = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one measurement saw."""

    server: str
    connections: int
    latency_seconds: float
    replies_per_second: float
    bytes_per_reply: float
    #: User and system time of the server's process.
    cpu_seconds_per_reply: float
    #: Cores the server was pinned to; None where the system cannot pin.
    server_cores: int | None

    def __str__(self) -> str:
        share = self.replies_per_second / REPLIES_PER_SECOND_DEMANDED
        return (
            f"{self.server} on {self.server_cores or 'any number of'} core(s):"
            f" {self.replies_per_second:,.0f} replies/s,"
            f" {share:.2f} of the {REPLIES_PER_SECOND_DEMANDED:,} demanded;"
            f" {self.cpu_seconds_per_reply * 1e6:.1f} CPU microseconds and {self.bytes_per_reply:,.0f} bytes per reply;"
            f" {self.connections} connections at {self.latency_seconds * 1e3:g} ms"
        )


@dataclass(slots=True)
class _Count:
    replies: int = 0
    bytes: int = 0


class _Asker(asyncio.Protocol):
    """One connection that asks for one user after the other and counts the replies."""

    def __init__(self, requests: list[bytes], place: int, count: _Count) -> None:
        self._requests = requests
        self._place = place
        self._count = count
        self._missing = 0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def _ask(self) -> None:
        self._place = (self._place + 1) % len(self._requests)
        self._transport.write(self._requests[self._place])

    def data_received(self, data: bytes) -> None:
        self._count.bytes += len(data)
        if not self._missing:  # a head arrives whole: the server writes it in one piece with its body
            length_at = data.index(b"Content-Length: ") + 16
            self._missing = data.index(b"\r\n\r\n") + 4 + int(data[length_at : data.index(b"\r", length_at)])
        self._missing -= len(data)
        if not self._missing:
            self._count.replies += 1
            self._ask()


async def _ask_until_told(control: Connection, url: str, connections: int) -> None:
    """Open the connections; at every message, answer with the replies and bytes counted so far."""
    loop = asyncio.get_running_loop()
    host, port = url.removeprefix("http://").split(":")
    requests = [
        f"GET /users/{user}/repos?per_page={PAGE_SIZE} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
        for user in list_users(USERS)
    ]
    count, ended = _Count(), asyncio.Event()

    def tell() -> None:
        try:
            control.recv()
            control.send((count.replies, count.bytes))
        except EOFError:
            ended.set()

    for number in range(connections):
        await loop.create_connection(_asker(requests, number, count), host, int(port))
    loop.add_reader(control.fileno(), tell)
    control.send("connected")
    await ended.wait()
    loop.remove_reader(control.fileno())


def _asker(requests: list[bytes], place: int, count: _Count) -> Callable[[], _Asker]:
    return lambda: _Asker(requests, place, count)


def _client(control: Connection, url: str, connections: int, cores: list[int]) -> None:
    _pin(psutil.Process(), cores)
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        new_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(_ask_until_told(control, url, connections))


def measure(*, connections: int = 1_000, latency_seconds: float = 0.05, seconds: float = 3.0) -> Load:
    """Start server and client, let them settle, and compare counters and the server's CPU clock over some seconds."""
    settings = {"seed": 1, "latency_seconds": latency_seconds, "page_size": PAGE_SIZE, "users": USERS}
    start = multiprocessing.get_context("spawn")
    with running_server(settings) as (server, ready):
        process = psutil.Process(server.pid)
        cores = process.cpu_affinity() if hasattr(process, "cpu_affinity") else []
        pinned = len(cores) > 1 and _pin(process, cores[:1])
        here, there = start.Pipe()
        client = start.Process(target=_client, args=(there, ready["url"], connections, cores[1:]), daemon=True)
        client.start()
        there.close()
        here.recv()
        time.sleep(SECONDS_TO_SETTLE)
        before = _read(here, process)
        time.sleep(seconds)
        after = _read(here, process)
        here.close()
        client.join()
    elapsed, replies, size, cpu = (late - early for late, early in zip(after, before, strict=True))
    return Load(
        server=ready["server"],
        connections=connections,
        latency_seconds=latency_seconds,
        replies_per_second=replies / elapsed,
        bytes_per_reply=size / replies,
        cpu_seconds_per_reply=cpu / replies,
        server_cores=1 if pinned else None,
    )


def _read(client: Connection, server: psutil.Process) -> tuple[float, int, int, float]:
    client.send("count")
    replies, size = client.recv()
    times = server.cpu_times()
    return time.perf_counter(), replies, size, times.user + times.system


def _pin(process: psutil.Process, cores: list[int]) -> bool:
    if not cores or not hasattr(process, "cpu_affinity"):
        return False
    process.cpu_affinity(cores)
    return True


def main(arguments: list[str]) -> None:
    """Measure once and print the figures."""
    connections, latency_seconds, seconds = [*arguments, *("1000", "0.05", "3")[len(arguments) :]]
    load = measure(connections=int(connections), latency_seconds=float(latency_seconds), seconds=float(seconds))
    print(load)  # noqa: T201  # that is what the command is for


if __name__ == "__main__":
    main(sys.argv[1:])
