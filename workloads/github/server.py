"""The loopback server: a process of its own that serves the simulated GitHub over real sockets.

    python -m workloads.github.server '{"seed": 1, "latency_seconds": 0.005, "page_size": 30, "users": 16}'

It prints one JSON line when it is ready and ends when its standard input does, so that it never outlives its parent.
One raw protocol, replies prepared beforehand: it must never be what a client waits for.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, cast

from workloads.github.population import Population, list_users, page_count

HOST = "127.0.0.1"
#: Connections the kernel keeps waiting while the server is busy; it cuts this to net.core.somaxconn.
BACKLOG = 4_096
#: Bytes of a request's head, and of requests sent ahead, that a connection may hold.
BYTES_HELD_MOST = 65_536
#: Seconds between looks at the parent, should somebody else hold the other end of standard input.
SECONDS_BETWEEN_LOOKS = 1.0


class Replies:
    """Complete HTTP replies by request target, with the seconds each takes."""

    def __init__(self, population: Population, settings: Mapping[str, Any]) -> None:
        self._population = population
        self._known: dict[bytes, tuple[bytes, float]] = {}
        page_size = settings["page_size"]
        for user in list_users(settings["users"]):
            path = f"/users/{user}/repos?per_page={page_size}"
            pages = range(2, page_count(user, page_size) + 1)
            for target in [path, *(f"{path}&page={page}" for page in pages)]:
                self.find(target.encode())

    def find(self, target: bytes) -> tuple[bytes, float]:
        """The reply for a path and query."""
        reply = self._known.get(target)
        if reply is None:
            answer = self._population.answer(target.decode("latin-1"))
            reply = _encoded(answer.status, answer.headers, answer.body), answer.latency_seconds
            self._known[target] = reply
        return reply


def _encoded(status: int, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    reason = {200: "OK", 400: "Bad Request", 404: "Not Found"}[status]
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


BAD_REQUEST = _encoded(400, {"Connection": "close"})


class Connection(asyncio.Protocol):
    """One kept-alive connection: requests are answered one after the other, also when they were sent ahead."""

    __slots__ = ("_blocked", "_busy", "_held", "_late", "_loop", "_replies", "_transport")

    def __init__(self, loop: asyncio.AbstractEventLoop, replies: Replies, seconds_late: float) -> None:
        self._loop = loop
        self._replies = replies
        self._late = seconds_late
        self._held = b""
        self._busy = self._blocked = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Switch Nagle's algorithm off: it would hold back replies for 40 ms."""
        self._transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        """Answer what is complete."""
        self._held = self._held + data if self._held else data
        if not self._busy:
            self._answer_next()
        if len(self._held) > BYTES_HELD_MOST:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        """The client does not read: stop answering."""
        self._blocked = True

    def resume_writing(self) -> None:
        """The client reads again."""
        self._blocked = False
        if not self._busy:
            self._answer_next()

    def _answer_next(self) -> None:
        end = self._held.find(b"\r\n\r\n")
        if end < 0 or self._blocked:
            if end < 0 and len(self._held) > BYTES_HELD_MOST:
                self._send(BAD_REQUEST, keep=False)
            return
        head, self._held = self._held[:end], self._held[end + 4 :]
        target_end = head.find(b" HTTP/1.1\r\n", 4)
        if not head.startswith(b"GET /") or target_end < 0 or b"ontent-length:" in head.lower():
            self._send(BAD_REQUEST, keep=False)
            return
        payload, seconds = self._replies.find(head[4:target_end])
        self._busy = True
        self._loop.call_later(seconds + self._late, self._send, payload, b"onnection: close" not in head)

    def _send(self, payload: bytes, keep: bool = True) -> None:  # noqa: FBT001, FBT002  # a timer's positional argument
        self._busy = False
        if self._transport.is_closing():
            return
        self._transport.write(payload)
        if not keep:
            self._transport.close()
        elif self._held:
            self._answer_next()
            if not self._transport.is_reading() and len(self._held) < BYTES_HELD_MOST:
                self._transport.resume_reading()


async def serve(settings: Mapping[str, Any]) -> None:
    """Serve until standard input ends or the parent is gone."""
    loop = asyncio.get_running_loop()
    # uvloop's timers count from the start of its turn in whole milliseconds and may fire up to one early.
    seconds_late = 0.001 if type(loop).__module__.startswith("uvloop") else 0.0
    listening = socket.create_server((HOST, 0), backlog=BACKLOG)
    url = f"http://{HOST}:{listening.getsockname()[1]}"
    replies = Replies(Population(url, settings["seed"], settings["latency_seconds"]), settings)
    server = await loop.create_server(lambda: Connection(loop, replies, seconds_late), sock=listening, backlog=BACKLOG)
    ended = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), ended.set)  # nothing is ever sent: readable means ended
    parent = os.getppid()
    print(json.dumps({"url": url, "server": _describe(loop), "pid": os.getpid()}), flush=True)  # noqa: T201
    while not ended.is_set() and os.getppid() == parent:
        try:
            await asyncio.wait_for(ended.wait(), SECONDS_BETWEEN_LOOKS)
        except TimeoutError:
            continue
    server.close()


def _describe(loop: asyncio.AbstractEventLoop) -> str:
    if type(loop).__module__.startswith("uvloop"):
        return f"asyncio.Protocol on uvloop {importlib.metadata.version('uvloop')}"
    return f"asyncio.Protocol on {type(loop).__name__}"


def main(text: str) -> None:
    """Serve on uvloop where it is installed, else on asyncio's own loop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent; this ends with it
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection is a file, and 1024 is a common limit
    new_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        import uvloop

        new_loop = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(serve(json.loads(text)))


if __name__ == "__main__":
    main(sys.argv[1])
