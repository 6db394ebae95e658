"""The mocked source: each client library's own mock answers from the seeded population, and nothing else answers.

`responses` for requests, `aioresponses` for aiohttp, httpx's own MockTransport. Each is put in place inside the worker
(a spawned process inherits no mock), with the network guard behind it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from parabench.workload import ServiceOptions, Settings
from workloads.github.activation import Activation
from workloads.github.clients import (
    AsyncClient,
    Endpoint,
    LoopClient,
    SyncClient,
    own_loop,
    source_of,
)
from workloads.github.errors import NetworkRefused
from workloads.github.guard import refuse_network
from workloads.github.libraries import aiohttp_client, httpx_async_client, httpx_client, requests_client
from workloads.github.population import PAGE_SIZE, Answer, Population, population_of

if TYPE_CHECKING:
    import httpx

URL = "https://api.github.com"
#: Seed of the reply times. Not the session's: sessions are replicates, so each has to wait for the same replies.
LATENCY_SEED = 22
ANYTHING = re.compile("")


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """Nothing to start: the settings tell each worker which population to simulate."""
    yield {
        "source": "mocked",
        "url": URL,
        "seed": LATENCY_SEED,
        "latency_seconds": options.latency_seconds,
        "page_size": PAGE_SIZE,
    }


def answer(population: Population, url: str) -> Answer:
    """The population's answer to a URL. Raises NetworkRefused for any other host's."""
    if not url.startswith(f"{population.url}/"):
        raise NetworkRefused(url)
    return population.answer(url[len(population.url) :])


async def sleep_at_least(seconds: float) -> None:
    """`asyncio.sleep` that is never early: uvloop rounds to milliseconds and would beat the ideal time."""
    due = time.monotonic() + seconds
    while (left := due - time.monotonic()) > 0:  # noqa: ASYNC110  # waits for the clock, nothing else
        await asyncio.sleep(max(left, 0.001))


# --- requests -------------------------------------------------------------------------------------------------------


@contextmanager
def _responses_active(population: Population) -> Iterator[None]:
    """`responses` with one pattern, because it tries them one after the other."""
    import responses

    def reply(request: Any) -> tuple[int, dict[str, str], bytes]:
        for calls in (mock.calls, mock.registered()[0].calls):
            calls.reset()  # it keeps every request and response: memory that grows with each round
        answered = answer(population, request.url)
        time.sleep(answered.latency_seconds)
        return answered.status, dict(answered.headers), answered.body

    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add_callback(responses.GET, ANYTHING, reply, content_type=None)
        yield


_responses = Activation("the mock of requests", _responses_active)


@contextmanager
def mocked_requests(settings: Settings) -> Iterator[SyncClient]:
    """Context for requests, shared by the threads of a process."""
    with (
        refuse_network(),
        _responses(population_of(settings)),
        requests_client(source_of(settings), Endpoint(settings)) as client,
    ):
        yield client


# --- httpx ----------------------------------------------------------------------------------------------------------


@contextmanager
def mocked_httpx(settings: Settings) -> Iterator[SyncClient]:
    """Context for httpx, shared by the threads of a process."""
    import httpx

    population = population_of(settings)

    def reply(request: httpx.Request) -> httpx.Response:
        answered = answer(population, str(request.url))
        time.sleep(answered.latency_seconds)
        return httpx.Response(answered.status, headers=dict(answered.headers), content=answered.body)

    transport = httpx.MockTransport(reply)
    with refuse_network(), httpx_client(source_of(settings), Endpoint(settings), transport) as client:
        yield client


@asynccontextmanager
async def mocked_httpx_async(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Context for asynchronous httpx in the running event loop."""
    import httpx

    population = population_of(settings)

    async def reply(request: httpx.Request) -> httpx.Response:
        answered = answer(population, str(request.url))
        await sleep_at_least(answered.latency_seconds)
        return httpx.Response(answered.status, headers=dict(answered.headers), content=answered.body)

    transport = httpx.MockTransport(reply)
    with refuse_network():
        async with httpx_async_client(source_of(settings), Endpoint(settings), transport) as client:
            yield client


@contextmanager
def mocked_httpx_loop(settings: Settings) -> Iterator[LoopClient]:
    """Context for asynchronous httpx in a synchronous task: an event loop per thread."""
    with own_loop(mocked_httpx_async(settings)) as client:
        yield client


# --- aiohttp --------------------------------------------------------------------------------------------------------


@contextmanager
def _aioresponses_active(population: Population) -> Iterator[None]:
    """`aioresponses` with one pattern and a callback that awaits; made steady."""
    from aioresponses import CallbackResult

    from workloads.github.steady_aioresponses import MockedResponse, SteadyAioresponses

    async def reply(url: Any, **keywords: Any) -> CallbackResult:
        answered = answer(population, str(url))
        await sleep_at_least(answered.latency_seconds)
        return CallbackResult(
            status=answered.status,
            body=answered.body,
            headers=dict(answered.headers),
            response_class=MockedResponse,
        )

    with SteadyAioresponses() as mock:
        mock.get(ANYTHING, callback=reply, repeat=True)
        yield


_aioresponses = Activation("the mock of aiohttp", _aioresponses_active)


@asynccontextmanager
async def mocked_aiohttp_async(settings: Settings) -> AsyncIterator[AsyncClient]:
    """Context for aiohttp in the running event loop."""
    with refuse_network(), _aioresponses(population_of(settings)):
        async with aiohttp_client(source_of(settings), Endpoint(settings)) as client:
            yield client


@contextmanager
def mocked_aiohttp(settings: Settings) -> Iterator[LoopClient]:
    """Context for aiohttp in a synchronous task: an event loop per thread."""
    with own_loop(mocked_aiohttp_async(settings)) as client:
        yield client
