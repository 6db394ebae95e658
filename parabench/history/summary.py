"""What comparisons need of a stored session: one number per cell, and what has to be the same on both sides.

Thousands of sessions measure the same cells, so what identifies the cells is kept once, in a layout that sessions
share, and a session holds numbers only.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from parabench.history.checked import SECONDS_LEAST
from parabench.records import CellId

if TYPE_CHECKING:  # what is kept of sessions needs no reader of them
    from parabench.history.stored import StoredBenchmark, StoredSession


class CellKey(NamedTuple):
    """One benchmark of a session: a cell of ours, or any of pytest-benchmark's."""

    #: Name of the test item, which is the same in every session.
    name: str
    kind: str | None
    source_hash: str | None
    #: Versions of the libraries behind it and what else has to be the same, as one text.
    circumstances: str
    #: Which cell of ours it is; None for any other benchmark.
    cell: CellId | None = None

    @property
    def text(self) -> str:
        """What it is called where people read: the id of a cell; of other benchmarks what names them in their file."""
        return self.cell.text if self.cell is not None else shortened(self.name)


def shortened(name: str) -> str:
    """The name of another project's test without the folder and file that it is in."""
    return name.rpartition("::")[2]


#: What may be compared besides the time of a round, and the stored figure that it is: what the whole process tree used.
FIGURES = {"cpu": "seconds_cpu", "memory": "bytes_peak", "joules": "joules_per_round"}
#: No machine has so many bytes, or uses so many joules or seconds.
_FIGURE_MOST = 1e18
#: All that may be compared.
METRICS = ("seconds", *FIGURES)

#: The cells of a session in the order of its numbers.
Layout = tuple[CellKey, ...]


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
    failed: Mapping[CellId, str]
    layout: Layout
    #: The session's one number for each cell, seconds per round; NaN where the file does not give one.
    seconds: Sequence[float]
    #: The same for each of FIGURES that any cell has, by its key there.
    figures: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def numbers(self, metric: str) -> Sequence[float]:
        """The session's one number for each cell: seconds per round, or another of METRICS; NaN where it has none."""
        if metric == "seconds":
            return self.seconds
        return self.figures.get(metric) or [math.nan] * len(self.layout)

    def cells(self, metric: str = "seconds") -> Iterator[tuple[CellKey, float]]:
        """Cells with their numbers, without those that have none."""
        known = zip(self.layout, self.numbers(metric), strict=True)
        return ((key, number) for key, number in known if not math.isnan(number))


def summarise(session: StoredSession) -> SessionSummary:
    """A summary of a session that has been read."""
    options = session.options or {}
    unknown = math.nan
    return SessionSummary(
        path=session.path,
        number=session.number,
        machine_id=session.machine_id,
        commit_id=session.commit_id,
        dirty=session.dirty,
        datetime=session.datetime,
        interpreter=interpreter_of(session.fingerprint),
        version=session.fingerprint.get("python_version"),
        interrupted=bool(session.interrupted),
        noisy=bool(session.noisy),
        tags=tuple(session.tags or ()),
        failed={entry.cell: entry.reason for entry in session.failed or ()},
        layout=tuple(_key(benchmark, options) for benchmark in session.benchmarks),
        seconds=tuple(
            unknown if benchmark.seconds_per_round is None else benchmark.seconds_per_round
            for benchmark in session.benchmarks
        ),
        figures=figures_of([benchmark.figures for benchmark in session.benchmarks]),
    )


def figures_of(cells: Sequence[Mapping[str, Any]]) -> dict[str, Sequence[float]]:
    """FIGURES of a session from the stored figures of each of its cells; those that no cell has are left out.

    What is not above 0 is not known: a clock or a meter was too coarse for it.
    """
    return figures_by_metric([cell.get(figure) for cell in cells] for figure in FIGURES.values())


def figures_by_metric(columns: Iterable[Sequence[float | None]]) -> dict[str, Sequence[float]]:
    """The same from a column of numbers for each of FIGURES, in their order."""
    least, most, unknown = SECONDS_LEAST, _FIGURE_MOST, math.nan
    figures: dict[str, Sequence[float]] = {}
    for metric, column in zip(FIGURES, columns, strict=True):
        numbers = [number if number is not None and least <= number <= most else unknown for number in column]
        if any([number == number for number in numbers]):  # noqa: C419, PLR0124  # NaN differs from itself; this is hot
            figures[metric] = array("d", numbers)
    return figures


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


def circumstances_of(
    libraries: Mapping[str, str | None] | None, client: str | None, latency_seconds: float | None
) -> str:
    """What else has to be the same; simulated replies are part of the work of whatever waits for them."""
    circumstances = {"libraries": libraries, "latency": latency_seconds if client is not None else None}
    return json.dumps({key: value for key, value in circumstances.items() if value}, sort_keys=True)


def _key(benchmark: StoredBenchmark, options: Mapping[str, Any]) -> CellKey:
    return CellKey(
        benchmark.fullname,
        benchmark.kind,
        benchmark.source_hash,
        circumstances_of(benchmark.libraries, benchmark.client, options.get("latency_seconds")),
        benchmark.cell,
    )
