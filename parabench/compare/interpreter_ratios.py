"""What stored sessions of several interpreters say of each: ratios, crossings, and what could not run where."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from parabench.analyse.across import Crossing, Standing, crossing, fastest, standings
from parabench.analyse.ranking import Ratio
from parabench.history.reader import read_session
from parabench.records import CellId

#: workload -> interpreter -> model -> block -> seconds
Found = dict[str, dict[str, dict[str, dict[int, float]]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterRatios:
    """Workload x model x interpreter, the first interpreter being the baseline."""

    baseline: str
    #: By workload.
    standings: Mapping[str, Sequence[Standing]]
    #: Interpreter and model that are the fastest for sure, by workload; None: it is not settled.
    fastest: Mapping[str, tuple[str, str] | None]
    #: Why there is no number, by workload, model and interpreter.
    missing: Mapping[tuple[str, str, str], str]
    #: From which length of a task a model overtakes `sequential`, by model and interpreter.
    crossings: Mapping[str, Mapping[str, Crossing]]


def interpreter_ratios(blocks: Mapping[str, Mapping[int, Path]]) -> InterpreterRatios:
    """What sessions on several interpreters have found: `blocks` are their files by label and block."""
    times_found: Found = {}
    missing: dict[tuple[CellId, str], tuple[str, bool]] = {}
    tasks: dict[str, int] = {}
    for label, paths in blocks.items():
        for block, path in paths.items():
            session = read_session(path)
            for benchmark in session.benchmarks:
                if benchmark.cell is not None and benchmark.seconds_per_round is not None:
                    times = times_found.setdefault(benchmark.cell.workload, {name: {} for name in blocks})[label]
                    times.setdefault(benchmark.cell.label, {})[block] = benchmark.seconds_per_round
                    if benchmark.kind == "scaling" and benchmark.tasks:
                        tasks[benchmark.cell.workload] = benchmark.tasks
            for cells, failed in ((session.not_run or (), False), (session.failed or (), True)):
                missing |= {(entry.cell, label): (_first_line(entry.reason), failed) for entry in cells}
    baseline = next(iter(blocks))
    return InterpreterRatios(
        baseline=baseline,
        standings={
            workload: standings(times_found[workload], baseline=baseline)
            for workload in sorted(times_found, key=_natural)
        },
        fastest={workload: fastest(times) for workload, times in times_found.items()},
        missing=_without_number(times_found, missing),
        crossings=_crossings(times_found, tasks),
    )


def _crossings(times: Found, tasks: dict[str, int]) -> dict[str, dict[str, Crossing]]:
    """Where models overtake the sequential one, by model and interpreter, from the workloads of several lengths."""
    ratios: dict[str, dict[str, dict[float, Ratio]]] = {}
    for workload, number in tasks.items():
        for standing in standings(times[workload], baseline=""):
            alone = times[workload][standing.interpreter].get("sequential")
            if standing.model != "sequential" and standing.speedup is not None and alone:
                seconds_per_task = statistics.median(alone.values()) / number
                ratios.setdefault(standing.model, {}).setdefault(standing.interpreter, {})[seconds_per_task] = (
                    standing.speedup
                )
    return {
        model: {label: crossing(by_length) for label, by_length in by_label.items()}
        for model, by_label in ratios.items()
    }


def _without_number(
    times_found: Found, missing: Mapping[tuple[CellId, str], tuple[str, bool]]
) -> dict[tuple[str, str, str], str]:
    """Reasons by workload, model and interpreter: of cells that failed, or that ran on another interpreter only."""
    reasons = {}
    for (cell, interpreter), (reason, failed) in missing.items():
        by_interpreter = times_found.get(cell.workload)
        if by_interpreter is None or cell.label in by_interpreter[interpreter]:
            continue
        if failed or any(cell.label in models for models in by_interpreter.values()):
            reasons[cell.workload, cell.label, interpreter] = reason
    return reasons


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which add-9 comes before add-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]
