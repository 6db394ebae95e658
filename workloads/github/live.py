"""The live source: api.github.com or a GitHub Enterprise URL, on request only and never beyond what it can afford."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from parabench.errors import InvalidOption, spelled
from parabench.workload import Json, Limit, LimitCase, ServiceOptions, Settings, Size
from workloads.github.clients import Endpoint, source_of
from workloads.github.errors import LiveUnreachable, RateLimitTooLow, TokenRejected, TooManyAtOnce
from workloads.github.guard import is_near
from workloads.github.listing import Fault, Reply, message_of
from workloads.github.population import PAGE_SIZE_MOST
from workloads.github.token import VARIABLE, read_token

#: GitHub's limit for requests at once. A task has one at a time, so batches of at most so many users never exceed it,
#: however many workers there are.
AT_ONCE_MOST = 100
#: Public accounts and the pages of 100 repositories each is taken to fill: rounded up from what they showed in 2025.
#: People and organisations alike; those with one page come first, because without a token an hour has 60 requests.
PAGES: Mapping[str, int] = {
    "octocat": 1, "gvanrossum": 1, "torvalds": 1, "pallets": 1, "urllib3": 1, "encode": 1,
    "psf": 1, "aio-libs": 1, "tox-dev": 1, "pytest-dev": 1, "gevent": 1, "MagicStack": 1,
    "numpy": 1, "scipy": 1, "pandas-dev": 1, "django": 1, "sqlalchemy": 1, "celery": 1,
    "python": 2, "pypa": 2, "pypy": 1, "cython": 1, "dask": 2, "jazzband": 2,
}  # fmt: skip
USERS: Mapping[Size, int] = {"small": 6, "medium": 12, "large": 24}
#: Requests planned for each hundred counted: accounts may have grown, and some requests are asked again.
MARGIN_PERCENT = 110


@dataclass(frozen=True, slots=True)
class Allowance:
    """What `/rate_limit` says about the next requests; `reset` in seconds since the epoch."""

    limit: int
    remaining: int
    reset: int


def users(size: Size) -> Sequence[str]:
    """The accounts of one batch."""
    return list(PAGES)[: USERS[size]]


def check(user: Json, result: Json) -> bool:
    """True when the result has the right shape; what it should say only GitHub knows."""
    counts = (result.get("repositories"), result.get("stars"))
    right = result.get("user") == user and len(result.get("digest", "")) == 16
    return right and all(isinstance(count, int) and count >= 0 for count in counts)


def limit(case: LimitCase) -> Limit:
    """Nobody knows."""
    return Limit(None, "nobody knows how fast a live service could answer")


def requests_needed(names: Sequence[str], rounds: int) -> int:
    """Requests that so many rounds of a batch take at most: pages of each account, and a margin."""
    return -(-sum(PAGES[name] for name in names) * rounds * MARGIN_PERCENT // 100)


@contextmanager
def service(options: ServiceOptions) -> Iterator[Settings]:
    """Refuse what cannot be afforded before anything is measured.

    Raises InvalidOption, LiveUnreachable, TokenUnusable, TokenRejected, RateLimitTooLow or TooManyAtOnce.
    """
    token = read_token()
    url = _checked(options.github_url, with_token=token is not None)
    names = users(options.size)
    if len(names) > AT_ONCE_MOST:
        raise TooManyAtOnce(len(names), AT_ONCE_MOST)
    settings = {"source": "live", "url": url, "page_size": PAGE_SIZE_MOST, "authenticated": token is not None}
    allowance = ask_allowance(settings, token)
    needed = requests_needed(names, options.rounds_planned)
    if allowance is not None and needed > allowance.remaining:
        raise RateLimitTooLow(
            url, needed, allowance.remaining, allowance.limit, allowance.reset, authenticated=bool(token)
        )
    yield settings


def _checked(url: str, *, with_token: bool) -> str:
    """The base URL without its trailing slash. It is stored with results, so it must not carry a password."""
    option, split = spelled("--github-url"), urlsplit(url)
    if split.username or split.password or split.query or split.fragment:
        shown = f"{split.scheme}://{split.hostname}{split.path}"
        raise InvalidOption(option, shown, f"no user, password or query in it; a token belongs into {VARIABLE}")
    if split.scheme not in ("http", "https") or not split.hostname:
        raise InvalidOption(option, url, "a URL such as https://api.github.com or https://HOST/api/v3")
    if with_token and split.scheme == "http" and not is_near(split.hostname):
        raise InvalidOption(option, url, f"https, because {VARIABLE} is set and would cross the network in clear")
    return url.rstrip("/")


def ask_allowance(settings: Settings, token: str | None) -> Allowance | None:
    """How many requests are left, which costs none; None where an Enterprise server has rate limits switched off."""
    from workloads.github.libraries import requests_client

    url = f"{settings['url']}/rate_limit"
    with requests_client(source_of(settings), Endpoint(settings, token)) as client:
        reply = client.get(url)
    if isinstance(reply, Fault):
        raise LiveUnreachable(url, reply.text)
    if reply.status == 404:
        return None
    if reply.status == 401:
        raise TokenRejected(url, VARIABLE, message_of(reply))
    if reply.status != 200:
        raise LiveUnreachable(url, f"status {reply.status}: {message_of(reply)}")
    return _parsed(url, reply)


def _parsed(url: str, reply: Reply) -> Allowance:
    try:
        core = json.loads(reply.body)["resources"]["core"]
        return Allowance(int(core["limit"]), int(core["remaining"]), int(core["reset"]))
    except (ValueError, KeyError, TypeError):
        raise LiveUnreachable(url, "its answer is not that of GitHub's API") from None
