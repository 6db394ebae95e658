"""The records that travel through the stages. Data only; nothing here imports anything but the standard library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Failure(NamedTuple):
    """Why a task gave no value; text only, so that it crosses any border between processes and hosts."""

    type: str
    message: str
    traceback: str


class Trace(NamedTuple):
    """When and where one task ran; only taken in instrumented rounds.

    Times are seconds of the host's monotonic clock, which all processes of one host share.
    """

    seconds_started: float
    seconds_ended: float
    #: None where tasks share a thread (event loops, greenlets).
    seconds_cpu: float | None
    worker: str
    host: str


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """workload x model x workers x size: one benchmark, one pytest item, one stable id."""

    workload: str
    model: str
    kind: str
    workers: int
    size: str
    #: Set when this pair cannot be measured here.
    unavailable: Unavailable | None = None
    #: True when the user asked for this number of workers, which then belongs to the id.
    workers_in_id: bool = False

    @property
    def id(self) -> str:
        """The id in brackets of the pytest item: defaults are left out, so that it stays stable."""
        parts = [self.workload, self.model]
        if self.workers_in_id:
            parts.append(f"w{self.workers}")
        if self.size != "small":
            parts.append(self.size)
        return "-".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a process tree used between two readings. None is unknown; `reasons` says why, by field name."""

    seconds_cpu_user: float | None
    seconds_cpu_system: float | None
    context_switches_voluntary: int | None
    context_switches_involuntary: int | None
    reasons: dict[str, str] = field(default_factory=dict)
