"""What comparisons need of a stored session: one number per cell, and what has to be the same on both sides."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from parabench.history.stored import StoredBenchmark, StoredSession


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSummary:
    """One benchmark of a session: a cell of ours, or any of pytest-benchmark's."""

    #: Name of the test item, which is the same in every session.
    name: str
    kind: str | None
    #: The session's one number: seconds per round; None when the file does not give one.
    seconds: float | None
    source_hash: str | None
    #: Versions of the libraries behind it and what else has to be the same, as one text.
    circumstances: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """One stored session."""

    path: Path
    number: int | None
    machine_id: str
    commit_id: str | None
    dirty: bool | None
    #: When the session was stored.
    datetime: dt.datetime | None
    #: As tox names it: 3.13, 3.14t, pypy3.11, with -jit where one is on that CPython does not always have; and the
    #: whole version.
    interpreter: str | None
    version: str | None
    interrupted: bool
    noisy: bool
    tags: tuple[str, ...]
    #: Reason by cell id.
    failed: Mapping[str, str]
    cells: tuple[CellSummary, ...]


def summarise(session: StoredSession) -> SessionSummary:
    """A summary of a session that has been read."""
    options = session.options or {}
    fingerprint = session.fingerprint
    return SessionSummary(
        path=session.path,
        number=session.number,
        machine_id=session.machine_id,
        commit_id=session.commit_id,
        dirty=session.dirty,
        datetime=session.datetime,
        interpreter=interpreter_of(fingerprint),
        version=fingerprint.get("python_version"),
        interrupted=bool(session.interrupted),
        noisy=bool(session.noisy),
        tags=tuple(session.tags or ()),
        failed={entry.cell: entry.reason for entry in session.failed or ()},
        cells=tuple(_cell(benchmark, options) for benchmark in session.benchmarks),
    )


def interpreter_of(fingerprint: Mapping[str, Any]) -> str | None:
    """The short name of an interpreter: 3.13, 3.14t, pypy3.11; None when the file does not tell."""
    version, implementation = fingerprint.get("python_version"), fingerprint.get("python_implementation")
    if not version or not implementation:
        return None
    short = ".".join(str(version).split(".")[:2])
    if implementation != "CPython":
        return f"{str(implementation).lower()}{short}"
    free = "t" if fingerprint.get("gil_enabled") is False else ""
    return short + free + ("-jit" if fingerprint.get("jit_enabled") else "")


def _cell(benchmark: StoredBenchmark, options: Mapping[str, Any]) -> CellSummary:
    # Simulated replies are part of the work of whatever waits for them.
    waits = benchmark.client is not None
    circumstances = {"libraries": benchmark.libraries, "latency": options.get("latency") if waits else None}
    return CellSummary(
        name=benchmark.fullname,
        kind=benchmark.kind,
        seconds=benchmark.seconds_per_round,
        source_hash=benchmark.source_hash,
        circumstances=json.dumps({key: value for key, value in circumstances.items() if value}, sort_keys=True),
    )
