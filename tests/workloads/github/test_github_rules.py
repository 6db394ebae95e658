"""Every rule of the live API against the stand-in, for all client libraries."""

from __future__ import annotations

import resource
import time
import zlib

import pytest
import stand_in

from workloads.github.errors import ForeignAddress, RateLimited, RequestFailed
from workloads.github.listing import Reply
from workloads.github.population import page_count
from workloads.github.rules import RETRIES, GitHubRules
from workloads.github.sizes import expected

USER = "dev-0001"
TOKEN = "ghp_0123456789abcdefSECRET"


def test_lists_all_pages(github, live_settings, list_over_sockets):
    assert list_over_sockets(USER, live_settings) == expected(USER)
    assert len(github.asked(USER)) == page_count(USER, 30) > 1


@pytest.mark.parametrize("status", [403, 429])
def test_retry_after_is_waited_for_and_asked_again(github, live_settings, list_over_sockets, status):
    github.will(USER, stand_in.put_off(status, "0"))
    assert list_over_sockets(USER, live_settings) == expected(USER)
    assert len(github.asked(USER)) == page_count(USER, 30) + 1


@pytest.mark.parametrize("status", [403, 429])
def test_a_long_retry_after_is_a_failed_task(github, live_settings, list_over_sockets, status):
    github.will(USER, stand_in.put_off(status, "3600"), always=True)
    with pytest.raises(RateLimited) as raised:
        list_over_sockets(USER, live_settings)
    text = str(raised.value)
    assert f"status {status}: You have exceeded a secondary rate limit. (Retry-After)" in text
    assert "it asks to wait 3600 s, and this task may wait 60 s more; run again later" in text
    assert len(github.asked(USER)) == 1


def test_retry_after_for_ever_ends(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.put_off(429, "0"), always=True)
    with pytest.raises(RequestFailed, match=r"status 429: .* \(Retry-After\); gave up after asking 3 more times"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == RETRIES + 1


def test_a_retry_after_that_is_no_number_is_not_guessed(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.put_off(429, "soon"), always=True)
    with pytest.raises(RateLimited, match="it asks to wait at least a minute"):
        list_over_sockets(USER, live_settings)


def test_primary_limit_waits_for_its_reset(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.primary(seconds=0))
    assert list_over_sockets(USER, live_settings) == expected(USER)


def test_a_far_reset_is_a_failed_task(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.primary(seconds=1800), always=True)
    with pytest.raises(
        RateLimited, match=r"API rate limit exceeded \(X-RateLimit-Remaining is 0\); it asks to wait 1[78]"
    ):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == 1


def test_a_secondary_limit_without_a_time_is_not_asked_again(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.refuse_secondary, always=True)
    with pytest.raises(RateLimited, match=r"no time given, so a minute at least\); it asks to wait at least a minute"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == 1


def test_forbidden_is_no_limit(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.status(403, "Resource not accessible", X_RateLimit_Remaining="7"), always=True)
    with pytest.raises(RequestFailed, match="status 403: Resource not accessible"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == 1


def test_server_errors_are_asked_again(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.status(502), stand_in.status(503, Retry_After="0"), stand_in.hang_up)
    assert list_over_sockets(USER, live_settings) == expected(USER)


def test_server_errors_have_an_end(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.status(502), always=True)
    with pytest.raises(RequestFailed, match="status 502: Server Error; gave up after asking 3 more times"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == RETRIES + 1


def test_a_server_error_with_a_long_retry_after_is_a_failed_task(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.status(503, Retry_After="600"), always=True)
    with pytest.raises(RateLimited, match="it asks to wait 600 s"):
        list_over_sockets(USER, live_settings)


def test_timeouts_are_asked_again_and_have_an_end(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.slow(0.3), always=True)
    with pytest.raises(RequestFailed, match=r"[Tt]imeout.*gave up after asking 3 more times"):
        list_over_sockets(USER, live_settings | {"seconds_read": 0.05})
    assert len(github.asked(USER)) == RETRIES + 1


def test_a_truncated_body_is_a_failed_task(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.truncated, always=True)
    with pytest.raises(RequestFailed, match="its reply broke off before its end"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == 1


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'[{"name": "half', "its body of 15 bytes is no valid JSON"),
        (b"\xff\xfe", "is no valid JSON"),
        (b'{"message": "hello"}', "its body is no list of repositories"),
        (b'[{"name": "no stars"}]', "its body is no list of repositories"),
        (b"[[]]", "its body is no list of repositories"),
    ],
)
def test_an_invalid_body_is_a_failed_task(github, live_settings, list_over_sockets, data, problem):
    github.will(USER, stand_in.body(data), always=True)
    with pytest.raises(RequestFailed, match=problem):
        list_over_sockets(USER, live_settings)


def test_an_unknown_user_is_a_failed_task(live_settings, list_over_sockets):
    with pytest.raises(
        RequestFailed, match=r"GET http://.*/users/nobody/repos\?per_page=30 failed: status 404: Not Found"
    ):
        list_over_sockets("nobody", live_settings)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_on_the_same_host_is_followed_with_the_token(
    github, live_settings, list_over_sockets, monkeypatch, code
):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github.tokens = frozenset({TOKEN})
    github.will("renamed", stand_in.redirect(f"/users/{USER}/repos?per_page=30", code))
    result = list_over_sockets("renamed", live_settings)
    assert result == expected(USER) | {"user": "renamed"}
    assert {seen.authorization for seen in github.seen} == {f"Bearer {TOKEN}"}


def test_redirects_have_an_end(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.redirect(f"/users/{USER}/repos?again"), always=True)
    with pytest.raises(RequestFailed, match="more than 5 redirects"):
        list_over_sockets(USER, live_settings)


@pytest.mark.parametrize("way", ["redirect", "Link header"])
@pytest.mark.parametrize("other", ["other host", "other port", "other scheme"])
def test_nothing_goes_to_another_host(github, live_settings, list_over_sockets, monkeypatch, way, other):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    github.tokens = frozenset({TOKEN})
    with stand_in.serving() as elsewhere:
        url = {
            "other host": stand_in.other_host(github),
            "other port": elsewhere.url,
            "other scheme": github.url.replace("http:", "https:"),
        }[other] + "/users/dev-0002/repos"
        lead_away = stand_in.redirect if way == "redirect" else stand_in.next_page_at
        github.will(USER, lead_away(url))
        with pytest.raises(ForeignAddress) as raised:
            list_over_sockets(USER, live_settings)
        assert f"refused to follow a {way} from {github.url} to {url}: it is another host, scheme or port" in str(
            raised.value
        )
        assert elsewhere.seen == []
        assert github.asked("dev-0002") == []
        assert TOKEN not in repr(raised.value)


def test_a_link_in_a_circle_is_noticed(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.next_page_at(f"{github.url}/users/{USER}/repos?per_page=30"), always=True)
    with pytest.raises(RequestFailed, match=r"leads back to .* which was listed already"):
        list_over_sockets(USER, live_settings)


def test_a_listing_without_end_is_ended(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.endless_pages, always=True)
    with pytest.raises(RequestFailed, match=r"it is page 200 and names another one; a listing ends there"):
        list_over_sockets(USER, live_settings)
    assert len(github.asked(USER)) == 200


def test_a_reply_that_swells_when_it_is_decompressed_is_not_read_to_its_end(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.bomb, always=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RequestFailed, match="its reply has more than 8,388,608 bytes, and was not read to its end"):
        list_over_sockets(USER, live_settings | {"seconds_read": 30})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


@pytest.mark.parametrize("encoding", ["gzip, gzip", "deflate"])
def test_an_encoding_that_was_not_asked_for_is_not_decoded(github, live_settings, list_over_sockets, encoding):
    body = zlib.compress(b"[]")  # a client that looks into what has arrived finds nothing wrong with it
    github.will(USER, lambda handler: handler.reply(200, body, {"Content-Encoding": encoding}), always=True)
    with pytest.raises(RequestFailed, match=f"its reply has the encoding '{encoding}', which was not asked for"):
        list_over_sockets(USER, live_settings)


def test_a_rejected_token_says_where_to_look(github, live_settings, list_over_sockets, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    with pytest.raises(RequestFailed, match="status 401: Bad credentials; check GITHUB_TOKEN") as raised:
        list_over_sockets(USER, live_settings)
    assert TOKEN not in str(raised.value)


def test_simulated_sources_ask_nothing_twice(github, live_settings, list_over_sockets):
    github.will(USER, stand_in.status(502), always=True)
    with pytest.raises(RequestFailed, match=r"status 502: Server Error$"):
        list_over_sockets(USER, live_settings | {"source": "loopback"})
    assert len(github.asked(USER)) == 1


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
