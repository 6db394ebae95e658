"""Which concurrency model should run this work, on which interpreter, with how many workers, and how sure is that?"""

import importlib
import os
from typing import Any

from parabench.workload import Workload, workload

__all__ = ["Workload", "advise", "read", "workload"]


def read(results: str | os.PathLike[str] = "results", sessions: str | None = None) -> list[dict[str, Any]]:
    """All rounds of stored sessions, one dict a round, ready for `pandas.DataFrame`; unknown is None.

    `sessions` selects as everywhere ("latest", "3-10", "3.14t", a tag or a commit); without it all are read. The keys
    are those of `parabench export`. Raises NothingSelected for a selection that means nothing, and HistoryUnreadable
    for a file that cannot be read.
    """
    # By name: workers import this package, and nothing that reads sessions.
    rows: list[dict[str, Any]] = importlib.import_module("parabench.history.long_format").read(results, sessions)
    return rows


def __getattr__(name: str) -> Any:
    """`parabench.advise`, which can be called, is imported when it is asked for: workers never do."""
    if name == "advise":
        return importlib.import_module("parabench.advise")
    raise AttributeError(f"module 'parabench' has no attribute {name!r}")
