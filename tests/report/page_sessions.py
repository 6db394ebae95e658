"""Stored sessions made up for reports: any number of them, on any number of interpreters, with the names asked for."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
from pathlib import Path
from typing import Any

from parabench.report.page.data import Report
from parabench.report.page.packing import packed_series

FAMILIES = {
    "sequential": "baseline",
    "thread-pool": "threads",
    "asyncio": "asyncio",
    "process-pool-fork": "processes",
    "mp-pool": "processes",
}
#: How much faster each is than the plain loop, on work that computes and on work that waits.
FASTER = {"cpu": {"process-pool-fork": 1.8, "mp-pool": 1.9}, "network": {"thread-pool": 12.0, "asyncio": 15.0}}
BEGIN = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def write_sessions(
    results: Path,
    *,
    interpreters: tuple[str, ...] = ("3.13",),
    sessions: int = 3,
    workloads: tuple[str, ...] = ("count-primes", "fetch-pages"),
    models: tuple[str, ...] = tuple(FAMILIES),
    slower_from: int | None = None,
    answers: bool = True,
    seed: int = 1,
) -> None:
    """Sessions of several interpreters in turns, one a day; from `slower_from` on another commit takes 1.5 times."""
    source = random.Random(seed)
    for number in range(sessions):
        later = slower_from is not None and number >= slower_from
        for place, version in enumerate(interpreters):
            moment = BEGIN + dt.timedelta(days=number, minutes=place)
            speed = (1.0 + 0.2 * place) * (1.5 if later else 1.0)
            cells = [
                _cell(workload, model, speed * source.lognormvariate(0, 0.02), timeline=number == sessions - 1)
                for workload in workloads
                for model in models
            ]
            session = _session(version, moment, ("b" if later else "a") * 40, cells)
            if answers:
                session["parabench"]["answers"] = [_answer(workload, models) for workload in workloads]
            folder = results / session["parabench"]["machine_id"]
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{number + 1:04}_a_{number}.json").write_text(json.dumps(session))


def leave_out(results: Path, place: int, reason: str) -> None:
    """In the only session, one cell did not run, for this reason."""
    (path,) = results.glob("*/*.json")
    session = json.loads(path.read_text())
    gone = session["benchmarks"].pop(place)["extra_info"]
    cell = {key: gone[key] for key in ("workload", "model", "workers", "size", "workers_named", "chunk")}
    session["parabench"]["not_run"] = [{"cell": "x", **cell, "reason": reason, "install": None}]
    path.write_text(json.dumps(session))


def with_history(report: Report, seconds: list[list[float]]) -> Report:
    """The report with another history in its first panel: a cell for each row, a session for each number."""
    pictures = dict(report.pictures[0])
    pictures["history"] = {
        "sessions": [{"t": n, "number": n, "commit": f"c{n // 50}", "tags": []} for n in range(len(seconds[0]))],
        "cells": [
            {
                "workload": "w",
                "model": "m",
                "label": f"m x{n}",
                "name": f"cell-{n}",
                "recommended": n < 10,
                "changes": [],
            }
            for n in range(len(seconds))
        ],
        "packed": packed_series(seconds),
    }
    return Report(data=report.data, pictures=[pictures, *report.pictures[1:]])


def kind_of(workload: str) -> str:
    """Work that fetches waits, all other work computes."""
    return "network" if "fetch" in workload else "cpu"


def _seconds(workload: str, model: str) -> float:
    alone = 0.1 + 0.01 * (len(workload) % 7)
    return alone if model == "sequential" else alone / FASTER[kind_of(workload)].get(model, 0.9)


def _cell(workload: str, model: str, factor: float, *, timeline: bool) -> dict[str, Any]:
    seconds = _seconds(workload, model) * factor
    rounds = [seconds * share for share in (0.99, 1.0, 1.01, 1.0)]
    workers = 1 if model == "sequential" else 2
    info = {
        "workload": workload, "model": model, "family": FAMILIES.get(model, "threads"), "kind": kind_of(workload),
        "workers": workers, "workers_named": False, "chunk": "1", "size": "small", "tasks": 8, "client": None,
        "source_hash": "0123456789abcdef", "libraries": {}, "seconds_per_round": seconds, "seconds_cold_start": 0.02,
        "seconds_cpu": seconds, "share_of_ideal": 0.8, "bytes_peak": 40_000_000, "joules_estimated": seconds * 4,
        "passes": [
            {"pass": n, "position": 0, "rounds": 2, "seconds_open": 0.02, "seconds_first_batch": 0.1} for n in range(2)
        ],
    }  # fmt: skip
    if timeline:
        info["timeline"] = _timeline(seconds, workers)
    return {
        "fullname": f"benchmarks/test_cells.py::test_cells[{workload}-{model}]",
        "name": f"test_cells[{workload}-{model}]",
        "group": workload,
        "stats": {"data": rounds, "mean": math.fsum(rounds) / 4, "median": seconds, "min": rounds[0], "max": rounds[2],
                  "stddev": 0.001, "rounds": 4, "iterations": 1},
        "extra_info": info,
    }  # fmt: skip


def _timeline(seconds: float, workers: int) -> dict[str, Any]:
    each = seconds * workers / 8
    starts = [(task // workers) * each for task in range(8)]
    return {
        "seconds_started": starts,
        "seconds_ended": [start + 0.9 * each for start in starts],
        "seconds_cpu": [0.5 * each] * 8,
        "seconds_runqueue": [0.1 * each] * 8,
        "seconds_waited_alone": [0.1 * each] * 8,
        "seconds_clock_error": None,
        "worker": [task % workers for task in range(8)],
        "host": [0] * 8,
    }


def _answer(workload: str, models: tuple[str, ...]) -> dict[str, Any]:
    best = min(models, key=lambda model: _seconds(workload, model))
    speedup = _seconds(workload, "sequential") / _seconds(workload, best)

    def choice(model: str) -> dict[str, Any]:
        workers = 1 if model == "sequential" else 2
        return {"family": FAMILIES.get(model, "threads"), "model": model, "workers": workers, "chunk": "1"}

    return {
        "workload": workload, "use": choice(best), "seconds": _seconds(workload, best), "settled": True,
        "family_settled": True, "equals": [], "speedup": speedup, "low": speedup * 0.95, "high": speedup * 1.05,
        "about": "this session", "share_of_limit": 0.9, "others": [], "visits": 3,
        "reason": "faster than every other one for sure",
    }  # fmt: skip


def _session(version: str, moment: dt.datetime, commit: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    free = version.endswith("t")
    fingerprint = {
        "cpu": "Simulated CPU", "cores_usable": 2, "machine": "x86_64", "system": "Linux",
        "python_implementation": "CPython", "python_version": version.rstrip("t") + ".1",
        "python_implementation_version": version.rstrip("t") + ".1", "gil_enabled": not free, "jit_enabled": False,
        "debug_build": False,
    }  # fmt: skip
    return {
        "machine_info": {}, "commit_info": {"id": commit, "dirty": False}, "datetime": moment.isoformat(),
        "version": "5.3.1", "benchmarks": cells,
        "parabench": {
            "format": 2, "machine_id": f"Linux-CPython-{version}", "fingerprint": fingerprint,
            "options": {"size": "small", "latency_seconds": 0.005}, "interrupted": False, "noisy": False, "tags": [],
            "run": None, "warnings": [], "failed": [], "not_run": [], "answers": None, "seconds": None,
        },
    }  # fmt: skip
