"""Listing a user's public repositories, page by page: the job itself, without any input or output of its own.

`repositories` is a generator that yields what it needs next and is sent what came of it, so that one text serves
threads, event loops and every client library. `list_repositories` and its coroutine twin are the tasks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from parabench.workload import Json
from workloads.github.errors import ForeignAddress, RequestFailed
from workloads.github.redaction import Hide, hide_nothing


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete HTTP reply. `headers` ignores case; `next_url` is the Link header's, as the client library read it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    next_url: str | None
    #: Takes the token out of texts made from the body.
    hide: Hide = field(default=hide_nothing, repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no complete reply. `cut`: it began and broke off, so the data in hand is not to be trusted."""

    text: str
    cut: bool = False


#: A listing may have so many pages: the largest accounts have fewer.
PAGES_MOST = 200
#: A URL to get, or seconds to wait.
Step = str | float
Repository = dict[str, Any]
Listing = Generator[Step, "Reply | Fault | None", list[Repository]]


class Rules(Protocol):
    """What to do about anything but a page: wait (yield seconds), ask again, or raise."""

    def page(self, url: str) -> Generator[Step, Reply | Fault | None, Reply]:
        """Get one page."""
        ...


class Strict:
    """The rules of simulated sources: every fault is a failed task, nothing is asked twice."""

    def page(self, url: str) -> Generator[Step, Reply | Fault | None, Reply]:
        """Get one page. Raises RequestFailed unless it comes with status 200."""
        reply = yield url
        assert reply is not None
        if isinstance(reply, Fault):
            raise RequestFailed(url, reply.text)
        if reply.status != 200:
            raise RequestFailed(url, f"status {reply.status}: {message_of(reply)}")
        return reply


@dataclass(frozen=True, slots=True)
class Source:
    """Where the repositories are listed and by which rules."""

    #: Base URL of the API, without a trailing slash.
    url: str
    page_size: int
    #: Makes the rules of one listing, which may keep count of what it has waited and tried.
    rules: Callable[[], Rules]


class Client(Protocol):
    """What the synchronous task needs: a source and somebody who takes the steps."""

    source: Source

    def run(self, listing: Listing) -> list[Repository]:
        """Take every step of the listing and return its repositories."""
        ...


class AsyncClient(Protocol):
    """The same for the coroutine twin."""

    source: Source

    async def run(self, listing: Listing) -> list[Repository]:
        """Take every step of the listing and return its repositories."""
        ...


def list_repositories(user: str, client: Client) -> Json:
    """List the public repositories of a GitHub user; the result shows a lost, doubled or foreign page."""
    return summary(user, client.run(repositories(user, client.source)))


async def list_repositories_async(user: str, client: AsyncClient) -> Json:
    """The same work as a coroutine."""
    return summary(user, await client.run(repositories(user, client.source)))


def repositories(user: str, source: Source) -> Listing:
    """All repositories of a user, following Link headers on the source's own host.

    Raises RequestFailed for a reply that is no page of repositories or one page too many, ForeignAddress for a Link to
    another host.
    """
    rules = source.rules()
    url: str | None = f"{source.url}/users/{quote(user, safe='')}/repos?per_page={source.page_size}"
    listed: list[Repository] = []
    asked: set[str] = set()
    while url is not None:
        asked.add(url)
        reply = yield from rules.page(url)
        listed += _parsed(url, reply)
        if reply.next_url is not None and len(asked) == PAGES_MOST:
            raise RequestFailed(
                url, f"it is page {PAGES_MOST} and names another one; a listing ends there at the latest"
            )
        if reply.next_url in asked:
            raise RequestFailed(url, f"its Link header leads back to {reply.next_url}, which was listed already")
        if reply.next_url is not None and origin(reply.next_url) != origin(source.url):
            raise ForeignAddress(reply.next_url, source.url, "Link header")
        url = reply.next_url
    return listed


def summary(user: str, listed: Sequence[Repository]) -> Json:
    """What a task returns: enough to notice any wrong page, short enough to cost no model anything to carry."""
    names = "\n".join(repository["name"] for repository in listed)
    return {
        "user": user,
        "repositories": len(listed),
        "stars": sum(repository["stargazers_count"] for repository in listed),
        "digest": hashlib.sha256(names.encode()).hexdigest()[:16],
    }


def origin(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port: what has to be the same before anything confidential is sent (RFC 6454, section 4)."""
    try:
        split = urlsplit(url)
        return split.scheme, split.hostname, split.port or {"http": 80, "https": 443}.get(split.scheme)
    except ValueError:  # a server's idea of an address: the same as no other
        return "", None, None


def message_of(reply: Reply) -> str:
    """What the reply's body says went wrong, shortened: GitHub puts it under "message"."""
    try:
        text = json.loads(reply.body)["message"]
    except (ValueError, KeyError, TypeError):
        text = reply.body.decode(errors="replace")
    return reply.hide(str(text))[:200]


def _parsed(url: str, reply: Reply) -> list[Repository]:
    try:
        page = json.loads(reply.body)
    except ValueError as error:
        raise RequestFailed(url, f"its body of {len(reply.body)} bytes is no valid JSON: {error}") from None
    if not isinstance(page, list) or not all(map(_is_repository, page)):
        raise RequestFailed(url, "its body is no list of repositories")
    return page


def _is_repository(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    return isinstance(entry.get("name"), str) and isinstance(entry.get("stargazers_count"), int)
