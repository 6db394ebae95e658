"""Timelines as Chrome trace events, for Perfetto and chrome://tracing: a track a lane, a slice a task and its parts.

The format is "Trace Event Format" (Google, 2016): complete events ("X") with microseconds. Slices of a track may only
nest, so coroutines that overlap get tracks of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parabench.analyse.timeline import Timeline
from parabench.report.foreign_text import one_line
from parabench.report.page.lanes import lanes_of, micros, parts_of

PART_NAMES = ("running", "no core free", "waiting, as alone", "GIL or lock")


def trace_of(timelines: Mapping[str, Timeline]) -> dict[str, Any]:
    """The trace of several cells, each a process of its own; the order of the parts inside a task is not known."""
    events: list[dict[str, Any]] = []
    for process, (cell, timeline) in enumerate(timelines.items(), 1):
        events.append(_named("process_name", process, 0, one_line(cell)))
        tasks = sorted((task for task in timeline.tasks if task.on_the_clock), key=lambda task: task.seconds_started)
        for place, (task, lane) in enumerate(zip(tasks, lanes_of(tasks), strict=True)):
            begin, duration = micros(task.seconds_started), micros(task.seconds_service)
            parts = dict(zip(PART_NAMES, parts_of(task), strict=True))
            events.append(_slice(f"task {place + 1}", process, lane, begin, duration) | {"args": parts})
            at = begin
            for name, part in parts.items():
                length = min(part or 0, begin + duration - at)
                if length > 0:
                    events.append(_slice(name, process, lane, at, length))
                    at += length
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def _named(kind: str, process: int, lane: int, name: str) -> dict[str, Any]:
    return {"ph": "M", "name": kind, "pid": process, "tid": lane, "args": {"name": name}}


def _slice(name: str, process: int, lane: int, begin: int, duration: int) -> dict[str, Any]:
    return {"ph": "X", "name": name, "pid": process, "tid": lane, "ts": begin, "dur": duration}
