"""Contexts of the sources behind real sockets, loopback and live: each client library as it is, without a mock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from parabench.workload import Settings
from workloads.github.clients import AsyncClient, Endpoint, LoopClient, SyncClient, own_loop, source_of
from workloads.github.libraries import aiohttp_client, httpx_async_client, httpx_client, requests_client
from workloads.github.listing import Source
from workloads.github.rules import live_source
from workloads.github.token import read_token


def _ends(settings: Settings) -> tuple[Source, Endpoint]:
    """Where the client asks, by which rules, and with whose token: only a live source gets one."""
    if settings["source"] == "live":
        return live_source(settings), Endpoint(settings, read_token())
    return source_of(settings), Endpoint(settings)


@contextmanager
def over_requests(settings: Settings) -> Iterator[SyncClient]:
    """Context for requests, shared by the threads of a process."""
    with requests_client(*_ends(settings)) as client:
        yield client


@contextmanager
def over_httpx(settings: Settings) -> Iterator[SyncClient]:
    """Context for httpx, shared by the threads of a process."""
    with httpx_client(*_ends(settings)) as client:
        yield client


@asynccontextmanager
async def over_httpx_async(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Context for asynchronous httpx in the running event loop."""
    async with httpx_async_client(*_ends(settings)) as client:
        yield client


@contextmanager
def over_httpx_loop(settings: Settings) -> Iterator[LoopClient]:
    """Context for asynchronous httpx in a synchronous task: an event loop per thread."""
    with own_loop(over_httpx_async(settings)) as client:
        yield client


@asynccontextmanager
async def over_aiohttp_async(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Context for aiohttp in the running event loop."""
    async with aiohttp_client(*_ends(settings)) as client:
        yield client


@contextmanager
def over_aiohttp(settings: Settings) -> Iterator[LoopClient]:
    """Context for aiohttp in a synchronous task: an event loop per thread."""
    with own_loop(over_aiohttp_async(settings)) as client:
        yield client
