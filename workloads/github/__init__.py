"""Network-bound work: list the public repositories of GitHub users. One task, three sources, four clients.

mocked: the client library's own mock answers with seeded latency; loopback: a server in its own process does;
live: the real api.github.com or a GitHub Enterprise URL, on request only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parabench.workload import Workload
from workloads.github import live, loopback, mocked, sockets
from workloads.github.listing import list_repositories, list_repositories_async
from workloads.github.sizes import check, users, waves_limit

Fields = Mapping[str, Any]

#: Those that run by default, one client a source, as its users would choose one: the others run by name.
_BY_DEFAULT = {("mocked", "aiohttp"), ("loopback", "requests"), ("live", "requests")}
#: What a script using this client imports at its top, and with the client's mock.
_CLIENT_MODULES = {"requests": ("requests",), "aiohttp": ("aiohttp",), "httpx": ("httpx",), "httpx-async": ("httpx",)}
_MOCK_MODULES = {"requests": ("responses",), "aiohttp": ("aioresponses",)}


def _fields(name: str, source: str, *libraries: str) -> dict[str, Any]:
    """Fields that all workloads of one client have in common."""
    return {
        "name": f"github-{source}-{name}",
        "task": list_repositories,
        "client": name,
        "libraries": libraries,
        "on_request": (source, name) not in _BY_DEFAULT,
        "imports": (*_CLIENT_MODULES[name], *(_MOCK_MODULES.get(name, ()) if source == "mocked" else ())),
        "description": f"Lists the public repositories of GitHub users with {name} ({source}).",
    }


def _threads(context: Callable[..., Any]) -> Fields:
    """Fields of a synchronous client: the threads of a process share one session; event loops are blocked by it."""
    return {"context": context, "context_scope": "process"}


def _loops(context: Callable[..., Any], context_async: Callable[..., Any]) -> Fields:
    """Fields of an asynchronous client: one session per event loop, and a loop of its own for each thread."""
    return {
        "context": context,
        "context_scope": "thread",
        "context_async": context_async,
        "task_async": list_repositories_async,
        "drives_event_loop": True,
    }


_SIMULATED: Fields = {"kind": "network", "items": users, "check": check, "limit": waves_limit}
_MOCKED: Fields = {**_SIMULATED, "service": mocked.service}
_LOOPBACK: Fields = {**_SIMULATED, "service": loopback.service}
_LIVE: Fields = {
    "kind": "live",
    "items": live.users,
    "check": live.check,
    "limit": live.limit,
    "service": live.service,
    "deterministic": False,
}
_REQUESTS = _threads(sockets.over_requests)
_AIOHTTP = _loops(sockets.over_aiohttp, sockets.over_aiohttp_async)
_HTTPX = _threads(sockets.over_httpx)
_HTTPX_ASYNC = _loops(sockets.over_httpx_loop, sockets.over_httpx_async)


def _over_sockets(source: str, fields: Fields) -> tuple[Workload, ...]:
    """The four clients of a source that real sockets lead to."""
    return (
        Workload(**_fields("requests", source, "requests", "urllib3"), **_REQUESTS, **fields),
        Workload(**_fields("aiohttp", source, "aiohttp"), **_AIOHTTP, **fields),
        Workload(**_fields("httpx", source, "httpx", "httpcore"), **_HTTPX, **fields),
        Workload(**_fields("httpx-async", source, "httpx", "httpcore", "anyio"), **_HTTPX_ASYNC, **fields),
    )


WORKLOADS = (
    Workload(
        **_fields("requests", "mocked", "requests", "urllib3", "responses"),
        **_threads(mocked.mocked_requests),
        **_MOCKED,
    ),
    Workload(
        **_fields("aiohttp", "mocked", "aiohttp", "aioresponses"),
        **_loops(mocked.mocked_aiohttp, mocked.mocked_aiohttp_async),
        **_MOCKED,
    ),
    Workload(**_fields("httpx", "mocked", "httpx"), **_threads(mocked.mocked_httpx), **_MOCKED),
    Workload(
        **_fields("httpx-async", "mocked", "httpx", "anyio"),
        **_loops(mocked.mocked_httpx_loop, mocked.mocked_httpx_async),
        **_MOCKED,
    ),
    *_over_sockets("loopback", _LOOPBACK),
    *_over_sockets("live", _LIVE),
)
