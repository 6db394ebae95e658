"""What a live run asks before it starts, what it refuses and how it says so."""

from __future__ import annotations

import re
import socket
from datetime import UTC, datetime

import pytest
import stand_in
from listers import OVER_SOCKETS, settings_of

from parabench.errors import InvalidOption
from parabench.workload import SIZES, LimitCase
from workloads.github import WORKLOADS, live
from workloads.github.errors import LiveUnreachable, RateLimited, RateLimitTooLow, TooManyAtOnce

TOKEN = "ghp_0123456789abcdefSECRET"


def test_there_are_live_workloads_for_the_four_clients_and_one_service():
    declared = {workload.name: workload for workload in WORKLOADS if workload.kind == "live"}
    assert set(declared) == {f"github-live-{name}" for name in ("requests", "aiohttp", "httpx", "httpx-async")}
    assert {workload.service for workload in declared.values()} == {live.service}
    assert not any(workload.deterministic for workload in declared.values())


def test_asks_rate_limit_once_and_nothing_else(github, options):
    settings = settings_of(options(github.url + "/"))
    assert settings == {"source": "live", "url": github.url, "page_size": 100, "authenticated": False}
    assert [seen.path for seen in github.seen] == ["/rate_limit"]


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_never_has_more_requests_under_way_than_github_allows(size):
    assert 0 < len(live.users(size)) <= live.AT_ONCE_MOST == 100


def test_a_batch_that_could_ask_more_at_once_is_refused(github, options, monkeypatch):
    monkeypatch.setattr(live, "users", lambda size: ["octocat"] * 101)
    with pytest.raises(TooManyAtOnce, match="a live batch of 101 tasks could ask 101 times at once; GitHub allows 100"):
        settings_of(options(github.url))


def test_a_run_it_cannot_afford_is_refused_with_all_numbers(github, options):
    github.remaining[False] = 41
    with pytest.raises(RateLimitTooLow) as raised:
        settings_of(options(github.url, rounds_planned=70))
    at = datetime.fromtimestamp(github.reset, UTC).astimezone().strftime("%H:%M:%S")
    assert str(raised.value).startswith(
        f"this live run needs up to 462 requests, but {github.url} has 41 of 60 left until {at}"
    )
    assert "; set GITHUB_TOKEN (5,000 requests an hour instead of 60), choose fewer models" in str(raised.value)


def test_with_a_token_more_is_affordable(github, options, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", f" {TOKEN}\n")
    github.tokens = frozenset({TOKEN})
    settings = settings_of(options(github.url, rounds_planned=70))
    assert settings["authenticated"] is True
    with pytest.raises(RateLimitTooLow, match=r"has 5,000 of 5,000 left until .*; choose fewer") as raised:
        settings_of(options(github.url, rounds_planned=7_000))
    assert "set GITHUB_TOKEN" not in str(raised.value)


def test_what_it_needs_counts_pages_rounds_and_a_margin():
    assert live.requests_needed(["octocat", "python"], 10) == 33
    assert all(pages >= 1 for pages in live.PAGES.values())


def test_an_enterprise_server_without_limits_is_not_limited(github, options):
    github.limits_rates = False
    assert settings_of(options(github.url, rounds_planned=10_000))["url"] == github.url


def test_no_network_is_said_plainly(options, monkeypatch):
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(LiveUnreachable) as raised:
        settings_of(options(f"http://127.0.0.1:{port}"))
    assert str(raised.value).startswith(f"cannot reach the live GitHub API at http://127.0.0.1:{port}/rate_limit: ")
    assert "Connection refused" in str(raised.value)
    assert str(raised.value).endswith("; check the network and --github-url, or leave out --live")


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"resources": {"core": {"limit": "many"}}}'])
def test_something_that_is_not_github_is_not_asked_further(github, options, monkeypatch, body):
    monkeypatch.setattr(stand_in._Handler, "_tell_rate_limit", lambda self, known: self.reply(200, body))
    with pytest.raises(LiveUnreachable, match="its answer is not that of GitHub's API"):
        settings_of(options(github.url))


def test_a_server_error_before_the_run_is_said_plainly(github, options, monkeypatch):
    monkeypatch.setattr(stand_in._Handler, "_tell_rate_limit", lambda self, known: self.reply(502, {"message": "Bad"}))
    with pytest.raises(LiveUnreachable, match="status 502: Bad; check the network"):
        settings_of(options(github.url))


@pytest.mark.parametrize(
    ("url", "expectation"),
    [
        ("", "expected a URL such as https://api.github.com or https://HOST/api/v3"),
        ("api.github.com", "expected a URL such as"),
        ("ftp://api.github.com", "expected a URL such as"),
        (
            "https://me:hunter2@ghe.example/api/v3",
            "no user, password or query in it; a token belongs into GITHUB_TOKEN",
        ),
        ("https://ghe.example/api/v3?access_token=hunter2", "no user, password or query in it"),
    ],
)
def test_urls_that_cannot_be_used(options, url, expectation):
    with pytest.raises(InvalidOption, match=r"--github-url '.*' cannot be used: ") as raised:
        settings_of(options(url))
    assert expectation in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_token_does_not_cross_the_network_in_clear(options, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with pytest.raises(InvalidOption, match="expected https, because GITHUB_TOKEN is set"):
        settings_of(options("http://ghe.example/api/v3"))


def test_the_limit_is_unknown_and_the_check_looks_at_the_shape_only():
    case = LimitCase(items=["octocat"], settings={}, workers=1, cores_usable=1, seconds_sequential=None)
    assert live.limit(case).seconds is None
    right = {"user": "octocat", "repositories": 8, "stars": 1, "digest": "0" * 16}
    assert live.check("octocat", right)
    for wrong in ({"user": "other"}, {"repositories": -1}, {"stars": None}, {"digest": ""}):
        assert not live.check("octocat", right | wrong)


def test_more_than_a_hundred_at_once_is_what_the_stand_in_refuses(github, live_settings):
    """The stand-in enforces what the batches are built never to reach."""
    pytest.importorskip("requests")
    github.under_way = stand_in.AT_ONCE_MOST
    with pytest.raises(RateLimited, match=re.escape("You have exceeded a secondary rate limit.")):
        OVER_SOCKETS["requests"]("dev-0001", live_settings)
