"""Every client library in every way a worker uses it, as one function of a user and settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from parabench.workload import ServiceOptions
from workloads.github import live, sockets
from workloads.github.listing import list_repositories, list_repositories_async

Lister = Callable[[str, Mapping[str, Any]], Any]


def in_thread(context: Callable[[Mapping[str, Any]], Any]) -> Lister:
    def lister(user: str, settings: Mapping[str, Any]) -> Any:
        with context(settings) as client:
            return list_repositories(user, client)

    return lister


def in_loop(context: Callable[[Mapping[str, Any]], Any]) -> Lister:
    async def lister_async(user: str, settings: Mapping[str, Any]) -> Any:
        async with context(settings) as client:
            return await list_repositories_async(user, client)

    return lambda user, settings: asyncio.run(lister_async(user, settings))


OVER_SOCKETS = {
    "requests": in_thread(sockets.over_requests),
    "httpx": in_thread(sockets.over_httpx),
    "httpx-async in a thread": in_thread(sockets.over_httpx_loop),
    "httpx-async": in_loop(sockets.over_httpx_async),
    "aiohttp in a thread": in_thread(sockets.over_aiohttp),
    "aiohttp": in_loop(sockets.over_aiohttp_async),
}


def library_of(name: str) -> str:
    """What a lister of that name imports."""
    return name.partition(" ")[0].partition("-")[0]


def settings_of(options: ServiceOptions) -> Any:
    """What the service of the live workloads tells their tasks."""
    pytest.importorskip("requests")
    with live.service(options) as settings:
        return settings
