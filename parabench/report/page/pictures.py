"""What the pictures of one machine show: bars, worker numbers, histories, interpreters, energy; as JSON values."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from typing import Any

from parabench.analyse.ranking import BASELINE
from parabench.records import CellId
from parabench.report.page.best_interpreters import Interpreters
from parabench.report.page.changes import SESSIONS_MOST, Changes
from parabench.report.page.figures_in_words import contestant as contestant_text
from parabench.report.page.lanes import timelines_of, trace_command
from parabench.report.page.laws import crossings_of, laws_of, speeds_of
from parabench.report.page.machines import REPLICATES_MOST, Machine, same_commit
from parabench.report.page.packing import packed_series
from parabench.report.page.why import Drawn, Explanations, parts_of, thrift_by_cell
from parabench.report.page.workload_evidence import Contestant, Evidence


def pictures_of(
    machine: Machine, changes: Changes, interpreters: Interpreters, explanations: Explanations
) -> dict[str, Any]:
    """What is drawn."""
    drawn = thrift_by_cell(machine)
    newest = same_commit(machine.sessions)[-REPLICATES_MOST:]
    workloads = []
    for workload, evidence in machine.evidence.items():
        speeds = speeds_of(workload, evidence, newest)
        workloads.append(
            {
                "name": workload,
                "kind": evidence.kind,
                "basis": evidence.basis,
                "contestants": [_bar(contestant, evidence, explanations, drawn) for contestant in evidence.contestants],
                "timelines": timelines_of(evidence),
                "trace": trace_command(workload, evidence),
                "laws": laws_of(speeds, evidence),
                "crossings": crossings_of(workload, speeds),
                "interpreters": _interpreters(interpreters.times.get(workload, {})),
            }
        )
    return {
        "workloads": workloads,
        "history": _history(machine, changes),
        "alternating": interpreters.alternating,
    }


def _bar(contestant: Contestant, evidence: Evidence, explanations: Explanations, drawn: Drawn) -> dict[str, Any]:
    answer = evidence.answer
    recommended = contestant.choice == answer.use
    ratio = contestant.speedup
    low, high = (ratio.low, ratio.high) if ratio is not None else (None, None)
    middle = ratio.ratio if ratio is not None else None
    if contestant.cell.model == BASELINE:  # it is what all are compared with
        middle, low, high = 1.0, 1.0, 1.0
    if recommended and answer.speedup is not None:
        middle, low, high = answer.speedup, answer.low, answer.high
    figures = contestant.benchmark.figures
    parts = parts_of(contestant, evidence, explanations)
    thrift = drawn.get((evidence.details.session.path, contestant.cell.text))
    return {
        "label": contestant_text(contestant.cell),
        "model": contestant.cell.model,
        "family": contestant.family,
        "workers": contestant.cell.workers,
        "chunk": contestant.cell.chunk,
        "seconds": _digits(contestant.seconds),
        "ratio": _digits(middle),
        "low": _digits(low),
        "high": _digits(high),
        "recommended": recommended,
        "equal": contestant.choice in answer.equals,
        "tasks": contestant.benchmark.tasks,
        "limit": _digits(figures.get("share_of_ideal")),
        "joules": None if thrift is None else _digits(thrift.joules),
        "measured": thrift is not None and thrift.measured,
        "parts": None if parts is None else [[name.replace("_", " "), _digits(seconds)] for name, seconds in parts],
    }


def _interpreters(times: Mapping[str, Mapping[str, Mapping[int, float]]]) -> list[dict[str, Any]]:
    return [
        {
            "interpreter": label,
            "contestant": name,
            "seconds": _digits(statistics.median(blocks.values())),
            "n": len(blocks),
        }
        for label, contestants in times.items()
        for name, blocks in contestants.items()
    ]


def _history(machine: Machine, changes: Changes) -> dict[str, Any]:
    """Sessions and cells, and the numbers of all cells in all sessions, a row a cell."""
    sessions = list(machine.sessions)[-SESSIONS_MOST:]
    cells: dict[CellId, list[float]] = {}
    for place, session in enumerate(sessions):
        for key, seconds in session.cells():
            if key.cell is not None:
                cells.setdefault(key.cell, [math.nan] * len(sessions))[place] = seconds
    repeated = {cell: row for cell, row in cells.items() if sum(not math.isnan(number) for number in row) > 1}
    steps = {cell: history for cell, history in changes.histories.items() if cell in repeated}
    return {
        "sessions": [
            {
                "t": None if session.datetime is None else int(session.datetime.timestamp()),
                "number": session.number,
                "commit": (session.commit_id or "")[:10],
                "tags": list(session.tags),
            }
            for session in sessions
        ],
        "cells": [
            {
                "workload": cell.workload,
                "model": cell.model,
                "label": contestant_text(cell),
                "name": cell.text,
                "recommended": cell in steps,
                "changes": _change_times(steps[cell]) if cell in steps else [],
            }
            for cell in repeated
        ],
        "packed": packed_series(list(repeated.values())) if repeated else "",
    }


def _change_times(history: Any) -> list[dict[str, Any]]:
    steps = []
    for change in history.series.changes:
        moment = history.points[change.place].moment
        if moment is not None:
            steps.append({"t": int(moment.timestamp()), "ratio": _digits(change.ratio)})
    return steps


def _digits(number: float | None) -> float | None:
    """Four digits: what is drawn has no more."""
    if number is None or not math.isfinite(number):
        return None
    return float(f"{number:.4g}")
