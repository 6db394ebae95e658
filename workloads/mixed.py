"""Mixed work, as most programs do it: fetch over HTTP, parse, and compute for a few milliseconds in pure Python."""

from __future__ import annotations

import functools
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from parabench.workload import Json, Limit, LimitCase, Size, Workload, makespan_least
from workloads.github import loopback, sockets
from workloads.github.listing import AsyncClient, Client, Repository, repositories
from workloads.github.population import list_users, listing_seconds, repositories_of

#: Rankings computed per task: the length of its computing part, about 0.1 ms each for a full page of repositories.
RANKINGS = 40
#: size -> users in a batch.
USERS: Mapping[Size, int] = {"small": 64, "medium": 128, "large": 512}
#: Year from which a ranking counts back.
TODAY = 2026
#: Tasks timed to know how long a batch computes, and how often each.
SAMPLE, TRIES = 16, 3
#: Repositories that each ranking adds to the result.
TOP = 3


def items(size: Size) -> Sequence[Json]:
    """The users of the network workloads, each with the number of rankings to compute."""
    return [{"user": user, "rankings": RANKINGS} for user in list_users(USERS[size])]


def fetch_parse_aggregate(item: Mapping[str, Any], client: Client) -> Json:
    """Fetch a user's repositories, then rank and count them."""
    return aggregate(client.run(repositories(item["user"], client.source)), item["rankings"])


async def fetch_parse_aggregate_async(item: Mapping[str, Any], client: AsyncClient) -> Json:
    """The same work as a coroutine: its computing part holds up the event loop, as it would in any program."""
    return aggregate(await client.run(repositories(item["user"], client.source)), item["rankings"])


def aggregate(listed: Sequence[Repository], rankings: int) -> Json:
    """Stars per language and topic, and the repositories most often on top of rankings that forget at different speeds.

    In the ranking with half-life h years a repository's stars count 2 ** (-years since its last push / h).
    """
    stars: Counter[str] = Counter()
    on_top: Counter[str] = Counter()
    for repository in listed:
        for label in (repository["language"] or "none", *repository["topics"]):
            stars[label] += repository["stargazers_count"]
    for half_life in range(1, rankings + 1):
        scores = []
        for repository in listed:
            year, month = (int(part) for part in repository["pushed_at"].split("-")[:2])
            weight = 2.0 ** (-(TODAY - year - month / 12) / half_life)
            scores.append((repository["stargazers_count"] * weight, repository["name"]))
        on_top.update(name for _, name in sorted(scores, reverse=True)[:TOP])
    return {"repositories": len(listed), "stars": dict(sorted(stars.items())), "on_top": dict(sorted(on_top.items()))}


@functools.cache
def _expected(user: str, rankings: int) -> Json:
    return aggregate(repositories_of(user), rankings)


def check(item: Json, result: Json) -> bool:
    """True when the result is what the population itself gives."""
    return bool(result == _expected(item["user"], item["rankings"]))


@functools.cache
def _computing_seconds(items: tuple[tuple[str, int], ...]) -> float:
    """Seconds that one core of this machine needs to aggregate a batch: the best of some tries with a sample of it."""
    sample = items[:: max(1, len(items) // SAMPLE)]
    total = 0.0
    for user, rankings in sample:
        listed, tries = repositories_of(user), []
        for _ in range(TRIES):
            began = time.perf_counter()
            aggregate(listed, rankings)
            tries.append(time.perf_counter() - began)
        total += min(tries)
    return total * len(items) / len(sample)


def mixed_limit(case: LimitCase) -> Limit:
    """The larger of two: the shortest schedule of the waiting, and computing spread over the cores they can occupy.

    Computing is timed here and now, without any client: what `sequential` takes beyond its waiting holds the costs of
    one client library, which another may not have.
    """
    seconds = [listing_seconds(case.settings, item["user"]) for item in case.items]
    workers = min(case.workers, len(seconds))
    cores = min(workers, case.cores_usable)
    waiting = makespan_least(seconds, workers)
    computing = _computing_seconds(tuple((item["user"], item["rankings"]) for item in case.items)) / cores
    if computing > waiting:
        return Limit(computing, f"computing alone / {cores} cores")
    return Limit(waiting, f"shortest schedule of all reply times on {workers} workers")


WORKLOADS = (
    Workload(
        name="fetch-parse-aggregate",
        task=fetch_parse_aggregate,
        task_async=fetch_parse_aggregate_async,
        items=items,
        kind="mixed",
        description="Fetches a user's repositories over loopback, parses and aggregates them in pure Python.",
        context=sockets.over_requests,
        context_async=sockets.over_aiohttp_async,
        service=loopback.service,
        check=check,
        limit=mixed_limit,
        client="requests, in event loops aiohttp",
        libraries=("requests", "urllib3", "aiohttp"),
        imports=("requests", "aiohttp"),
    ),
)
