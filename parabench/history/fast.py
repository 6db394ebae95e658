"""Summaries at the speed of msgspec: only what they need is decoded, and only files that are wholly as expected.

Whatever is odd about a file, from a missing key to a mean that is not that of its rounds, is left to the tolerant
reader, which says what is wrong with it. Both give the same summaries; but what a summary does not need is not looked
at here, so a file that is odd in such a part only is read here and may be refused there.
"""

from __future__ import annotations

import functools
import math
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

from parabench.history import migrations
from parabench.history.checked import SECONDS_LEAST, SECONDS_MOST
from parabench.history.stored_session import moment_of, number_of
from parabench.history.summary import CellKey, Layout, SessionSummary, circumstances_of, interpreter_of
from parabench.records import CellId

#: A mean may differ from that of the rounds by rounding only; the tolerant reader allows the same.
_TOLERANCE = 1e-6


@functools.cache
def decoder() -> Callable[[bytes], Any] | None:
    """Decodes the bytes of a session of ours; None where msgspec is not installed."""
    try:
        import msgspec
    except ImportError:
        return None
    return msgspec.json.Decoder(_types(msgspec), strict=True).decode


def _info(define: Callable[..., Any]) -> Any:
    """What is needed of a cell's `extra_info`."""
    visit: Any = define("Pass", ("rounds", int))
    return define(
        "Info",
        workload=str,
        model=str,
        workers=int,
        workers_named=bool,
        chunk=str,
        size=str,
        kind=str,
        client=str,
        source_hash=str,
        libraries=dict[str, str | None],
        seconds_per_round=float,
        passes=list[visit],
    )


def _types(msgspec: Any) -> Any:
    """The parts of a stored session that a summary needs; what pytest-benchmark alone does not store is optional."""

    def define(name: str, *fields: tuple[Any, ...], **optional: Any) -> Any:
        defaults = [(key, kind | None, None) for key, kind in optional.items()]
        return msgspec.defstruct(name, [*fields, *defaults], frozen=True, gc=False)

    python = define("Python", python_version=str, python_implementation=str, gil_enabled=bool, jit_enabled=bool)
    # A file without rounds has no `data`; where it is null, something is wrong.
    rounds = ("data", list[float] | msgspec.UnsetType, msgspec.UNSET)
    stats = define("Stats", rounds, mean=float, median=float)
    info = _info(define)
    benchmark: Any = define("Benchmark", ("fullname", str), ("stats", stats), extra_info=info)
    # The cell's name is not needed; a file in which it is none is left to the other reader.
    failed: Any = define("Failed", ("cell", str), *_identity(), ("reason", str), chunk=str)
    ours = define(
        "Ours",
        ("format", int),
        ("machine_id", str),
        ("fingerprint", python),
        ("options", define("Options", ("latency_seconds", float))),
        ("interrupted", bool),
        ("failed", list[failed]),
        noisy=bool,
        tags=list[str],
    )
    return define(
        "Session",
        ("benchmarks", list[benchmark]),
        ("datetime", str),
        ("machine_info", python),
        commit_info=define("Commit", id=str, dirty=bool),
        parabench=ours,
    )


def summary_of(path: Path, content: bytes, layouts: dict[Layout, Layout]) -> SessionSummary | None:
    """The summary of a session; None for whatever the tolerant reader has to judge.

    `layouts` collects the layouts seen, so that sessions share them.
    """
    decode = decoder()
    if decode is None:
        return None
    try:
        session = decode(content)
    except (ValueError, RecursionError):  # msgspec's own errors are ValueErrors
        return None
    ours, when, commit = session.parabench, moment_of(session.datetime), session.commit_info
    if when is None or not 1990 <= when.year <= 2200 or commit is None:
        return None
    if not _workers_are_numbers_of_workers(session) or not _is_of_today(ours):
        return None
    seconds = [_seconds(benchmark, ours=ours is not None) for benchmark in session.benchmarks]
    known = tuple(number for number in seconds if number is not None)
    if len(known) < len(seconds):
        return None
    latency = ours.options.latency_seconds if ours else None
    layout = tuple(_key(benchmark, latency, ours=ours is not None) for benchmark in session.benchmarks)
    fingerprint = ours.fingerprint if ours else session.machine_info
    return SessionSummary(
        path=path,
        number=number_of(path),
        machine_id=ours.machine_id if ours else path.absolute().parent.name,
        commit_id=commit.id,
        dirty=commit.dirty,
        datetime=when,
        interpreter=interpreter_of({name: getattr(fingerprint, name) for name in fingerprint.__struct_fields__}),
        version=fingerprint.python_version,
        interrupted=bool(ours and ours.interrupted),
        noisy=bool(ours and ours.noisy),
        tags=tuple(ours.tags or ()) if ours else (),
        failed={_cell_of(entry): entry.reason for entry in ours.failed} if ours else {},
        layout=layouts.setdefault(layout, layout),
        seconds=known,
    )


def _identity() -> list[tuple[str, Any]]:
    """The fields that name a cell, but for the chunk, which sessions of one chunk do not have."""
    return [(key, kind) for key, kind in get_type_hints(CellId).items() if key != "chunk"]


def _cell_of(named: Any) -> CellId:
    """The identity of whatever names a cell by its fields."""
    return CellId(named.workload, named.model, named.workers, named.size, bool(named.workers_named), named.chunk or "1")


def _is_of_today(ours: Any) -> bool:
    return ours is None or ours.format == migrations.latest_format(migrations.MIGRATIONS)


def _workers_are_numbers_of_workers(session: Any) -> bool:
    """1 or more, where they are told."""
    named = [benchmark.extra_info for benchmark in session.benchmarks if benchmark.extra_info is not None]
    named += session.parabench.failed if session.parabench is not None else []
    return all(each.workers is None or each.workers >= 1 for each in named)


def _is_cell(benchmark: Any) -> bool:
    info = benchmark.extra_info
    return info is not None and info.workload is not None and info.model is not None


def _seconds(benchmark: Any, *, ours: bool) -> float | None:
    """The number of a benchmark whose rounds, passes and statistics agree with each other; None for any other."""
    stats, cell = benchmark.stats, ours and _is_cell(benchmark)
    seconds: float | None = None
    if not isinstance(stats.data, list):
        seconds = None if cell else stats.median
    elif _is_sound(stats):
        seconds = _seconds_of_cell(stats.data, benchmark.extra_info) if cell else statistics.median(stats.data)
    return seconds if _is_time(seconds) else None


def _is_sound(stats: Any) -> bool:
    """Whether the rounds are times, and their mean is the one beside them."""
    data = stats.data
    if not data or stats.mean is None or not (_is_time(min(data)) and _is_time(max(data))):
        return False
    return math.isclose(stats.mean, math.fsum(data) / len(data), rel_tol=_TOLERANCE)


def _seconds_of_cell(data: list[float], info: Any) -> float | None:
    if not info.passes or sum([visit.rounds for visit in info.passes]) != len(data):
        return None
    seconds: float | None = info.seconds_per_round
    # It may have been changed. A median is mostly one of the rounds, which is sooner found out.
    return seconds if seconds in data or seconds == _median_of_passes(info.passes, data) else None


def _median_of_passes(passes: list[Any], data: list[float]) -> float:
    medians, end = [], 0
    for visit in passes:
        begin, end = end, end + visit.rounds
        medians.append(statistics.median(data[begin:end]) if end > begin else 0.0)
    return statistics.median(medians)


def _is_time(seconds: float | None) -> bool:
    return seconds is not None and SECONDS_LEAST <= seconds <= SECONDS_MOST


def _key(benchmark: Any, latency: float | None, *, ours: bool) -> CellKey:
    info = benchmark.extra_info
    if not (ours and _is_cell(benchmark)):
        return CellKey(benchmark.fullname, None, None, "{}")
    libraries = tuple(info.libraries.items()) if info.libraries else ()
    circumstances = _circumstances(libraries, info.client, latency)
    named = None not in (info.workers, info.size)
    return CellKey(benchmark.fullname, info.kind, info.source_hash, circumstances, _cell_of(info) if named else None)


@functools.lru_cache(maxsize=1024)
def _circumstances(libraries: tuple[tuple[str, str | None], ...], client: str | None, latency: float | None) -> str:
    return circumstances_of(dict(libraries), client, latency)
