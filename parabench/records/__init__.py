"""The records that travel through the stages. Data only; nothing below imports anything but the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parabench.records.figures import amount, figures_of, first, level, median, once, remark
from parabench.records.traces import Instrumented, SampledRound, Serialisation, Trace, TraceCost, TracedRound

__all__ = [
    "Cell",
    "CellId",
    "CellRecord",
    "Concern",
    "Costs",
    "Disturbance",
    "Energy",
    "Failure",
    "Instrumented",
    "Outcome",
    "SampledRound",
    "Serialisation",
    "Trace",
    "TraceCost",
    "TracedRound",
    "TreeUsage",
    "Unavailable",
    "Visit",
]


class Failure(NamedTuple):
    """Why a task gave no value; text only, so that it crosses any border between processes and hosts."""

    type: str
    message: str
    traceback: str


class Outcome(NamedTuple):
    """What became of one task: a value, or a failure."""

    value: Any
    failure: Failure | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why something cannot run here, and the command that would change it (None: nothing would)."""

    reason: str
    install: str | None = None


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about the machine or the interpreter that would spoil the numbers."""

    #: Name of the check that found it.
    check: str
    message: str


class CellId(NamedTuple):
    """Which cell: stored as fields wherever a cell is named. Its text is only ever written, never parsed."""

    workload: str
    model: str
    workers: int
    size: str
    #: True when it is not the default number of workers, or the user asked for it: it then belongs to the text.
    workers_named: bool = False
    #: Items a message: "1", or "auto" for what the model's library chooses by itself.
    chunk: str = "1"

    @property
    def text(self) -> str:
        """The id in brackets of the pytest item: defaults are left out, so that it stays stable."""
        size = "" if self.size == "small" else f"-{self.size}"
        chunk = "" if self.chunk == "1" else f"-{self.chunk}"
        return f"{self.workload}-{self.model}" + (f"-w{self.workers}" if self.workers_named else "") + chunk + size

    @property
    def label(self) -> str:
        """The model's name in a ranking of its workload: with its workers and chunk where they are not the default."""
        chunk = "" if self.chunk == "1" else f", chunk {self.chunk}"
        return (f"{self.model} x{self.workers}" if self.workers_named else self.model) + chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """workload x model x workers x size: one benchmark, one pytest item, one stable id."""

    workload: str
    model: str
    kind: str
    workers: int
    size: str
    unavailable: Unavailable | None = None  # set when this pair cannot be measured here
    #: As in CellId.
    workers_named: bool = False
    chunk: str = "1"
    #: False for what only a race adds: the model with other workers than by default, or with another chunk.
    by_default: bool = True
    waits: bool | None = field(default=None, compare=False)  # more than it computes; None: as its kind of work does

    @property
    def identity(self) -> CellId:
        """Which cell it is."""
        return CellId(self.workload, self.model, self.workers, self.size, self.workers_named, self.chunk)

    @property
    def id(self) -> str:
        """Its text: its key within a session."""
        return self.identity.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a round uses: a figure a field, with the unit in its name and how it is combined in its metadata.

    A new figure is a field here, the reading of it in `measure/`, and its text in the schema of stored files.
    """

    #: Exact where the kernel has per-process clocks; user and system are counted in its ticks (often 10 ms).
    seconds_cpu: float = field(metadata=amount())
    seconds_cpu_user: float = field(metadata=amount())
    seconds_cpu_system: float = field(metadata=amount())
    context_switches_voluntary: float = field(metadata=amount())
    context_switches_involuntary: float = field(metadata=amount())
    #: Living processes and threads at the time of reading.
    processes: int = field(metadata=level())
    threads: int = field(metadata=level())
    #: Pages that the kernel made ready when they were touched, without reading them from storage.
    page_faults: float | None = field(default=None, metadata=amount())
    #: From and to storage and pipes, by read(2) and write(2) and their like; None where the system does not count them.
    bytes_read: float | None = field(default=None, metadata=amount())
    bytes_written: float | None = field(default=None, metadata=amount())
    #: What could not be counted, if anything.
    blind: str | None = field(default=None, metadata=remark(stored_as="not_counted"))
    #: Of the processor packages of the whole machine; None with the reason beside it.
    joules: float | None = field(default=None, metadata=amount(stored_as="joules_per_round"))
    joules_reason: str | None = field(
        default="it was measured by a version that did not read energy", metadata=remark(explains="joules")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeUsage(Costs):
    """What processes have used since they started, or between two readings."""

    def __add__(self, other: TreeUsage) -> TreeUsage:
        """Two parts of a tree, or two spans of time, together."""
        return self._combined(other, 1)

    def __sub__(self, other: TreeUsage) -> TreeUsage:
        """What was used since an earlier reading; `processes` is that of the later one."""
        return self._combined(other, -1)

    def _combined(self, other: TreeUsage, sign: int) -> TreeUsage:
        values: dict[str, Any] = {}
        for name, figure in figures_of(self):
            mine, theirs = getattr(self, name), getattr(other, name)
            if figure.sort == "remark":
                values[name] = mine or theirs
            elif figure.sort == "level" and sign < 0:
                values[name] = mine
            else:
                values[name] = None if mine is None or theirs is None else mine + sign * theirs
        return TreeUsage(**values)


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules that the processor packages of the whole machine used, or None and why that is unknown."""

    joules: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """Something else had a part in a round or a visit, so that its times are not those of the model alone."""

    #: In words of one kind, such as "tasks sent again".
    cause: str
    #: How many of them; of "other programs", their share of the usable cores' time.
    count: float
    #: "warm-up", "round", "untimed round" (for memory and traces) or "whole visit".
    during: str
    #: Seconds per round of what was set aside because of it; empty: the visit holds what was disturbed.
    seconds_set_aside: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit(Costs):
    """One stay at a cell: opened, warmed up, timed for some rounds, closed. A pass visits every cell once.

    Its costs are means per round over the whole process tree; processes and threads the most at the end of any round.
    """

    pass_number: int
    #: Place of the cell in the random order of its pass, from 0.
    position: int
    seconds_open: float = field(metadata=once(median, stored_as="seconds_cold_start"))
    #: The first batch after opening, with imports, connections and caches; not a timed round.
    seconds_first_batch: float = field(metadata=once(median))
    seconds_per_round: tuple[float, ...]
    #: Whether the GIL of the cell's process was on when it was opened, and after its last round.
    gil_enabled_at_start: bool = field(metadata=once(all))
    gil_enabled_at_end: bool = field(metadata=once(any))
    findings: tuple[dict[str, Any], ...] = ()
    #: The first batch and the untimed rounds after it that ran until they were flat; empty where there were none.
    seconds_warm_up: tuple[float, ...] = ()
    #: CPU time of other programs during the visit over the time of the usable cores; None with the reason beside it.
    share_others: float | None = field(default=None, metadata=once(median))
    others_reason: str | None = field(
        default="it was measured by a version that did not look", metadata=once(first, explains="share_others")
    )
    #: What was disturbed, whether it was set aside or not.
    disturbed: tuple[Disturbance, ...] = ()
    #: Tasks of the first batch where it was not a whole one.
    tasks_first_batch: int | None = field(default=None, metadata=once(first))


@dataclass(slots=True)
class CellRecord:
    """Everything a session has found out about one cell."""

    cell: Cell
    tasks: int = 0
    visits: list[Visit] = field(default_factory=list)
    instrumented: Instrumented | None = None
    #: Message of the failure that made the cell invalid; its times are kept out of every comparison.
    failure: str | None = None
    #: Nobody asked for this model: it is the baseline, which always runs.
    added_as_baseline: bool = False

    @property
    def valid(self) -> bool:
        """Whether the cell has times that may be compared."""
        return self.failure is None and any(visit.seconds_per_round for visit in self.visits)

    @property
    def label(self) -> str:
        """The model's name in a ranking: with its workers and chunk where they are not the default."""
        return self.cell.identity.label

    @property
    def seconds_by_pass(self) -> dict[int, float]:
        """Median seconds per round of each pass."""
        import statistics  # not at the top: every worker imports this module, and none needs it

        return {v.pass_number: statistics.median(v.seconds_per_round) for v in self.visits if v.seconds_per_round}

    @property
    def seconds(self) -> float | None:
        """The session's number for the cell: the median over its passes, in seconds per round."""
        return median([*self.seconds_by_pass.values()]) if self.valid else None
