"""Timelines as compact JSON: one list a column, no names of hosts or workers, no process ids, no clock readings."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from typing import Any

from parabench.analyse.timeline import TaskSpan, Timeline, Waiting, timelines_of
from parabench.analyse.without_trace_cost import cost_of_one
from parabench.records import CellRecord

#: Seconds are kept to the microsecond: finer than any worker starts, half the size of all digits.
DIGITS = 6
#: Longer than any round, and far from what overflows.
SECONDS_MOST = 1e9
NUMBERS_MOST = 10**9

_KNOWN = ("seconds_started", "seconds_ended")
_OPTIONAL = ("seconds_cpu", "seconds_runqueue", "seconds_waited_alone", "seconds_clock_error")
_NUMBERS = ("worker", "host")


def timelines_info(record: CellRecord, records: Iterable[CellRecord]) -> dict[str, Any]:
    """What `extra_info` tells of the traced rounds of a cell; the sequential one is among `records`."""
    shown, *others = timelines_of(record, records)
    instrumented = record.instrumented
    seconds, error = cost_of_one(instrumented.traces, instrumented.trace_cost) if instrumented else (None, None)
    return {
        **timeline_info(shown),
        "timeline_other_rounds": [timeline_to_json(other) for other in others if other.tasks],
        "seconds_traced": instrumented.seconds if instrumented else None,
        "seconds_traced_other_rounds": [done.seconds for done in instrumented.other_rounds] if instrumented else [],
        "seconds_trace": seconds,
        "seconds_trace_error": error,
    }


def timeline_info(timeline: Timeline) -> dict[str, Any]:
    """What `extra_info` tells of a timeline: the figures, why some are None, and the timeline itself (None: no tasks).

    Queueing and service are medians over the tasks; the parts of the waiting are sums over them.
    """
    queueing, waiting = timeline.seconds_queueing, timeline.waiting
    service = [task.seconds_service for task in timeline.tasks]
    return {
        "seconds_queueing": statistics.median(queueing) if queueing else None,
        "seconds_service": statistics.median(service) if service else None,
        "concurrency_most": timeline.concurrency_most,
        "concurrency_mean": timeline.concurrency_mean,
        "workers_used": len(timeline.tasks_per_worker) or None,
        "tasks_per_worker": list(timeline.tasks_per_worker) or None,
        "seconds_per_worker": [round(s, DIGITS) for s in timeline.seconds_per_worker] or None,
        "worker_imbalance": timeline.imbalance,
        "worker_imbalance_seconds": timeline.imbalance_seconds,
        **_waiting_info(waiting),
        "waiting_reason": waiting.reason,
        "timeline_reason": timeline.reason_no_overlap or timeline.reason_no_queueing,
        "timeline": timeline_to_json(timeline) if timeline.tasks else None,
    }


def _waiting_info(waiting: Waiting) -> dict[str, float | None]:
    return {
        "seconds_waiting": waiting.seconds,
        "seconds_waiting_io": waiting.seconds_io,
        "seconds_waiting_core": waiting.seconds_core,
        "seconds_waiting_lock": waiting.seconds_lock,
    }


def timeline_to_json(timeline: Timeline) -> dict[str, list[Any] | None]:
    """A column for each field of TaskSpan, in the order of the items; a column that is unknown throughout is null."""
    columns: dict[str, list[Any] | None] = {}
    for name in (*_KNOWN, *_OPTIONAL):
        column = [getattr(task, name) for task in timeline.tasks]
        known = any(seconds is not None for seconds in column)
        columns[name] = [None if s is None else round(s, DIGITS) for s in column] if known else None
    return columns | {name: [getattr(task, name) for task in timeline.tasks] for name in _NUMBERS}


def timeline_from_json(columns: Mapping[str, Any]) -> Timeline:
    """The timeline that `timeline_to_json` wrote, to the microsecond.

    Raises ValueError, naming the column, for anything that it cannot have written.
    """
    length = len(columns["worker"]) if isinstance(columns.get("worker"), list) else 0
    read = {name: _seconds(columns, name, length, optional=False) for name in _KNOWN}
    read |= {name: _seconds(columns, name, length, optional=True) for name in _OPTIONAL}
    read |= {name: _numbers(columns, name, length) for name in _NUMBERS}
    return Timeline(tuple(TaskSpan(**{name: read[name][i] for name in read}) for i in range(length)))


def _seconds(columns: Mapping[str, Any], name: str, length: int, *, optional: bool) -> list[Any]:
    if columns.get(name) is None and (optional or length == 0):
        return [None] * length
    column = _column(columns, name, length)
    for value in column:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= SECONDS_MOST
        if not is_number and not (optional and value is None):
            raise ValueError(f"column '{name}' of a timeline holds {value!r:.40}, expected seconds")
    return [None if value is None else float(value) for value in column]


def _numbers(columns: Mapping[str, Any], name: str, length: int) -> list[Any]:
    column = _column(columns, name, length)
    for value in column:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= NUMBERS_MOST:
            raise ValueError(f"column '{name}' of a timeline holds {value!r:.40}, expected a number from 0")
    return column


def _column(columns: Mapping[str, Any], name: str, length: int) -> list[Any]:
    column = columns.get(name)
    if not isinstance(column, list) or len(column) != length:
        raise ValueError(f"column '{name}' of a timeline is not a list of {length} entries, as its workers are")
    return column
