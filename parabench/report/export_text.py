"""Stored rounds as files that other tools take: CSV, JSON, a table in Markdown, and Chrome's trace events."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from parabench.analyse.timeline import TaskSpan, Timeline
from parabench.report.foreign_text import for_markdown, one_line

Row = Mapping[str, Any]
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t")


def as_csv(rows: Iterable[Row], columns: Iterable[str]) -> Iterator[str]:
    """Lines of CSV (RFC 4180), the names of the columns first; unknown is empty. No text begins a formula."""
    columns = list(columns)
    yield _csv_line(columns)
    for row in rows:
        yield _csv_line([_harmless(row[column]) for column in columns])


def as_json_array(rows: Iterable[Row]) -> Iterator[str]:
    """Lines of one JSON array of objects; unknown is null."""
    before = "[\n"
    for row in rows:
        yield before + json.dumps(row, allow_nan=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def as_markdown(rows: Iterable[Row], columns: Iterable[str]) -> Iterator[str]:
    """Lines of a table in Markdown; unknown is a dash."""
    columns = list(columns)
    yield f"| {' | '.join(columns)} |\n| {' | '.join('---' for _ in columns)} |\n"
    for row in rows:
        yield f"| {' | '.join(_shown(row[column]) for column in columns)} |\n"


def as_trace(timelines: Mapping[str, Timeline], **about: str) -> Iterator[str]:
    """Lines of one JSON object of trace events, for ui.perfetto.dev, chrome://tracing and viztracer.

    Each cell is a process, and each worker a track of it, with a further one for each task that overlaps others there:
    events of one track may nest only. Seconds are counted from the start of the cell's batch. `about` is kept beside.

    Source of the format: "Trace Event Format", Google, section "Complete Events".
    """
    yield '{"displayTimeUnit":"ms","otherData":' + _compact(about) + ',"traceEvents":['
    before = "\n"
    for process, (cell, timeline) in enumerate(timelines.items(), start=1):
        for event in _events(process, one_line(cell), timeline):
            yield before + _compact(event)
            before = ",\n"
    yield "\n]}\n"


def _events(process: int, cell: str, timeline: Timeline) -> Iterator[Row]:
    yield {"name": "process_name", "ph": "M", "pid": process, "args": {"name": cell}}
    tracks = _tracks(timeline.tasks)
    for track, worker in sorted({(track, task.worker) for track, task in zip(tracks, timeline.tasks, strict=True)}):
        about = {"ph": "M", "pid": process, "tid": track + 1}
        yield {"name": "thread_name", **about, "args": {"name": f"worker {worker}"}}
        yield {"name": "thread_sort_index", **about, "args": {"sort_index": track}}
    for item, (track, task) in enumerate(zip(tracks, timeline.tasks, strict=True)):
        started, ended = (round(seconds * 1e6) for seconds in (task.seconds_started, task.seconds_ended))
        event = {"name": f"task {item}", "ph": "X", "ts": started, "dur": ended - started, "pid": process}
        known = {
            key: round(seconds * 1e6)
            for key, seconds in (("cpu_us", task.seconds_cpu), ("queued_us", task.seconds_runqueue))
            if seconds is not None
        }
        yield event | {"tid": track + 1} | ({"args": known} if known else {})


def _tracks(tasks: Sequence[TaskSpan]) -> list[int]:
    """The number of each task's track: those of one worker together, tasks of one track one after the other."""
    lanes: dict[int, list[float]] = {}
    placed: dict[int, tuple[int, int]] = {}
    for item in sorted(range(len(tasks)), key=lambda item: (tasks[item].seconds_started, item)):
        task = tasks[item]
        ends = lanes.setdefault(task.worker, [])
        lane = next((lane for lane, ended in enumerate(ends) if ended <= task.seconds_started), len(ends))
        ends[lane : lane + 1] = [task.seconds_ended]
        placed[item] = (task.worker, lane)
    numbers = {place: number for number, place in enumerate(sorted(set(placed.values())))}
    return [numbers[placed[item]] for item in range(len(tasks))]


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    value = one_line(value)
    return f"'{value}" if value.startswith(_FORMULA) else value


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return for_markdown(value) if isinstance(value, str) else f"{value:.6g}" if isinstance(value, float) else str(value)
