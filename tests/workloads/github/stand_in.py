"""A GitHub API on loopback that enforces its published rules, and misbehaves on request."""

from __future__ import annotations

import functools
import itertools
import json
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from workloads.github.population import Population

AT_ONCE_MOST = 100
SECONDS_PER_WINDOW = 3_600


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    path: str
    authorization: str | None


@dataclass
class StandIn:
    """The state of one simulated API; tests read and change it."""

    url: str = ""
    #: Tokens it accepts, all of one account.
    tokens: frozenset[str] = frozenset()
    #: Requests left in this window for nobody (by address) and for the account.
    remaining: dict[bool, int] = field(default_factory=lambda: {False: 60, True: 5_000})
    reset: int = field(default_factory=lambda: int(time.time()) + SECONDS_PER_WINDOW)
    #: False as on an Enterprise server with rate limits switched off.
    limits_rates: bool = True
    seen: list[Seen] = field(default_factory=list)
    #: User -> what happens to requests for that user, one entry per request; afterwards the normal answer.
    script: dict[str, Iterator[Behaviour]] = field(default_factory=dict)
    under_way: int = 0
    under_way_most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def will(self, user: str, *behaviours: Behaviour, always: bool = False) -> None:
        """The next requests for this user meet these behaviours, or every request does."""
        self.script[user] = itertools.cycle(behaviours) if always else iter(behaviours)

    def asked(self, user: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path.startswith(f"/users/{user}/")]


Behaviour = Callable[["_Handler"], None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: StandIn

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        state = self.state
        authorization = self.headers["Authorization"]
        with state.lock:
            state.seen.append(Seen(self.path, authorization))
            state.under_way += 1
            state.under_way_most = max(state.under_way_most, state.under_way)
            crowded = state.under_way > AT_ONCE_MOST
        try:
            if crowded:
                refuse_secondary(self)
            else:
                self._answer(authorization)
        except (BrokenPipeError, ConnectionResetError):  # the client gave up, as some tests want it to
            self.close_connection = True
        finally:
            with state.lock:
                state.under_way -= 1

    def _answer(self, authorization: str | None) -> None:
        state = self.state
        known = authorization is not None and authorization.removeprefix("Bearer ") in state.tokens
        if authorization is not None and not known:
            self.reply(401, {"message": "Bad credentials"})
            return
        if self.path == "/rate_limit":
            self._tell_rate_limit(known)
            return
        user = self.path.split("/")[2]
        behaviour = next(state.script.get(user, iter(())), None)
        if behaviour is not None:
            behaviour(self)
            return
        with state.lock:
            allowed = state.remaining[known] > 0
            state.remaining[known] -= allowed
        if not allowed:
            refuse_primary(self, seconds=state.reset - int(time.time()))
            return
        answer = Population(state.url, 1, 0.0).answer(self.path)
        self.reply(answer.status, answer.body, {**answer.headers, "X-RateLimit-Remaining": str(state.remaining[known])})

    def _tell_rate_limit(self, known: bool) -> None:
        if not self.state.limits_rates:
            self.reply(404, {"message": "Rate limiting is not enabled."})
            return
        core = {"limit": 5_000 if known else 60, "remaining": self.state.remaining[known], "reset": self.state.reset}
        self.reply(200, {"resources": {"core": core}})

    def reply(
        self,
        status: int,
        body: object,
        headers: dict[str, str] | None = None,
        *,
        cut: int = 0,
        reason: str | None = None,
    ) -> None:
        """Answer; with `cut`, promise so many bytes more than are sent."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status, reason)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data) + cut))
        self.end_headers()
        self.wfile.write(data)
        if cut:
            self.close_connection = True


# --- behaviours -----------------------------------------------------------------------------------------------------


def echo(code: int, **headers: str) -> Behaviour:
    """Any status, and the token in every place where a client might read it; in these headers in place of "{}"."""

    def behave(handler: _Handler) -> None:
        said = handler.headers["Authorization"]
        token = said.removeprefix("Bearer ")
        named = {name.replace("_", "-"): value.replace("{}", token) for name, value in headers.items()}
        text = "".join(f"\\u{ord(letter):04x}" for letter in token)  # JSON's other way to write it
        data = f'{{"message": "{text} {said} {token.upper()}", "headers": {json.dumps(dict(handler.headers))}}}'
        handler.reply(code, data.encode(), {"X-Echo": said, **named}, reason=f"{code} {said}")

    return behave


@functools.cache
def packed_blanks(mebibytes: int) -> bytes:
    """So many MiB of blanks as gzip packs them: one block again and again, which no compressor has to go through."""
    block = b" " * (1 << 20)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # it does not look back: it can be repeated
    checksum = functools.reduce(lambda checksum, _: zlib.crc32(block, checksum), range(mebibytes), 0)
    end = packer.flush() + struct.pack("<LL", checksum, mebibytes << 20)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff" + packed * mebibytes + end


def bomb(handler: _Handler) -> None:
    """A page that is small on the way and, decompressed, 1 GiB of blanks."""
    handler.reply(200, packed_blanks(1024), {"Content-Encoding": "gzip"})


def endless_pages(handler: _Handler) -> None:
    """An empty page with a Link to yet another one."""
    head, _, number = handler.path.partition("&page=")
    handler.reply(200, [], {"Link": f'<{handler.state.url}{head}&page={int(number or 1) + 1}>; rel="next"'})


def put_off(status: int, seconds: str) -> Behaviour:
    """403 or 429 with Retry-After."""
    message = {"message": "You have exceeded a secondary rate limit."}
    return lambda handler: handler.reply(status, message, {"Retry-After": seconds})


def refuse_primary(handler: _Handler, seconds: int) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + seconds)}
    handler.reply(403, {"message": "API rate limit exceeded"}, headers)


def primary(seconds: int) -> Behaviour:
    """403 with no requests left until so many seconds from now."""
    return lambda handler: refuse_primary(handler, seconds)


def refuse_secondary(handler: _Handler) -> None:
    """403 that says only in words that it is a limit."""
    handler.reply(403, {"message": "You have exceeded a secondary rate limit."}, {"X-RateLimit-Remaining": "55"})


def status(code: int, message: str = "Server Error", **headers: str) -> Behaviour:
    """Any status; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(code, {"message": message}, named)


def truncated(handler: _Handler) -> None:
    """Half a page, then the end of the connection."""
    body = Population(handler.state.url, 1, 0.0).answer(handler.path).body
    handler.reply(200, body[: len(body) // 2], cut=len(body) - len(body) // 2)


def body(data: bytes) -> Behaviour:
    """A complete reply with that body."""
    return lambda handler: handler.reply(200, data)


def slow(seconds: float) -> Behaviour:
    """An answer after so many seconds."""

    def behave(handler: _Handler) -> None:
        time.sleep(seconds)
        handler.reply(200, [])

    return behave


def hang_up(handler: _Handler) -> None:
    """No answer at all."""
    handler.close_connection = True


def redirect(location: str, code: int = 301) -> Behaviour:
    return lambda handler: handler.reply(code, {"message": "Moved Permanently"}, {"Location": location})


def next_page_at(url: str) -> Behaviour:
    return lambda handler: handler.reply(200, [], {"Link": f'<{url}>; rel="next"'})


@contextmanager
def serving() -> Iterator[StandIn]:
    """A stand-in on a port of its own."""
    state = StandIn()
    handler = type("Handler", (_Handler,), {"state": state})

    class Server(ThreadingHTTPServer):
        request_queue_size = 512
        daemon_threads = True

    with Server(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


def other_host(state: StandIn) -> str:
    """The same server under another name: another host to every client."""
    return f"http://localhost:{urlsplit(state.url).port}"
