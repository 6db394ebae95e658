"""What untimed rounds show of a cell: records of its tasks, its memory and its threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Trace(NamedTuple):
    """When and where one task ran, in an instrumented round: seconds of the host's monotonic clock."""

    seconds_started: float
    seconds_ended: float
    #: None where tasks share a thread (event loops, greenlets).
    seconds_cpu: float | None
    worker: str
    host: str
    #: Ready to run but without a core, during the task; None where the kernel does not tell.
    seconds_runqueue: float | None = None
    #: Times measured on another host and moved to the clock of the host that started the batch: how wrong they may be.
    #: None: they are those of the clock of `host`.
    seconds_clock_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRound:
    """An untimed round with every task traced, in the order of the items."""

    traces: tuple[Trace, ...]
    #: When the batch began, in seconds of the monotonic clock.
    seconds_started: float
    #: Of the whole batch, what tracing costs included.
    seconds: float
    #: In which the event loop of the cell's process did not turn, all and the longest time; None: it has none, or one
    #: whose timers are unknown.
    seconds_stalled: float | None = None
    seconds_stalled_longest: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRound:
    """An untimed round in which the cell looked at its own threads and coroutines; None with the reason beside it."""

    #: Samples of threads that burned CPU while they had a task, by whose code it was.
    cpu_packages: dict[str, int] | None = None
    cpu_packages_reason: str | None = "it was measured by a version that did not sample"
    #: Functions that await one another, from the outermost on, as they were met most often.
    await_chain: str | None = None
    await_chain_reason: str | None = "it was measured by a version that did not look"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serialisation:
    """What sending all items of a batch, and all outcomes back, takes in bytes and seconds, apart from any round."""

    #: "pickle" or "json".
    serialiser: str
    bytes_items: int
    bytes_values: int
    #: Items are dumped where the batch begins and loaded in workers; values the other way round.
    seconds_dump_items: float
    seconds_load_items: float
    seconds_dump_values: float
    seconds_load_values: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceCost:
    """What a trace adds to a task, measured on tasks that do nothing; each half of an interquartile range wrong."""

    #: Seconds for each task that had its thread for itself.
    seconds: float
    seconds_error: float
    #: Seconds for each task that took turns with others in its thread.
    seconds_shared: float
    seconds_shared_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumented:
    """What the untimed rounds of a cell showed; None is unknown, with the reason beside it.

    Memory is read in rounds without traces. Of the traced rounds that of median length is this one, in item order.
    """

    bytes_peak: int | None
    bytes_before: int | None
    samples: int
    reason: str | None
    traces: tuple[Trace, ...]
    #: When the batch began, in seconds of the monotonic clock, and on which host.
    seconds_started: float | None = None
    host: str | None = None
    #: Of the whole traced batch, what tracing costs included; None in journals of versions that did not keep it.
    seconds: float | None = None
    #: In the order in which they ran.
    other_rounds: tuple[TracedRound, ...] = ()
    trace_cost: TraceCost | None = None
    #: Looks at threads that had a task under way, by where they were found; None with the reason beside it.
    wait_sites: dict[str, int] | None = None
    wait_sites_reason: str | None = "it was measured by a version that did not look"
    #: Of one batch, by event; what is missing is missing for the reason beside it.
    perf_counters: dict[str, int] | None = None
    perf_counters_reason: str | None = "it was measured by a version that did not count"
    #: None: the model sends nothing between processes.
    serialisation: Serialisation | None = None
    #: As in TracedRound, of this round.
    seconds_stalled: float | None = None
    seconds_stalled_longest: float | None = None
    #: None: journals of versions that ran no such round have none.
    sampled: SampledRound | None = None
