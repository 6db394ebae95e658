"""Stored sessions in long format: one record a timed round, whose keys are the same in every version."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from parabench.history.commits import commit_known
from parabench.history.reader import read_session
from parabench.history.remote import local_folder
from parabench.history.selection import select
from parabench.history.sessions import read_summaries
from parabench.history.stored import StoredBenchmark, StoredSession
from parabench.history.summary import FIGURES

#: Key -> what it is. New ones are added at the end; none is renamed, left out or moved.
COLUMNS = {
    "session": "name of the session's file",
    "number": "number of the session on its machine",
    "machine": "machine id: CPU, system and interpreter build",
    "datetime": "when the session was stored, ISO 8601",
    "commit": "id of the commit that was measured",
    "branch": "its branch",
    "dirty": "whether there were changes that had not been committed",
    "tags": "names that the user gave to the session, separated by blanks",
    "interrupted": "whether the session was interrupted",
    "benchmark": "full name of the benchmark",
    "cell": "id of the cell; empty for other benchmarks, as all columns of cells are",
    "workload": "of the cell",
    "model": "of the cell",
    "family": "of its model",
    "kind": "of its work",
    "workers": "number of workers",
    "chunk": "items a message",
    "size": "of the workload",
    "tasks": "in a batch",
    "pass": "number of the pass, from 0",
    "position": "place of the cell in its pass, from 0",
    "round": "number of the round within the benchmark, from 0; empty where the file has no rounds",
    "seconds": "that the round took",
    "seconds_per_round": "the session's one number for the benchmark",
    "seconds_cpu": "CPU time a round of the whole process tree",
    "bytes_peak": "memory of the whole process tree at most",
    "joules_per_round": "energy of the whole machine",
    "share_of_ideal": "shortest possible time / seconds_per_round",
}
Row = dict[str, Any]
_OF_CELL = ("workload", "model", "family", "kind", "workers", "chunk", "size", "tasks")
_FIGURES = (*FIGURES.values(), "share_of_ideal")


def read(results: str | os.PathLike[str] = "results", sessions: str | None = None) -> list[Row]:
    """All rounds of stored sessions, one dict a round with the keys of COLUMNS, ready for `pandas.DataFrame`.

    `sessions` selects as everywhere ("latest", "3-10", "3.14t", a tag or a commit); without it all are read. Unknown is
    None. Raises NothingSelected for a selection that means nothing, and HistoryUnreadable for a file that cannot be
    read.
    """
    summaries = read_summaries(local_folder(os.fspath(results)))
    for problem in summaries.problems:
        raise problem
    chosen = summaries.sessions if sessions is None else select(sessions, summaries.sessions, commit_known)
    return list(rows_of([session.path for session in chosen]))


def rows_of(paths: Sequence[Path]) -> Iterator[Row]:
    """The records of these files, one file after the other. Raises HistoryUnreadable."""
    for path in paths:
        session = read_session(path)
        about = _about(session)
        for benchmark in session.benchmarks:
            yield from _rounds(about, benchmark)


def _about(session: StoredSession) -> Row:
    return {
        "session": session.path.name,
        "number": session.number,
        "machine": session.machine_id,
        "datetime": session.datetime.isoformat() if session.datetime is not None else None,
        "commit": session.commit_id,
        "branch": session.branch,
        "dirty": session.dirty,
        "tags": " ".join(session.tags) if session.tags is not None else None,
        "interrupted": session.interrupted,
    }


def _rounds(about: Row, benchmark: StoredBenchmark) -> Iterator[Row]:
    cell = {"cell": benchmark.cell.text if benchmark.cell is not None else None}
    common = about | {"benchmark": benchmark.fullname} | cell | {key: getattr(benchmark, key) for key in _OF_CELL}
    numbers = {"seconds_per_round": benchmark.seconds_per_round} | {key: benchmark.figures.get(key) for key in _FIGURES}
    seconds: Sequence[float | None] = benchmark.seconds or (None,)
    visits: list[tuple[int | None, int | None]] = [
        (visit.number, visit.position) for visit in benchmark.passes or () for _ in range(visit.rounds)
    ]
    if len(visits) != len(seconds):  # rounds of other benchmarks have no passes
        visits = [(None, None)] * len(seconds)
    for number, (taken, (pass_number, position)) in enumerate(zip(seconds, visits, strict=True)):
        place = {"pass": pass_number, "position": position, "round": None if taken is None else number}
        yield {**common, **place, "seconds": taken, **numbers}
