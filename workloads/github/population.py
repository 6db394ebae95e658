"""The simulated GitHub: users, their repositories, and the seeded reply to any request, in any process the same.

What a user owns never changes, so that results are comparable between sessions; how long a reply takes depends on the
seed and the median latency. Standard library only: every worker and the loopback server import this.
"""

from __future__ import annotations

import functools
import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

#: GitHub's own default number of repositories per page, and the most it gives.
PAGE_SIZE, PAGE_SIZE_MOST = 30, 100
#: Users exist up to this number: dev-0000 to dev-0999.
USERS_MOST = 1_000
#: Seed of what users own; another seed is another workload. With this one the first 16 users fill 24 pages, and taking
#: them in order leaves no long task for the end, so that the small batch's ideal time can be reached.
CONTENT_SEED = 24
#: Pages of PAGE_SIZE repositories a user fills, with weights: mostly one, some two to four.
PAGES, PAGE_WEIGHTS = (1, 2, 3, 4), (70, 18, 8, 4)
#: Reply times follow a log-normal distribution of this sigma, clipped to these multiples of the median.
LATENCY_SIGMA, LATENCY_LEAST, LATENCY_MOST = 0.5, 0.4, 3.0

_LANGUAGES = ("Python", "JavaScript", "C", "C++", "Rust", "Go", "Java", "Shell", None)
_WORDS = (
    "async",
    "bench",
    "cache",
    "data",
    "event",
    "fast",
    "graph",
    "http",
    "json",
    "kit",
    "loop",
    "micro",
    "net",
    "pool",
)
_USER = re.compile(r"dev-(\d{4})")
_PATH = re.compile(r"/users/([^/]+)/repos")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the simulated GitHub says to one request, and after how many seconds."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    latency_seconds: float


@dataclass(frozen=True, slots=True)
class Population:
    """A simulated GitHub at a base URL (no trailing slash). Hashable, so that answers are computed once per process."""

    url: str
    seed: int
    #: Middle of the reply times, in seconds.
    latency_seconds: float

    def answer(self, target: str) -> Answer:
        """The reply to GET `target` (path and query); unknown users and paths get GitHub's 404."""
        return _answer(self, target)


def population_of(settings: Mapping[str, Any]) -> Population:
    """The population that a service's settings describe."""
    return Population(settings["url"], settings["seed"], settings["latency_seconds"])


def list_users(count: int) -> list[str]:
    """The first `count` users."""
    return [f"dev-{number:04d}" for number in range(count)]


@functools.cache
def repositories_of(user: str) -> tuple[dict[str, Any], ...]:
    """Every public repository of a user, in the order GitHub lists them. Raises KeyError for an unknown user."""
    known = _USER.fullmatch(user)
    if known is None or int(known[1]) >= USERS_MOST:
        raise KeyError(user)
    source = random.Random(f"{CONTENT_SEED}:{user}")
    full_pages = source.choices(PAGES, PAGE_WEIGHTS)[0] - 1
    count = full_pages * PAGE_SIZE + source.randint(0 if full_pages == 0 else 1, PAGE_SIZE)
    first_id = 100_000 + int(known[1]) * 1_000
    return tuple(_repository(user, first_id + place, source) for place in range(count))


def _repository(user: str, number: int, source: random.Random) -> dict[str, Any]:
    """One repository object with the fields of GitHub's that listings are read for."""
    name = f"{source.choice(_WORDS)}-{source.choice(_WORDS)}-{number % 1_000}"
    created, month = source.randint(2009, 2023), source.randint(1, 12)
    return {
        "id": number,
        "name": name,
        "full_name": f"{user}/{name}",
        "private": False,
        "html_url": f"https://github.com/{user}/{name}",
        "description": f"A {source.choice(_WORDS)} {source.choice(_WORDS)} for {source.choice(_WORDS)}",
        "fork": source.random() < 0.2,
        "language": source.choice(_LANGUAGES),
        "stargazers_count": int(source.paretovariate(0.9)) - 1,
        "forks_count": source.randint(0, 40),
        "created_at": f"{created}-{month:02d}-{source.randint(1, 28):02d}T08:00:00Z",
        "pushed_at": f"{source.randint(created + 1, 2025)}-{month:02d}-{source.randint(1, 28):02d}T17:30:00Z",
        "size": source.randint(1, 90_000),
        "default_branch": "main" if created > 2019 else "master",
        "topics": source.sample(_WORDS, source.randint(0, 3)),
    }


def page_count(user: str, page_size: int) -> int:
    """Pages that a listing of the user takes: at least one, which may be empty. Raises KeyError if unknown."""
    return max(1, -(-len(repositories_of(user)) // page_size))


@functools.cache
def latency(seed: int, median_seconds: float, user: str, page: int) -> float:
    """Seconds that the reply with this page takes: whole milliseconds, because event loops' timers know no less."""
    if median_seconds <= 0:
        return 0.0
    factor = random.Random(f"{seed}:{user}:{page}").lognormvariate(0.0, LATENCY_SIGMA)
    seconds = median_seconds * min(LATENCY_MOST, max(LATENCY_LEAST, factor))
    return max(0.001, round(seconds, 3))


def listing_seconds(settings: Mapping[str, Any], user: str) -> float:
    """Seconds of pure waiting for all pages of one user, one after the other."""
    pages = range(1, page_count(user, settings["page_size"]) + 1)
    return sum(latency(settings["seed"], settings["latency_seconds"], user, page) for page in pages)


@functools.cache
def _answer(population: Population, target: str) -> Answer:
    split = urlsplit(target)
    query = {name: values[-1] for name, values in parse_qs(split.query).items()}
    page, page_size = _number(query.get("page"), 1), min(_number(query.get("per_page"), PAGE_SIZE), PAGE_SIZE_MOST)
    match = _PATH.fullmatch(split.path)
    user = match[1] if match else split.path
    seconds = latency(population.seed, population.latency_seconds, user, page)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        repositories, pages = repositories_of(user), page_count(user, page_size)
    except KeyError:
        body = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"}
        return Answer(404, headers, json.dumps(body).encode(), seconds)
    if page < pages:
        base = f"{population.url}{split.path}?per_page={page_size}&page="
        headers["Link"] = f'<{base}{page + 1}>; rel="next", <{base}{pages}>; rel="last"'
    shown = repositories[(page - 1) * page_size : page * page_size]
    return Answer(200, headers, json.dumps(shown, separators=(",", ":")).encode(), seconds)


def _number(text: str | None, default: int) -> int:
    return max(1, int(text)) if text is not None and text.isdecimal() else default
