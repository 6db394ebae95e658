"""What somebody asks of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.advise.target import Target
from parabench.workload import Json

#: Seconds of a run.
BUDGET_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A function, its items, and how far the run may go."""

    target: Target
    items: Sequence[Json]
    #: An expression that gives the items, for the code to paste.
    items_text: str
    twin: Target | None = None
    setup: Target | None = None
    budget_seconds: float = BUDGET_SECONDS
    #: A call that takes longer never returns.
    call_timeout_seconds: float | None = None
    #: Calls in flight at most; None: 32 where a foreign host is reached, 128 where not.
    most_in_flight: int | None = None
    #: No item is given to the function twice.
    each_once: bool = False
    #: Whether somebody asked for that, and did not merely leave out that items may be repeated.
    each_once_asked: bool = True
    #: Keep the session among those of this folder.
    save: Path | None = None
    #: Write a workload to go on with to this file.
    workload_file: Path | None = None
    on_busy: str = "wait"
    seed: int | None = None
    #: Told how far the run is, in a line.
    say: Callable[[str], None] = lambda line: None
