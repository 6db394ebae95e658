"""One traced round for the page: a lane per worker, a bar per task, and what the task did with its time."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from parabench.analyse.ranking import BASELINE
from parabench.analyse.timeline import TaskSpan, Timeline
from parabench.report.page.figures_in_words import contestant as contestant_text
from parabench.report.page.workload_evidence import Contestant, Evidence

#: Families whose best contestant is shown beside the plain loop.
FAMILIES = ("threads", "processes", "asyncio")
#: Tasks of a round that are drawn, the first ones.
TASKS_MOST = 300
#: Lanes of a model that are drawn.
LANES_MOST = 40


def timelines_of(evidence: Evidence) -> list[dict[str, Any]]:
    """The plain loop and the best of threads, processes and asyncio, as far as they were traced."""
    shown: dict[str, Contestant] = {}
    for contestant in evidence.contestants:  # fastest first
        family = BASELINE if contestant.cell.model == BASELINE else contestant.family
        if family in (BASELINE, *FAMILIES) and contestant.benchmark.fullname in evidence.details.timelines:
            shown.setdefault(family, contestant)
    order = (BASELINE, *FAMILIES)
    return [_drawn(shown[family], evidence) for family in order if family in shown]


def trace_command(workload: str, evidence: Evidence) -> str:
    """The command that writes the timelines of a workload for ui.perfetto.dev, as a shell takes it."""
    session = evidence.details.session
    which = session.path.name if session.number is None else f"{session.machine_id}&{session.number}"
    cells = f"{glob.escape(workload)}-*"
    return f"parabench export {shlex.quote(cells)} --sessions {shlex.quote(which)} --format trace --output trace.json"


def _drawn(contestant: Contestant, evidence: Evidence) -> dict[str, Any]:
    timeline: Timeline = evidence.details.timelines[contestant.benchmark.fullname]
    tasks = sorted((task for task in timeline.tasks if task.on_the_clock), key=lambda task: task.seconds_started)
    lanes = lanes_of(tasks)
    drawn = [(task, lane) for task, lane in zip(tasks, lanes, strict=True) if lane < LANES_MOST][:TASKS_MOST]
    start_up = contestant.benchmark.figures.get("seconds_cold_start")
    return {
        "label": contestant_text(contestant.cell),
        "model": contestant.cell.model,
        "family": contestant.family,
        "startUp": None if start_up is None else micros(start_up),
        "lanes": min(LANES_MOST, max(lanes, default=0) + 1),
        "tasks": len(timeline.tasks),
        "end": micros(max((task.seconds_ended for task in tasks), default=0.0)),
        "bars": [
            [micros(task.seconds_started), micros(task.seconds_ended), lane, *parts_of(task)] for task, lane in drawn
        ],
    }


def lanes_of(tasks: Sequence[TaskSpan]) -> list[int]:
    """A lane for each task, in the order of their starts: those of a worker follow one another.

    Coroutines and greenlets of one worker overlap; each takes the first lane of that worker that is free.
    """
    ends: dict[int, list[float]] = {}
    places: list[tuple[int, int]] = []
    for task in tasks:
        free = ends.setdefault(task.worker, [])
        place = next((n for n, end in enumerate(free) if end <= task.seconds_started), len(free))
        free[place : place + 1] = [task.seconds_ended]
        places.append((task.worker, place))
    numbers = {which: number for number, which in enumerate(_in_order(places))}
    return [numbers[which] for which in places]


def _in_order(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    return sorted(set(places))


def parts_of(task: TaskSpan) -> list[int | None]:
    """Running, no core, waiting as alone, lock or GIL: microseconds; None where it is not known."""
    if task.seconds_cpu is None:
        return [None, None, None, None]
    running = min(task.seconds_cpu, task.seconds_service)
    core, waited = task.seconds_core, task.seconds_io
    rest = task.seconds_service - running - (core or 0.0) - (waited or 0.0)
    lock = None if waited is None else micros(max(0.0, rest))
    return [micros(running), None if core is None else micros(core), None if waited is None else micros(waited), lock]


def micros(seconds: float) -> int:
    """Whole microseconds: finer than any worker starts."""
    return round(seconds * 1e6)
