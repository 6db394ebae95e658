"""What a live run asks before it starts, what it refuses and how it says so, and that the token stays secret."""

from __future__ import annotations

import json
import logging
import re
import socket
import time
import traceback
from datetime import UTC, datetime

import pytest
import stand_in
from listers import OVER_SOCKETS

from parabench.errors import (
    InvalidOption,
    LiveUnreachable,
    ParabenchError,
    RateLimited,
    RateLimitTooLow,
    TokenRejected,
    TokenUnusable,
    TooManyAtOnce,
)
from parabench.task import failed
from parabench.workload import SIZES, LimitCase, ServiceOptions
from workloads.github import WORKLOADS, clients, live
from workloads.github.listing import Reply
from workloads.github.rules import GitHubRules, live_source
from workloads.github.sizes import expected

TOKEN = "ghp_0123456789abcdefSECRET"


@pytest.fixture
def options(tmp_path):
    def make(url, *, size="small", rounds_planned=1):
        return ServiceOptions(
            seed=1,
            latency_seconds=0.005,
            scratch_directory=tmp_path,
            github_url=url,
            size=size,
            rounds_planned=rounds_planned,
        )

    return make


def settings_of(options):
    with live.service(options) as settings:
        return settings


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


# --- the token ------------------------------------------------------------------------------------------------------


def test_the_token_is_sent_and_kept_nowhere(
    github, options, live_settings, list_over_sockets, monkeypatch, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github.tokens = frozenset({TOKEN})
    settings = settings_of(options(github.url))
    result = list_over_sockets("dev-0001", settings | {"seconds_read": 1.0})
    assert result == expected("dev-0001")
    assert {seen.authorization for seen in github.seen} == {f"Bearer {TOKEN}"}
    assert TOKEN not in json.dumps([settings, result])
    assert TOKEN not in caplog.text
    assert TOKEN not in "".join(capfd.readouterr())


def test_reprs_do_not_tell_the_token(monkeypatch, live_settings):
    endpoint = clients.Endpoint(live_settings, TOKEN)
    source = live_source(live_settings)
    assert TOKEN not in repr([endpoint, source, source.rules(), endpoint.fault(ValueError(f"odd header {TOKEN}"))])


@pytest.mark.parametrize(
    "behaviour",
    [stand_in.status(502), stand_in.slow(0.2), stand_in.truncated, stand_in.hang_up, stand_in.put_off(429, "900")],
    ids=["502", "timeout", "truncated", "hang up", "429"],
)
def test_no_failure_tells_the_token(github, live_settings, list_over_sockets, monkeypatch, behaviour):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github.tokens = frozenset({TOKEN})
    github.will("dev-0001", behaviour, always=True)
    with pytest.raises(ParabenchError) as raised:
        list_over_sockets("dev-0001", live_settings | {"seconds_read": 0.05})
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value)
    assert TOKEN not in told
    chain = raised.value
    while chain is not None:
        assert TOKEN not in repr(vars(chain))
        chain = chain.__cause__ or chain.__context__


@pytest.mark.parametrize(
    "behaviour",
    [
        *(stand_in.echo(code) for code in (400, 401, 403, 404, 429, 500)),
        stand_in.echo(200),
        stand_in.echo(200, Link='<http://elsewhere.example/{}>; rel="next"'),
        stand_in.echo(301, Location="http://{}.example/"),
        stand_in.echo(301, Location="/{}"),
        stand_in.echo(301, Location="http://127.0.0.1:{}/"),
        stand_in.echo(200, Content_Encoding="{}"),
        stand_in.echo(503, Retry_After="{}"),
        stand_in.echo(429, X_RateLimit_Remaining="0", X_RateLimit_Reset="{}"),
    ],
)
def test_a_server_that_echoes_everything_has_the_token_neither_stored_nor_logged(
    github, live_settings, list_over_sockets, monkeypatch, behaviour, caplog, capfd
):
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "httpx", "httpcore", "aiohttp"):
        caplog.set_level(logging.DEBUG, logger=name)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github.tokens = frozenset({TOKEN})
    github.will("dev-0001", behaviour, always=True)
    with pytest.raises(ParabenchError) as raised:
        list_over_sockets("dev-0001", live_settings)
    told = json.dumps(failed(raised.value)) + repr(raised.value) + caplog.text + "".join(capfd.readouterr())
    assert TOKEN.lower() not in told.lower()


def test_what_a_session_asks_before_it_starts_is_kept_clear_of_echoes_too(github, options, monkeypatch, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    for code in (200, 401, 500):
        monkeypatch.setattr(stand_in._Handler, "_answer", lambda handler, _, code=code: stand_in.echo(code)(handler))
        with pytest.raises(ParabenchError) as raised:
            settings_of(options(github.url))
        told = str(raised.value) + repr(raised.value) + caplog.text + "".join(capfd.readouterr())
        assert TOKEN.lower() not in told.lower()


def test_libraries_may_log_again_when_no_client_knows_a_token(live_settings):
    logger = logging.getLogger("urllib3.connectionpool")
    endpoint = clients.Endpoint(live_settings, TOKEN)
    with endpoint.muted(), endpoint.muted():
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.isEnabledFor(logging.CRITICAL)
    with clients.Endpoint(live_settings).muted():
        assert logger.isEnabledFor(logging.CRITICAL)


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "umläut"])
def test_an_unusable_token_is_refused_without_quoting_it(
    github, options, list_over_sockets, live_settings, monkeypatch, token
):
    monkeypatch.setenv("GITHUB_TOKEN", token)
    for attempt in (lambda: settings_of(options(github.url)), lambda: list_over_sockets("dev-0001", live_settings)):
        with pytest.raises(TokenUnusable, match="the value of GITHUB_TOKEN is no token") as raised:
            attempt()
        assert token not in str(raised.value)
    assert github.seen == []


def test_a_rejected_token_is_said_plainly(github, options, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with pytest.raises(TokenRejected, match="rejected the token in GITHUB_TOKEN: Bad credentials; renew it") as raised:
        settings_of(options(github.url))
    assert TOKEN not in str(raised.value)


def test_neither_proxy_nor_netrc_is_asked(github, live_settings, list_over_sockets, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert list_over_sockets("dev-0001", live_settings) == expected("dev-0001")
    assert {seen.authorization for seen in github.seen} == {None}


def test_loopback_never_gets_the_token(github, live_settings, list_over_sockets, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    assert list_over_sockets("dev-0001", live_settings | {"source": "loopback"}) == expected("dev-0001")
    assert {seen.authorization for seen in github.seen} == {None}


def test_an_endpoint_gives_the_token_to_its_own_origin_only(live_settings):
    endpoint = clients.Endpoint({"url": "https://ghe.example/api/v3"}, TOKEN)
    assert "Authorization" in endpoint.headers("https://ghe.example:443/api/v3/users/x")
    for url in (
        "http://ghe.example/api/v3",
        "https://ghe.example:8443/",
        "https://other.example/",
        "https://ghe.example.evil/",
    ):
        assert "Authorization" not in endpoint.headers(url)


# --- the rules, counted over one task -------------------------------------------------------------------------------


def test_waits_add_up_over_the_pages_of_a_task():
    rules = GitHubRules("https://ghe.example")
    put_off = Reply(429, {"Retry-After": "40"}, b'{"message": "slow down"}', None)
    first = rules.page("https://ghe.example/1")
    assert next(first) == "https://ghe.example/1"
    assert first.send(put_off) == 40
    second = rules.page("https://ghe.example/2")
    next(second)
    with pytest.raises(RateLimited, match="asks to wait 40 s, and this task may wait 20 s more"):
        second.send(put_off)


def test_a_reset_is_waited_for_to_the_second(monkeypatch):
    monkeypatch.setattr(time, "time", lambda: 1_000.0)
    rules = GitHubRules("https://ghe.example")
    page = rules.page("https://ghe.example/1")
    next(page)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}
    assert page.send(Reply(403, headers, b"", None)) == 31.0


def test_pauses_double():
    rules = GitHubRules("https://ghe.example", seconds_backoff=0.5)
    page = rules.page("https://ghe.example/1")
    pauses = []
    for _ in range(3):
        next(page)
        pauses.append(page.send(Reply(500, {}, b"", None)))
    assert pauses == [0.5, 1.0, 2.0]


def test_the_limit_is_unknown_and_the_check_looks_at_the_shape_only():
    case = LimitCase(items=["octocat"], settings={}, workers=1, cores_usable=1, seconds_sequential=None)
    assert live.limit(case).seconds is None
    right = {"user": "octocat", "repositories": 8, "stars": 1, "digest": "0" * 16}
    assert live.check("octocat", right)
    for wrong in ({"user": "other"}, {"repositories": -1}, {"stars": None}, {"digest": ""}):
        assert not live.check("octocat", right | wrong)


def test_more_than_a_hundred_at_once_is_what_the_stand_in_refuses(github, live_settings):
    """The stand-in enforces what the batches are built never to reach."""
    github.under_way = stand_in.AT_ONCE_MOST
    with pytest.raises(RateLimited, match=re.escape("You have exceeded a secondary rate limit.")):
        OVER_SOCKETS["requests"]("dev-0001", live_settings)
