"""The simulated GitHub answers as GitHub does, and the same in every process and session."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from workloads.github.population import (
    LATENCY_LEAST,
    LATENCY_MOST,
    PAGE_SIZE,
    USERS_MOST,
    Population,
    latency,
    list_users,
    listing_seconds,
    page_count,
    repositories_of,
)
from workloads.github.sizes import USERS, expected

HERE = Population("http://here", 1, 0.005)


def links(answer):
    requests_utils = pytest.importorskip("requests.utils")
    return {link["rel"]: link["url"] for link in requests_utils.parse_header_links(answer.headers.get("Link", ""))}


def user_with(pages):
    return next(user for user in list_users(100) if page_count(user, PAGE_SIZE) == pages)


def test_pages_follow_each_other_and_hold_every_repository_once():
    user = user_with(3)
    target, names = f"/users/{user}/repos?per_page=30", []
    for page in (1, 2, 3):
        answer = HERE.answer(target)
        assert answer.status == 200
        names += [repository["name"] for repository in json.loads(answer.body)]
        if page < 3:
            assert links(answer)["last"] == f"http://here/users/{user}/repos?per_page=30&page=3"
            assert links(answer)["next"] == f"http://here/users/{user}/repos?per_page=30&page={page + 1}"
            target = links(answer)["next"].removeprefix("http://here")
    assert links(answer) == {}
    assert names == [repository["name"] for repository in repositories_of(user)]


def test_a_page_beyond_the_last_is_empty():
    assert json.loads(HERE.answer("/users/dev-0000/repos?page=9").body) == []


@pytest.mark.parametrize("target", ["/users/nobody/repos", f"/users/dev-{USERS_MOST}/repos", "/rate_limit", "/"])
def test_what_does_not_exist_is_not_found(target):
    answer = HERE.answer(target)
    assert (answer.status, json.loads(answer.body)["message"]) == (404, "Not Found")


@pytest.mark.parametrize("query", ["", "?per_page=30", "?per_page=x&page=-1", "?page=1&sort=name"])
def test_the_default_is_the_first_page_of_thirty(query):
    user = user_with(2)
    assert len(json.loads(HERE.answer(f"/users/{user}/repos{query}").body)) == PAGE_SIZE


def test_repositories_look_like_githubs():
    repository = repositories_of("dev-0001")[0]
    assert repository["full_name"] == f"dev-0001/{repository['name']}"
    assert set(repository) >= {"id", "private", "fork", "stargazers_count", "pushed_at", "topics", "language"}
    names = [repository["name"] for repository in repositories_of(user_with(3))]
    assert len(set(names)) == len(names)


def test_most_users_fill_one_page_and_some_up_to_four():
    pages = [page_count(user, PAGE_SIZE) for user in list_users(USERS["large"])]
    assert set(pages) == {1, 2, 3, 4}
    assert statistics.mode(pages) == statistics.median(pages) == 1
    assert sum(page_count(user, PAGE_SIZE) for user in list_users(USERS["small"])) == 193


def test_content_is_the_same_on_every_interpreter():
    """Pinned: a change of it is another workload, and results before and after cannot be compared."""
    assert expected("dev-0000") == {
        "user": "dev-0000",
        "repositories": 33,
        "stars": 108,
        "digest": "96aa83f80237f9b8",
    }


def test_latencies_are_seeded_whole_milliseconds_around_their_median():
    seconds = [latency(1, 0.05, user, 1) for user in list_users(500)]
    assert statistics.median(seconds) == pytest.approx(0.05, rel=0.1)
    assert round(0.05 * LATENCY_LEAST, 3) <= min(seconds) < max(seconds) <= round(0.05 * LATENCY_MOST, 3)
    assert all(second * 1000 == pytest.approx(round(second * 1000)) for second in seconds)
    assert seconds != [latency(2, 0.05, user, 1) for user in list_users(500)]
    assert latency(1, 0.0, "dev-0000", 1) == 0.0
    assert latency(1, 0.0001, "dev-0000", 1) == 0.001


def test_answers_take_the_latency_of_their_page():
    user = user_with(2)
    settings = {"seed": 1, "latency_seconds": 0.005, "page_size": 30}
    pages = [HERE.answer(f"/users/{user}/repos?per_page=30&page={page}") for page in (1, 2)]
    assert listing_seconds(settings, user) == sum(answer.latency_seconds for answer in pages)


def test_other_processes_see_the_same(tmp_path):
    program = (
        "import hashlib; from workloads.github.population import *; p = Population('http://here', 1, 0.005)\n"
        "print(hashlib.sha256(repr([p.answer(f'/users/{u}/repos') for u in list_users(50)]).encode()).hexdigest())"
    )
    command, root = [sys.executable, "-c", program], Path(__file__).parents[3]
    digests = {
        subprocess.run(command, cwd=root, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1
