"""The rules of the live API: what may be asked again, after how long, and what is a failed task at once.

From GitHub's "Rate limits for the REST API" and "Best practices for using the REST API": honour Retry-After, then
X-RateLimit-Reset; without either wait at least a minute, which is longer than a task here may wait; follow redirects.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import urljoin

from workloads.github.errors import ForeignAddress, RateLimited, RequestFailed
from workloads.github.listing import Fault, Reply, Source, Step, message_of, origin

#: Seconds that one task may spend waiting for rate limits, all its pages together.
SECONDS_WAITED_MOST = 60.0
#: Times that a listing asks again after faults, server errors and limits; and seconds of the pause before the first,
#: where the API names none: each further pause is twice as long.
RETRIES, SECONDS_BACKOFF = 3, 0.5
REDIRECTS_MOST = 5


def live_source(settings: Mapping[str, Any]) -> Source:
    """The live source that a service's settings describe."""
    seconds_backoff = settings.get("seconds_backoff", SECONDS_BACKOFF)
    return Source(
        settings["url"], settings["page_size"], functools.partial(GitHubRules, settings["url"], seconds_backoff)
    )


class GitHubRules:
    """The rules for one listing; counts what it has waited and tried."""

    def __init__(self, home: str, seconds_backoff: float = SECONDS_BACKOFF) -> None:
        self._home = home
        self._seconds_backoff = seconds_backoff
        self._seconds_waited = 0.0
        self._retries = 0

    def page(self, url: str) -> Generator[Step, Reply | Fault | None, Reply]:
        """Get one page. Raises RequestFailed, RateLimited or ForeignAddress when the rules leave nothing to try."""
        asked, redirects = url, 0
        while True:
            reply = yield url
            assert reply is not None
            if isinstance(reply, Fault):
                yield self._pause_after_fault(url, reply)
            elif reply.status == 200:
                return reply
            elif reply.status in (301, 302, 303, 307, 308) and "Location" in reply.headers:
                url, redirects = self._redirected(url, reply.headers["Location"]), redirects + 1
                if redirects > REDIRECTS_MOST:
                    raise RequestFailed(asked, f"more than {REDIRECTS_MOST} redirects, the last to {url}")
            elif reply.status in (403, 429):
                yield self._pause_for_limit(url, reply)
            elif reply.status >= 500:
                yield self._pause_after_error(url, reply)
            else:
                hint = "; check GITHUB_TOKEN" if reply.status == 401 else ""
                raise RequestFailed(url, f"status {reply.status}: {message_of(reply)}{hint}")

    def _redirected(self, url: str, location: str) -> str:
        target = urljoin(url, location)
        if origin(target) != origin(self._home):
            raise ForeignAddress(target, self._home, "redirect")
        return target

    def _pause_after_fault(self, url: str, fault: Fault) -> float:
        if fault.cut:
            raise RequestFailed(url, f"its reply {fault.text}")
        return self._backoff(url, fault.text)

    def _pause_after_error(self, url: str, reply: Reply) -> float:
        problem = f"status {reply.status}: {message_of(reply)}"
        if "Retry-After" in reply.headers:
            return self._wait(url, f"{problem} (Retry-After)", _seconds_in(reply.headers["Retry-After"]))
        return self._backoff(url, problem)

    def _pause_for_limit(self, url: str, reply: Reply) -> float:
        """Seconds to wait before asking again. Raises when that is too long, unknown, or no limit at all."""
        problem = f"status {reply.status}: {message_of(reply)}"
        if "Retry-After" in reply.headers:
            return self._wait(url, f"{problem} (Retry-After)", _seconds_in(reply.headers["Retry-After"]))
        if reply.headers.get("X-RateLimit-Remaining") == "0":
            reset = _seconds_in(reply.headers.get("X-RateLimit-Reset"))
            seconds = None if reset is None else max(0.0, reset - time.time()) + 1.0
            return self._wait(url, f"{problem} (X-RateLimit-Remaining is 0)", seconds)
        if reply.status == 429 or "rate limit" in message_of(reply).lower():
            raise RateLimited(url, f"{problem} (no time given, so a minute at least)", None, SECONDS_WAITED_MOST)
        raise RequestFailed(url, problem)

    def _wait(self, url: str, problem: str, seconds: float | None) -> float:
        seconds_left = SECONDS_WAITED_MOST - self._seconds_waited
        if seconds is None or seconds > seconds_left:
            raise RateLimited(url, problem, seconds, seconds_left)
        self._seconds_waited += seconds
        self._count_retry(url, problem)
        return seconds

    def _backoff(self, url: str, problem: str) -> float:
        self._count_retry(url, problem)
        return self._seconds_backoff * 2.0 ** (self._retries - 1)

    def _count_retry(self, url: str, problem: str) -> None:
        if self._retries == RETRIES:
            raise RequestFailed(url, f"{problem}; gave up after asking {RETRIES} more times")
        self._retries += 1


def _seconds_in(text: str | None) -> float | None:
    """A header's whole number of seconds; None for anything else."""
    return float(text) if text is not None and text.strip().isdecimal() else None
