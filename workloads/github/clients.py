"""Who takes the steps of a listing: in the calling thread, in the running event loop, or on a loop of its own.

And the endpoint: where requests go, with which headers, and how much of a library's exception is told.
"""

from __future__ import annotations

import asyncio
import functools
import os
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from typing import Any

from workloads.github.listing import Fault, Listing, Reply, Repository, Source, Step, Strict, origin
from workloads.github.redaction import hide_nothing, hiding, muted

#: Seconds to wait for the next bytes of a reply unless the settings say otherwise.
SECONDS_READ = 30.0
#: A reply may have so many bytes when it is decompressed: GitHub's largest pages have a tenth of it.
BYTES_MOST = 8 * 1024 * 1024
#: What a body may be encoded with; HEADERS ask for nothing else.
ENCODINGS = ("", "identity", "gzip")
#: Headers that the rules look at.
HEADERS_READ = ("Location", "Retry-After", "X-RateLimit-Remaining", "X-RateLimit-Reset")
HEADERS = {
    "Accept": "application/vnd.github+json",
    "Accept-Encoding": "gzip",
    "User-Agent": "parabench",
    "X-GitHub-Api-Version": "2022-11-28",
}


class Endpoint:
    """Where a client sends its requests, and the only object that knows the token. Its repr does not tell it."""

    def __init__(self, settings: Mapping[str, Any], token: str | None = None) -> None:
        self.url: str = settings["url"]
        self.seconds_read: float = settings.get("seconds_read", SECONDS_READ)
        self._origin = origin(self.url)
        self._token = token
        self._hide = hide_nothing if token is None else hiding(token)

    def muted(self) -> AbstractContextManager[None]:
        """While this is open, client libraries log nothing that a server could have made them quote."""
        return nullcontext() if self._token is None else muted()

    def headers(self, url: str) -> dict[str, str]:
        """Headers for a request to that URL: the token goes to the endpoint's own scheme, host and port only."""
        if self._token is None or origin(url) != self._origin:
            return HEADERS
        return HEADERS | {"Authorization": f"Bearer {self._token}"}

    def reply(self, status: int, headers: Mapping[str, str], body: bytes, next_url: str | None) -> Reply:
        """A complete reply, without the token should the server have echoed it."""
        if self._token is None:
            return Reply(status, headers, body, next_url)
        read = {name: self._hide(headers[name]) for name in HEADERS_READ if name in headers}
        return Reply(status, read, body, None if next_url is None else self._hide(next_url), self._hide)

    def fault(self, error: BaseException, *, cut: bool = False) -> Fault:
        """The library's exception in words, without the token should the library have quoted it."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        text = self._hide(text)
        return Fault(f"broke off before its end ({text})" if cut else text, cut)

    def body(self, headers: Mapping[str, str]) -> Body:
        """Takes a reply's body, piece by piece."""
        return Body(self._hide(headers.get("Content-Encoding", "")))

    def certificates(self) -> str:
        """File of the trusted certificate authorities: SSL_CERT_FILE, else those that requests and httpx come with."""
        import certifi

        return os.environ.get("SSL_CERT_FILE") or certifi.where()

    def tls(self) -> ssl.SSLContext:
        """A verifying TLS context; for plain http one that was not made to read the authorities' file first."""
        if self._origin[0] != "https":
            return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return _tls(self.certificates())


class Body:
    """The body of one reply as it comes, as long as it is small enough: a little gzip can hold a lot of nothing."""

    def __init__(self, encoding: str) -> None:
        #: Why no more of it is to be read.
        self.refused: Fault | None = None
        self._pieces: list[bytes] = []
        self._bytes = 0
        if encoding.lower() not in ENCODINGS:
            self.refused = Fault(f"has the encoding {encoding[:40]!r}, which was not asked for", cut=True)

    def add(self, piece: bytes) -> bool:
        """Take a piece; False when there is one too many."""
        self._pieces.append(piece)
        self._bytes += len(piece)
        if self._bytes > BYTES_MOST:
            self.refused = Fault(f"has more than {BYTES_MOST:,} bytes, and was not read to its end", cut=True)
        return self.refused is None

    def whole(self) -> bytes:
        """All of it."""
        return b"".join(self._pieces)


@functools.cache
def _tls(certificates: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates)


class SyncClient:
    """Takes the steps of a listing in the calling thread; any number of threads may share one."""

    def __init__(self, source: Source, get: Callable[[str], Reply | Fault]) -> None:
        self.source = source
        self.get = get

    def run(self, listing: Listing) -> list[Repository]:
        """Take every step; what the listing raises comes out here."""
        came: Reply | Fault | None = None
        while True:
            try:
                step: Step = listing.send(came)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            if isinstance(step, str):
                came = self.get(step)
            else:
                time.sleep(step)
                came = None


class AsyncClient:
    """Takes the steps of a listing in the running event loop."""

    def __init__(self, source: Source, get: Callable[[str], Coroutine[Any, Any, Reply | Fault]]) -> None:
        self.source = source
        self.get = get

    async def run(self, listing: Listing) -> list[Repository]:
        """Take every step; what the listing raises comes out here."""
        came: Reply | Fault | None = None
        while True:
            try:
                step: Step = listing.send(came)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            if isinstance(step, str):
                came = await self.get(step)
            else:
                await asyncio.sleep(step)
                came = None


class LoopClient:
    """An asynchronous client for synchronous tasks: drives an event loop of its own, in one thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: AsyncClient) -> None:
        self.source = client.source
        self._loop = loop
        self._client = client

    def run(self, listing: Listing) -> list[Repository]:
        """Take every step on the loop while the calling thread waits."""
        return self._loop.run_until_complete(self._client.run(listing))


@contextmanager
def own_loop(opened: AbstractAsyncContextManager[AsyncClient]) -> Iterator[LoopClient]:
    """Open an asynchronous client in a new event loop; both are closed afterwards."""
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    try:
        yield LoopClient(loop, loop.run_until_complete(stack.enter_async_context(opened)))
    finally:
        try:
            loop.run_until_complete(stack.aclose())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()


def source_of(settings: Mapping[str, Any]) -> Source:
    """The simulated source that a service's settings describe: strict rules."""
    return Source(settings["url"], settings["page_size"], Strict)
