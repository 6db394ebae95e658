"""Fetch, parse, aggregate: both clients give the population's own result, and the limit is a bound."""

from __future__ import annotations

import asyncio

import pytest

from parabench.workload import LimitCase, ServiceOptions
from workloads import mixed
from workloads.github import loopback
from workloads.github.population import listing_seconds, repositories_of

(WORKLOAD,) = mixed.WORKLOADS


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    options = ServiceOptions(
        seed=1,
        latency_seconds=0.001,
        scratch_directory=tmp_path_factory.mktemp("scratch"),
        github_url="",
        size="small",
    )
    with loopback.service(options) as found:
        yield found


def test_the_task_and_its_coroutine_twin_give_the_right_result(settings):
    for library in ("requests", "aiohttp"):
        pytest.importorskip(library)
    items = mixed.items("small")
    with WORKLOAD.context(settings) as client:
        in_thread = [WORKLOAD.task(item, client) for item in items]

    async def in_loop():
        async with WORKLOAD.context_async(settings) as client:
            return [await WORKLOAD.task_async(item, client) for item in items]

    assert in_thread == asyncio.run(in_loop())
    assert all(map(WORKLOAD.check, items, in_thread))


def test_the_check_sees_a_lost_repository():
    found = repositories_of("dev-0001")
    item = {"user": "dev-0001", "rankings": 3}
    assert mixed.check(item, mixed.aggregate(found, 3))
    assert not mixed.check(item, mixed.aggregate(found[1:], 3))
    assert not mixed.check(item, mixed.aggregate(found, 4))


def test_rankings_forget_at_different_speeds():
    old = {"name": "old", "language": None, "topics": ["a"], "stargazers_count": 100, "pushed_at": "2016-12-01T"}
    new = {"name": "new", "language": "C", "topics": [], "stargazers_count": 10, "pushed_at": "2025-12-01T"}
    result = mixed.aggregate(
        [old, new, *[new | {"name": f"n{number}", "stargazers_count": 9} for number in range(2)]], 9
    )
    assert result["repositories"] == 4
    assert result["stars"] == {"C": 28, "a": 100, "none": 100}
    assert result["on_top"]["new"] == 9
    assert 0 < result["on_top"]["old"] < 9


def case(items, workers, cores):
    settings = {"seed": 1, "latency_seconds": 0.005, "page_size": 30}
    return LimitCase(items=items, settings=settings, workers=workers, cores_usable=cores, seconds_sequential=None)


def test_the_limit_is_waiting_when_that_takes_longer():
    items = [{"user": f"dev-{number:04d}", "rankings": 1} for number in range(8)]
    waiting = sum(listing_seconds(case(items, 1, 1).settings, item["user"]) for item in items)
    limit = mixed.mixed_limit(case(items, 1, 2))
    assert limit.seconds == pytest.approx(waiting)
    assert limit.reason == "shortest schedule of all reply times on 1 workers"


def test_the_limit_is_computing_when_that_takes_longer():
    items = [{"user": "dev-0001", "rankings": 300}] * 8
    alone, shared = mixed.mixed_limit(case(items, 8, 1)), mixed.mixed_limit(case(items, 8, 2))
    assert alone.reason == "computing alone / 1 cores"
    assert shared.seconds == alone.seconds / 2
