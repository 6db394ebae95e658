"""Contestants: a model with a number of workers and a chunk; which there are for a workload, and when one may enter.

The number of workers is raced like the model. Computing work is tried with 1 worker, one for each core, and two; work
that waits with 4, 32, 128 and so on, as long as there are tasks for them. A race begins with every model at its default
workers; the others enter, within the same pass, when what has been measured leaves them a chance.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet

from parabench.models import BASELINE
from parabench.models.contract import Model
from parabench.records import Cell, CellRecord
from parabench.workload import KINDS, Workload

#: Work that waits gets more workers than cores: so many for each core, within these bounds.
WAITING_WORKERS_PER_CORE, WAITING_WORKERS_LEAST, WAITING_WORKERS_MOST = 2, 4, 32
#: Workers of work that waits: the first rung, and each next one so many times the last (4, 32, 128, 512).
WAITING_RUNGS = (4, 32, 128, 512)
#: A process or an interpreter takes memory and time to start: more of them are for those who ask for them.
PROCESSES_MOST = 32
#: What takes this many times as long as the fastest is not saved by other workers or chunks, unless it waits.
RESCUE = 1.2
#: Fewer workers than cores are tried where those have brought less than this share of the sequential time.
BROUGHT = 0.9
#: A next rung is tried when the last one took at most this share of the time of the one before.
GAIN = 0.95
#: Workers that share no thread with one another: their number may matter when the work computes.
_PARALLEL = ("thread", "process", "interpreter")


def default_workers(workload: Workload, cores: int) -> int:
    """As many workers as cores for work that computes, several times as many for work that waits."""
    if not workload.waits:
        return cores
    return min(WAITING_WORKERS_MOST, max(WAITING_WORKERS_LEAST, WAITING_WORKERS_PER_CORE * cores))


def further_workers(workload: Workload, model: Model, cores: int, tasks: int) -> list[int]:
    """Numbers of workers to race besides the default, fewest first; `tasks` are those of a batch."""
    worker, usual = model.capabilities.worker, default_workers(workload, cores)
    if not workload.waits:
        counts = {1, 2 * cores} if worker in _PARALLEL else set[int]()
    elif worker == "coroutine" and workload.task_async is None:
        counts = set()  # such a task blocks the loop, however many are in flight
    else:
        most = min(tasks, PROCESSES_MOST) if worker in ("process", "interpreter") else tasks
        counts = {rung for rung in WAITING_RUNGS if rung <= most}
    return sorted(count for count in counts - {usual} if count <= tasks)


def has_automatic_chunk(workload: Workload, model: Model, workers: int, tasks: int) -> bool:
    """Whether the library's own chunk is raced: it is another than 1 (it makes about four messages a worker).

    Tasks that wait would wait for each other in it.
    """
    return "auto" in model.chunks and tasks > 4 * workers and not workload.waits


def place_in_first_pass(cell: Cell) -> tuple[bool, int]:
    """Those by default come first, then those of few workers: what they take tells whether others may enter."""
    return not cell.by_default, 0 if cell.by_default else cell.workers


def may_enter(records: Sequence[CellRecord], entered: AbstractSet[str]) -> Iterator[CellRecord]:
    """Contestants of one workload that have not entered, and to which the measured ones leave a chance."""
    seconds = {record.cell.id: s for record in records if record.valid and (s := _first(record)) is not None}
    if not seconds:
        return
    best = min(seconds.values())
    alone = next((seconds[r.cell.id] for r in records if r.cell.model == BASELINE and r.cell.id in seconds), None)
    for record in records:
        if record.cell.id in entered or record.cell.by_default:
            continue
        tried = sorted(
            (other for other in records if _same_model(other.cell, record.cell) and other.cell.id in seconds),
            key=lambda other: other.cell.workers,
        )
        measured = [(other.cell, seconds[other.cell.id]) for other in tried]
        if measured and _has_a_chance(record.cell, measured, best, alone):
            yield record


def _has_a_chance(cell: Cell, tried: Sequence[tuple[Cell, float]], best: float, alone: float | None) -> bool:
    """Whether a contestant may come to the front.

    `tried`: the same model with other workers, and its seconds per round, fewest workers first; `alone`: those of the
    baseline.
    """
    nearest, seconds = tried[-1]
    if cell.chunk != "1" or cell.workers < nearest.workers or not waits(cell):
        usual, taken = next((entry for entry in tried if entry[0].by_default), tried[-1])
        if cell.workers < usual.workers and alone is not None and taken < BROUGHT * alone:
            return False  # more workers have brought something: fewer bring less
        return taken <= RESCUE * best
    below = [s for other, s in tried if other.workers < nearest.workers]
    if below and seconds > GAIN * below[-1]:
        return False  # the last rung has brought nothing
    between = any(nearest.workers < rung < cell.workers for rung in WAITING_RUNGS)
    return not between and seconds * nearest.workers / cell.workers <= best


def waits(cell: Cell) -> bool:
    """Whether the cell's work waits more than it computes."""
    return KINDS[cell.kind][0] if cell.waits is None else cell.waits


def _same_model(cell: Cell, other: Cell) -> bool:
    return cell.model == other.model and cell.chunk == "1"


def _first(record: CellRecord) -> float | None:
    """Seconds per round over the passes so far."""
    return statistics.median(record.seconds_by_pass.values()) if record.seconds_by_pass else None


def tasks_of(workloads: Iterable[Workload], size: str) -> dict[str, int]:
    """Tasks in a batch, by workload; 0 where its items cannot be made, which measuring it will say."""
    items_by_workload: dict[str, int] = {}
    for workload in workloads:
        try:
            items_by_workload[workload.name] = len(workload.items(size))  # type: ignore[arg-type]  # one of SIZES
        except Exception:  # other people's code: the cell reports it as its failure, with the traceback
            items_by_workload[workload.name] = 0
    return items_by_workload
