"""Where a call waits, seen from outside: looks at its threads in one traced round of the probe."""

from __future__ import annotations

from collections import Counter

from parabench.measure.cell import CellProcess
from parabench.measure.wait_sites import (
    CHILD,
    FILE_LOCK,
    GIL,
    LOCK,
    PAGE,
    PIPE,
    POLL,
    RUNNING,
    SLEEP,
    SOCKET,
    STORAGE,
    WaitWatch,
    sites_in_tasks,
)
from parabench.records import TracedRound

#: So many looks that met a waiting call say where it waits, when so large a share of them agrees.
LOOKS_LEAST, SHARE_LEAST = 5, 0.6
IN_WORDS = {
    GIL: "for the GIL",
    LOCK: "for a lock",
    FILE_LOCK: "for the lock of a file",
    SOCKET: "for a socket",
    POLL: "in the poll of an event loop or a selector",
    SLEEP: "in a sleep",
    STORAGE: "for storage",
    PIPE: "for a pipe",
    CHILD: "for a child process",
    PAGE: "for memory to be read in",
}


def watched_round(process: CellProcess) -> tuple[TracedRound, Counter[str]]:
    """A traced round, and how often its calls were found where; empty where the system does not show that."""
    with WaitWatch(process.pids) as watch:
        done, _, _ = process.traced_round(watch)
    return done, sites_in_tasks(watch.looks, done.traces)


def where(sites: Counter[str]) -> str | None:
    """Where a call waits most of its waiting time, in words; None where too few looks tell, or they disagree."""
    waits = Counter({site: count for site, count in sites.items() if site != RUNNING})
    if waits.total() < LOOKS_LEAST:
        return None
    [(site, count)] = waits.most_common(1)
    return IN_WORDS.get(site) if count >= SHARE_LEAST * waits.total() else None
