"""The token stays secret: sent to its own origin, told to nobody else, stored and logged nowhere."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
import stand_in
from listers import settings_of

from parabench.errors import ParabenchError
from parabench.task import failed
from workloads.github import clients
from workloads.github.errors import TokenRejected, TokenUnusable
from workloads.github.rules import live_source
from workloads.github.sizes import expected

TOKEN = "ghp_0123456789abcdefSECRET"


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
