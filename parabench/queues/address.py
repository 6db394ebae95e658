"""Where a queue's broker is, what of that may be shown, and the names of what both ends keep there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parabench.errors import BrokerUnreachable

if TYPE_CHECKING:
    from redis import Redis

SCHEMES = ("redis", "rediss", "unix")
#: For an answer of the broker to anything that does not wait by its nature.
SECONDS_TO_ANSWER = 5.0


def is_broker(url: str) -> bool:
    """Whether a URL may be that of a Redis-compatible server."""
    try:
        parts = urlsplit(url)
        return (
            parts.port != 0
            and bool(parts.path if parts.scheme == "unix" else parts.hostname)
            and parts.scheme in SCHEMES
        )
    except ValueError:  # a port that is no number
        return False


def shown(url: str) -> str:
    """The URL without its password."""
    head, at, tail = url.rpartition("@")  # not parsed: what cannot be parsed may hold a password, too
    if not at:
        return url
    scheme, mark, account = head.partition("://")
    user, colon, _ = account.partition(":")
    return f"{scheme}{mark}{user}{colon and ':***'}@{tail}"


def keepalive(url: str) -> dict[str, bool]:
    """Settings that end connections to hosts that are gone; unix sockets know neither."""
    return {} if url.startswith("unix:") else {"socket_keepalive": True}


@dataclass(frozen=True, slots=True)
class Address:
    """A broker and a namespace in it."""

    url: str = field(repr=False)
    namespace: str

    @property
    def host(self) -> str | None:
        """Host name or address of the broker; None for a unix socket."""
        return urlsplit(self.url).hostname

    def crew(self, supervisor: str) -> str:
        """Key of what a supervisor says of itself; "*" for the keys of all."""
        return f"{self.namespace}/crew/{supervisor}"

    def questions(self, supervisor: str) -> str:
        """Key of the list of what is asked of a supervisor."""
        return f"{self.namespace}/ask/{supervisor}"

    def answer(self, token: str) -> str:
        """Key of the list that one answer comes in."""
        return f"{self.namespace}/answer/{token}"

    @property
    def lease(self) -> str:
        """Key of who may send."""
        return f"{self.namespace}/lease"

    @property
    def deaths(self) -> str:
        """Key of the list of workers that have died."""
        return f"{self.namespace}/deaths"


@contextmanager
def connected(address: Address) -> Iterator[Redis]:
    """A connection to the broker that has answered once. Raises BrokerUnreachable."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    try:
        client = redis.Redis.from_url(
            address.url,
            decode_responses=True,
            socket_timeout=SECONDS_TO_ANSWER,
            socket_connect_timeout=SECONDS_TO_ANSWER,
            retry=Retry(NoBackoff(), 0),  # who asks decides how long to go on asking
            **keepalive(address.url),
        )
        client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise BrokerUnreachable(shown(address.url), f"{type(error).__name__}: {error}") from None
    try:
        yield client
    finally:
        client.close()


def purge(broker: Redis, address: Address) -> None:
    """Remove all messages and results of the namespace; what supervisors say of themselves stays."""
    with contextlib.suppress(Exception):  # a broker that is gone keeps nothing
        own = address.namespace
        patterns = (f"{own}:*", f"rq:*:{own}", f"rq:*:{own}_*")  # RQ begins the names of its keys itself
        keys = [key for pattern in patterns for key in broker.scan_iter(pattern, count=1000)] + [address.deaths]
        broker.srem("rq:queues", f"rq:queue:{own}")
        for start in range(0, len(keys), 1000):
            broker.delete(*keys[start : start + 1000])
