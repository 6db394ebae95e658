"""Stored sessions as they are read back: data only. Unknown is None, and `reasons` says why, by the field's name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parabench.records import CellId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPass:
    """One visit to a cell."""

    number: int
    #: Place of the cell in the random order of its pass, from 0.
    position: int
    #: Timed rounds; their times are the next so many of the benchmark's `seconds`.
    rounds: int
    seconds_open: float
    seconds_first_batch: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """A cell without a valid measurement, the reason, and the command that would change it, if there is one."""

    cell: CellId
    reason: str
    install: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWarning:
    """What a check before measuring said of the machine or the interpreter."""

    check: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBenchmark:
    """One benchmark of a stored session: a cell of ours, or any benchmark of pytest-benchmark.

    `seconds`, `median`, `mean`, `min`, `max` and `stddev` are seconds per round (of `iterations` calls, per call).
    The statistics are recomputed from `seconds`; where a file has no raw times they are as found in it.
    """

    fullname: str
    name: str
    group: str | None
    #: Raw times of all rounds, in the order in which they ran; each from SECONDS_LEAST to SECONDS_MOST.
    seconds: tuple[float, ...] | None
    #: The session's one number: the median over the passes of the median of each; without passes, the median.
    seconds_per_round: float | None
    #: Median seconds per round of each pass, by the number of the pass.
    seconds_by_pass: Mapping[int, float] | None
    median: float | None
    mean: float | None
    min: float | None
    max: float | None
    #: Of the sample (n - 1); unknown for a single round.
    stddev: float | None
    rounds: int | None
    #: Calls in one round; the times of a round are divided by it.
    iterations: int | None
    workload: str | None
    model: str | None
    family: str | None
    kind: str | None
    workers: int | None
    size: str | None
    #: Whether the number of workers belongs to the id.
    workers_named: bool | None
    #: Items a message; "1" in sessions that knew nothing else.
    chunk: str | None
    tasks: int | None
    client: str | None
    source_hash: str | None
    #: Version by distribution; None if it was not installed.
    libraries: Mapping[str, str | None] | None
    passes: tuple[StoredPass, ...] | None
    #: Whatever else is a number, by its key in the file: unit and denominator are in the key.
    figures: Mapping[str, float]
    #: Whatever else is a text, by its key in the file, for example `not_counted` or `ideal_reason`.
    remarks: Mapping[str, str]
    #: What the workload found out after each round.
    findings: tuple[Mapping[str, Any], ...]
    reasons: Mapping[str, str]
    #: Whatever else is true or false, a list or an object, as it is in the file, by its key: who takes one checks it.
    tables: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_cell(self) -> bool:
        """Whether it is a cell that parabench measured."""
        return self.workload is not None and self.model is not None

    @property
    def cell(self) -> CellId | None:
        """Which cell it is; None for other benchmarks, and where the file does not tell."""
        if self.workload is None or self.model is None or self.workers is None or self.size is None:
            return None
        named = bool(self.workers_named)
        return CellId(self.workload, self.model, self.workers, self.size, named, self.chunk or "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """One stored session, of parabench or of pytest-benchmark alone."""

    path: Path
    #: The number that its file's name begins with.
    number: int | None
    #: As recorded; the name of the file's folder where nothing is.
    machine_id: str
    commit_id: str | None
    commit_time: dt.datetime | None
    #: Whether there were changes that had not been committed.
    dirty: bool | None
    branch: str | None
    #: When the session was stored; moments without a zone are taken as UTC, which is what they are.
    datetime: dt.datetime | None
    #: Version of the pytest-benchmark that wrote the file.
    version: str | None
    #: Every part that this version knows; unknown parts are None, with the reason under its own `reasons`.
    fingerprint: Mapping[str, Any]
    interrupted: bool | None
    #: Whether another session measured on the machine at the same time.
    noisy: bool | None
    #: Names that the user gave to the session.
    tags: tuple[str, ...] | None
    #: Format of what parabench added when the file was written, before any migration; None: nothing was added.
    format: int | None
    options: Mapping[str, Any] | None
    failed: tuple[Unmeasured, ...] | None
    not_run: tuple[Unmeasured, ...] | None
    #: What the checks before measuring said; empty: nothing was wrong.
    warnings: tuple[StoredWarning, ...] | None
    benchmarks: tuple[StoredBenchmark, ...]
    reasons: Mapping[str, str]
