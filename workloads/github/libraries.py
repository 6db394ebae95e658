"""The four client libraries behind one face: requests and httpx for threads, aiohttp and httpx for event loops.

Every client is set up alike: connections kept alive and as many as there are workers, no proxies, no .netrc and no
cookies, explicit timeouts, redirects never followed by the library. Libraries are imported when a client is opened,
because a spawned worker pays for each import.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from workloads.github.clients import AsyncClient, Endpoint, SyncClient
from workloads.github.listing import Fault, Reply, Source

if TYPE_CHECKING:
    import httpx

#: Seconds to wait for a connection.
SECONDS_CONNECT = 10.0
#: Connections a client keeps open at once: more than any number of workers, so that none ever has to reconnect.
CONNECTIONS_KEPT = 1_024
#: Seconds a connection may rest between two batches and be used again.
SECONDS_KEPT = 120.0
#: Bytes that requests reads at once, before they are decompressed.
BYTES_PIECE = 10_240


@contextmanager
def requests_client(source: Source, endpoint: Endpoint) -> Iterator[SyncClient]:
    """One `requests.Session` for all threads: it is only read after this, and urllib3's pools are made for threads."""
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    with endpoint.muted(), requests.Session() as session:
        session.trust_env = False
        session.verify = endpoint.certificates()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # the jar is what threads would write to
        adapter = HTTPAdapter(pool_maxsize=CONNECTIONS_KEPT, max_retries=0, pool_block=False)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        timeouts = (SECONDS_CONNECT, endpoint.seconds_read)

        def get(url: str) -> Reply | Fault:
            headers = endpoint.headers(url)
            try:
                response = session.get(url, headers=headers, timeout=timeouts, allow_redirects=False, stream=True)
            except (requests.RequestException, ValueError) as error:  # the latter for a Location that is no URL
                return endpoint.fault(error)
            with response:
                body = endpoint.body(response.headers)
                try:
                    if body.refused is None:
                        all(map(body.add, response.iter_content(BYTES_PIECE)))
                except requests.RequestException as error:
                    return endpoint.fault(error, cut=True)
                following = response.links.get("next", {}).get("url")
                return body.refused or endpoint.reply(response.status_code, response.headers, body.whole(), following)

        yield SyncClient(source, get)


def _httpx_options(endpoint: Endpoint) -> dict[str, Any]:
    import httpx

    return {
        "timeout": httpx.Timeout(endpoint.seconds_read, connect=SECONDS_CONNECT, pool=None),
        "limits": httpx.Limits(
            max_connections=None, max_keepalive_connections=CONNECTIONS_KEPT, keepalive_expiry=SECONDS_KEPT
        ),
        "trust_env": False,
        "follow_redirects": False,
    }


def _httpx_reply(endpoint: Endpoint, response: httpx.Response, body: bytes) -> Reply:
    following = response.links.get("next", {}).get("url")
    return endpoint.reply(response.status_code, response.headers, body, following)


@contextmanager
def httpx_client(
    source: Source, endpoint: Endpoint, transport: httpx.BaseTransport | None = None
) -> Iterator[SyncClient]:
    """One `httpx.Client` for all threads, as httpx documents it."""
    import httpx

    verify = endpoint.tls() if transport is None else False
    with endpoint.muted(), httpx.Client(**_httpx_options(endpoint), transport=transport, verify=verify) as client:

        def get(url: str) -> Reply | Fault:
            began = False
            try:
                with client.stream("GET", url, headers=endpoint.headers(url)) as response:
                    began, body = True, endpoint.body(response.headers)
                    if body.refused is None:
                        all(map(body.add, response.iter_bytes()))
                    return body.refused or _httpx_reply(endpoint, response, body.whole())
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                return endpoint.fault(error, cut=began)

        yield SyncClient(source, get)


@asynccontextmanager
async def httpx_async_client(
    source: Source, endpoint: Endpoint, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[AsyncClient]:
    """One `httpx.AsyncClient` for one event loop."""
    import httpx

    verify = endpoint.tls() if transport is None else False
    options = _httpx_options(endpoint)
    with endpoint.muted():
        async with httpx.AsyncClient(**options, transport=transport, verify=verify) as client:

            async def get(url: str) -> Reply | Fault:
                began = False
                try:
                    async with client.stream("GET", url, headers=endpoint.headers(url)) as response:
                        began, body = True, endpoint.body(response.headers)
                        if body.refused is None:
                            async for piece in response.aiter_bytes():
                                if not body.add(piece):
                                    break
                        return body.refused or _httpx_reply(endpoint, response, body.whole())
                except (httpx.HTTPError, httpx.InvalidURL) as error:
                    return endpoint.fault(error, cut=began)

            yield AsyncClient(source, get)


@asynccontextmanager
async def aiohttp_client(source: Source, endpoint: Endpoint) -> AsyncIterator[AsyncClient]:
    """One `aiohttp.ClientSession` for one event loop."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS_CONNECT, sock_read=endpoint.seconds_read)
    with endpoint.muted():
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=SECONDS_KEPT, ssl=endpoint.tls()),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=timeout,
            trust_env=False,
        ) as session:

            async def get(url: str) -> Reply | Fault:
                began = False
                try:
                    async with session.get(url, headers=endpoint.headers(url), allow_redirects=False) as response:
                        began, body = True, endpoint.body(response.headers)
                        if body.refused is None:
                            async for piece in response.content.iter_any():
                                if not body.add(piece):
                                    break
                        following = response.links.get("next")
                        next_url = None if following is None else str(following["url"])
                        return body.refused or endpoint.reply(response.status, response.headers, body.whole(), next_url)
                except (aiohttp.ClientError, TimeoutError, ValueError) as error:  # the last for a Link that is no URL
                    return endpoint.fault(error, cut=began)

            yield AsyncClient(source, get)
