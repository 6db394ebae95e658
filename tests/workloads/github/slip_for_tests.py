"""A task that lists a user like any other, or tries one way past its mock; importable by every worker."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from workloads.github.listing import list_repositories, list_repositories_async, repositories

#: Reserved for documentation (RFC 5737): nothing answers there, should a guard fail.
ADDRESS = "203.0.113.7"
NAME = "slipped.example"
#: Way -> what the error has to name.
WAYS = {
    "client, other host": f"http://{NAME}/users/dev-0000/repos?per_page=30",
    "client, other scheme": "http://api.github.com/users/dev-0000/repos?per_page=30",
    "connect": ADDRESS,
    "connect_ex": f"{ADDRESS}:80",
    "create_connection": f"{NAME}:80",
    "resolve": NAME,
    "urllib": NAME,
    "requests": NAME,
    "httpx": NAME,
    "asyncio": NAME,
}


def slip(way: str, client: Any) -> Any:
    """List a user, or try one way out; the latter returns only if it was open."""
    if way not in WAYS:
        return list_repositories(way, client)
    if way.startswith("client"):
        source = type(client.source)(WAYS[way].split("/users/")[0], 30, client.source.rules)
        client.run(repositories("dev-0000", source))
    elif way == "asyncio":
        with ThreadPoolExecutor(1) as thread:  # models that await run this inside their own loop
            thread.submit(asyncio.run, _open_connection()).result()
    else:
        _slip_blocking(way)
    return f"{way} was open"


async def slip_async(way: str, client: Any) -> Any:
    """The same from a running event loop."""
    if way not in WAYS:
        return await list_repositories_async(way, client)
    if way.startswith("client"):
        source = type(client.source)(WAYS[way].split("/users/")[0], 30, client.source.rules)
        await client.run(repositories("dev-0000", source))
    elif way == "asyncio":
        await _open_connection()
    elif way == "connect":
        with socket.socket() as connecting:
            connecting.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connecting, (ADDRESS, 80))
    else:
        _slip_blocking(way)
    return f"{way} was open"


async def _open_connection() -> None:
    await asyncio.open_connection(NAME, 80)


def _slip_blocking(way: str) -> None:
    if way in ("connect", "connect_ex"):
        with socket.socket() as connecting:
            connecting.settimeout(0.2)
            getattr(connecting, way)((ADDRESS, 80))
    elif way == "create_connection":
        socket.create_connection((NAME, 80), timeout=0.2)
    elif way == "resolve":
        socket.getaddrinfo(NAME, 443)
    elif way == "urllib":
        urllib.request.urlopen(f"http://{NAME}/", timeout=0.2)
    elif way == "requests":
        import requests

        requests.Session().get(f"http://{NAME}/", timeout=0.2)
    elif way == "httpx":
        import httpx

        httpx.get(f"http://{NAME}/", timeout=0.2)
