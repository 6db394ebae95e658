"""Summaries at the speed of msgspec: only what they need is decoded, and only files that are wholly as expected.

Whatever is odd about a file, from a missing key to a mean that is not that of its rounds, is left to the tolerant
reader, which says what is wrong with it. Both give the same summaries; but what a summary does not need is not looked
at here, so a file that is odd in such a part only is read here and may be refused there. Dates are as other programs
write them, or none: a summary holds the moment or None, as the tolerant reader finds it.
"""

from __future__ import annotations

import functools
import math
import operator
import statistics
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parabench.history import migrations
from parabench.history.checked import SECONDS_LEAST, SECONDS_MOST
from parabench.history.stored_session import DEFAULTS, moment_within_reason, number_of
from parabench.history.summary import (
    FIGURES,
    CellKey,
    Layout,
    SessionSummary,
    circumstances_of,
    figures_by_metric,
    interpreter_of,
)
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


def _info(msgspec: Any, define: Callable[..., Any]) -> Any:
    """What is needed of a cell's `extra_info`."""
    visit: Any = define("Pass", ("rounds", int))
    # Whether it is a cell is told by keys that are there, so null is not the same as none.
    names = [(key, str | msgspec.UnsetType, msgspec.UNSET) for key in ("workload", "model")]
    named = ("workers_named", bool | msgspec.UnsetType | None, msgspec.UNSET)
    return define(
        "Info",
        *names,
        named,
        **dict.fromkeys(("seconds_cpu", "joules_per_round"), float),
        bytes_peak=int,
        workers=int,
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
    info = _info(msgspec, define)
    benchmark: Any = define("Benchmark", ("fullname", str), ("stats", stats), extra_info=info)
    ours = define(
        "Ours",
        ("format", int),
        ("machine_id", str),
        ("fingerprint", python),
        ("options", dict[str, object]),
        ("interrupted", bool),
        ("failed", list[dict[str, object]]),
        noisy=bool,
        tags=list[str],
    )
    return define(
        "Session",
        ("benchmarks", list[benchmark]),
        ("machine_info", python),
        ("parabench", ours | msgspec.UnsetType, msgspec.UNSET),
        datetime=object,
        commit_info=define("Commit", id=str, dirty=bool),
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
    ours, commit = session.parabench or None, session.commit_info  # what is not set is false
    added = _additions(session) if ours is not None else None
    if ours is not None and added is None:
        return None
    seconds = [_seconds(benchmark, ours=ours is not None) for benchmark in session.benchmarks]
    known = tuple(number for number in seconds if number is not None)
    if len(known) < len(seconds):
        return None
    layout = _layout(session.benchmarks, added)
    fingerprint = ours.fingerprint if ours else session.machine_info
    return SessionSummary(
        path=path,
        number=number_of(path),
        machine_id=(ours and ours.machine_id) or path.absolute().parent.name,
        commit_id=commit and commit.id,
        dirty=commit and commit.dirty,
        datetime=moment_within_reason(session.datetime),
        interpreter=interpreter_of({name: getattr(fingerprint, name) for name in fingerprint.__struct_fields__}),
        version=fingerprint.python_version,
        interrupted=bool(ours and ours.interrupted),
        noisy=bool(ours and ours.noisy),
        tags=tuple(ours.tags or ()) if ours else (),
        failed=added.failed if added else {},
        layout=layouts.setdefault(layout, layout),
        seconds=known,
        figures=_figures(session.benchmarks) if ours else {},
    )


def _is_cell(benchmark: Any) -> bool:
    info = benchmark.extra_info
    return info is not None and isinstance(info.workload, str) and isinstance(info.model, str)


@dataclass(frozen=True, slots=True)
class _Additions:
    """What parabench adds to a session, as the latest format has it."""

    latency_seconds: int | float | None = None
    failed: Mapping[CellId, str] = field(default_factory=dict)
    #: For each benchmark that is a cell: whether the user asked for its number of workers.
    workers_named: Sequence[bool] = ()


def _additions(session: Any) -> _Additions | None:
    """The same as after the tolerant reader's migration; None where it has to judge."""
    ours = session.parabench
    infos = [benchmark.extra_info for benchmark in session.benchmarks if _is_cell(benchmark)]
    fields: dict[str, Any] = {"format": ours.format, "options": ours.options, "failed": ours.failed}
    latest = migrations.latest_format(migrations.MIGRATIONS)
    are_numbers = all(info.workers is None or info.workers >= 1 for info in infos)
    if not 1 <= ours.format <= latest or not are_numbers:
        return None
    named = [info.workers_named is True for info in infos]
    if ours.format < latest:
        cells = [_named(info) for info in infos]
        try:
            fields, cells = migrations.migrate(fields, cells, migrations.MIGRATIONS)
        except migrations.StepFailed:
            return None
        named = [cell["workers_named"] is True for cell in cells]
    latency, failed = fields["options"].get("latency_seconds"), dict[CellId, str]()
    for entry in fields["failed"]:
        if not _tells_what_failed(entry):
            return None
        failed[CellId(**{key: entry[key] for key in CellId._fields if key in entry})] = entry["reason"]
    return _Additions(latency, failed, named) if latency is None or type(latency) in (int, float) else None


def _named(info: Any) -> dict[str, Any]:
    """What migrations have to know of a cell; a key that the file does not have is not there either."""
    cell = {"model": info.model, "workers": info.workers}
    return cell if info.workers_named not in (None, True, False) else cell | {"workers_named": info.workers_named}


def _tells_what_failed(entry: Mapping[str, Any]) -> bool:
    types = {**typing.get_type_hints(CellId), "cell": str, "reason": str}
    right = all(type(entry.get(key, DEFAULTS.get(key))) is kind for key, kind in types.items())
    return right and entry["workers"] >= 1


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


def _figures(benchmarks: Sequence[Any]) -> dict[str, Sequence[float]]:
    """What may be compared besides times; a column for each figure, because this is most of what a session holds."""
    infos = [benchmark.extra_info if _is_cell(benchmark) else None for benchmark in benchmarks]
    columns = {
        figure: [None if info is None else read(info) for info in infos]
        for figure, read in ((figure, operator.attrgetter(figure)) for figure in FIGURES.values())
    }
    cpu = columns["seconds_cpu"]
    columns["seconds_cpu"] = [None if number is not None and number > SECONDS_MOST else number for number in cpu]
    return figures_by_metric(columns.values())


def _layout(benchmarks: Sequence[Any], added: _Additions | None) -> Layout:
    named = iter(added.workers_named if added else ())
    return tuple(
        _key(benchmark, added, workers_named=next(named))
        if added and _is_cell(benchmark)
        else CellKey(benchmark.fullname, None, None, "{}")
        for benchmark in benchmarks
    )


def _key(benchmark: Any, added: _Additions, *, workers_named: bool) -> CellKey:
    info = benchmark.extra_info
    libraries = tuple(info.libraries.items()) if info.libraries else ()
    circumstances = _circumstances(libraries, info.client, added.latency_seconds)
    cell = None
    if info.workers is not None and info.size is not None:
        cell = CellId(info.workload, info.model, info.workers, info.size, workers_named, info.chunk or "1")
    return CellKey(benchmark.fullname, info.kind, info.source_hash, circumstances, cell)


@functools.lru_cache(maxsize=1024, typed=True)
def _circumstances(libraries: tuple[tuple[str, str | None], ...], client: str | None, latency: float | None) -> str:
    return circumstances_of(dict(libraries), client, latency)
