"""How many users a batch lists, which results are right, and how fast a batch could be at best."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from parabench.workload import Json, Limit, LimitCase, Size, makespan_least
from workloads.github.listing import summary
from workloads.github.population import list_users, listing_seconds, repositories_of

#: size -> users in a batch of the simulated sources: about 1.5 requests each.
USERS: Mapping[Size, int] = {"small": 128, "medium": 256, "large": 1_000}


def users(size: Size) -> Sequence[str]:
    """The users of one batch."""
    return list_users(USERS[size])


@functools.cache
def expected(user: str) -> Json:
    """The right result for a user, from the population itself."""
    return summary(user, repositories_of(user))


def check(user: Json, result: Json) -> bool:
    """True when no repository is missing, doubled, foreign or out of order."""
    return bool(result == expected(user))


def waves_limit(case: LimitCase) -> Limit:
    """The shortest schedule of the waiting of a whole batch on the workers.

    Pages of one user follow each other, so a task takes at least the sum of its replies' latencies.
    """
    seconds = [listing_seconds(case.settings, user) for user in case.items]
    workers = min(case.workers, len(seconds))
    least, longest = makespan_least(seconds, workers), max(seconds)
    if longest >= least:
        return Limit(longest, "reply times of the longest task, one page after the other")
    return Limit(least, f"shortest schedule of all reply times on {workers} workers")
