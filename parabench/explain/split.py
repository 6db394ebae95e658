"""Where the time of a batch went, in parts that add up to it.

A batch of T seconds on L lanes (workers that run at once, or the one thread of an event loop) has L x T seconds of
lanes. Each lane waits for its first task (`queueing`; where every task has a worker of its own, `start_up`), is between
two tasks (`dispatch`, of it `serialisation` as measured apart), is in a task (`running`, `waiting`, `core`, `lock`:
parabench/analyse/timeline.py), and is idle after its last one until the last lane ends (`idle_tail`); what follows is
dispatch again. Divided by L, these are seconds of the batch. The spans are those of a traced round, the batch is the
timed median, so that what they do not account for is `unexplained`, and may be negative.

Without spans the parts are estimated from totals: CPU time of the tree, and what the tasks take alone.
"""

from __future__ import annotations

import heapq
import itertools
import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from parabench.analyse.timeline import TaskSpan, Timeline
from parabench.explain.evidence import Evidence
from parabench.explain.parts import Parts, parts_from_totals

#: Share of the usable cores that other programs have where they are in the way.
OTHERS_MANY = 0.1
#: So many gaps tell how long one is, and a longer one is so many times as long as their median.
GAPS_LEAST, GAPS_LONG = 6, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The parts of a cell's batch, and how they came about."""

    seconds_per_batch: Parts
    #: Lane seconds of each part over the tasks: what one task has of it.
    seconds_per_task: Parts
    #: Half of the range over the traced rounds; None where there was one round, or none.
    seconds_error: Parts | None
    lanes: int
    #: "spans" of traced tasks, or "totals" of the whole tree.
    source: str

    @property
    def closes(self) -> bool:
        """Whether the parts account for the batch within 10 %."""
        total = sum(seconds for _, seconds in self.seconds_per_batch.items())
        return abs(self.seconds_per_batch.unexplained) <= 0.1 * total


def split_of(evidence: Evidence) -> Split:
    """The split of one cell."""
    if evidence.timelines and evidence.timelines[0].reason_no_queueing is None:
        seconds = [*evidence.seconds_of_rounds, *([None] * len(evidence.timelines))]
        whole = [_from_spans(evidence, *each) for each in zip(evidence.timelines, seconds, strict=False)]
        # That which took about as long as timed rounds do: others met something that these did not.
        parts, lanes = min(whole, key=lambda each: abs(each[0].unexplained))
        error = _half_range([each for each, _ in whole]) if len(whole) > 1 else None
        return _split(evidence, parts, lanes, error, "spans")
    parts, lanes = parts_from_totals(evidence)
    return _split(evidence, parts, lanes, None, "totals")


def _split(evidence: Evidence, parts: Parts, lanes: int, error: Parts | None, source: str) -> Split:
    share = lanes / evidence.tasks
    per_task = Parts(**{name: seconds * share for name, seconds in parts.items()})
    return Split(seconds_per_batch=parts, seconds_per_task=per_task, seconds_error=error, lanes=lanes, source=source)


def _half_range(rounds: Sequence[Parts]) -> Parts:
    columns = {name: [getattr(parts, name) for parts in rounds] for name, _ in rounds[0].items()}
    return Parts(**{name: (max(column) - min(column)) / 2 for name, column in columns.items()})


def _from_spans(evidence: Evidence, timeline: Timeline, seconds_round: float | None) -> tuple[Parts, int]:
    if all(task.seconds_cpu is None for task in timeline.tasks):
        return _from_shared(evidence, timeline, seconds_round)
    lanes, own_worker_each = _lanes(evidence, timeline)
    count = len(lanes)
    last = max(task.seconds_ended for task in timeline.tasks)
    first = [max(0.0, lane[0].seconds_started) for lane in lanes]
    gaps = [max(0.0, b.seconds_started - a.seconds_ended) for lane in lanes for a, b in itertools.pairwise(lane)]
    idle = sum(last - lane[-1].seconds_ended for lane in lanes) / count
    tail = min(idle, _tail_most(evidence, count))
    rest = [_after(evidence, last, seconds_round, count)] * count
    usual = _usual(evidence, timeline, gaps)
    before, between, after = (sum(min(gap, usual) for gap in part) / count for part in (first, gaps, rest))
    taken = idle - tail + sum(max(0.0, gap - usual) for gap in (*first, *gaps, *rest)) / count
    running = sum(task.seconds_cpu or 0.0 for task in timeline.tasks) / count
    waiting, core, lock = _waits(evidence, timeline, count)
    # A worker of its own enters what its task needs within the task.
    entering = min(lock, _opening(evidence) * evidence.tasks / count) if own_worker_each else 0.0
    starting = before + between + entering if own_worker_each else 0.0
    dispatch = after if own_worker_each else between + after
    serialisation = min(dispatch, _seconds_serialisation(evidence, count))
    known = before + between + tail + after + running + waiting + core + lock + taken
    return Parts(
        start_up=starting,
        dispatch=dispatch - serialisation,
        serialisation=serialisation,
        queueing=0.0 if own_worker_each else before,
        running=running,
        waiting=waiting,
        core=core,
        others=taken,
        lock=lock - entering,
        idle_tail=tail,
        unexplained=evidence.seconds - known,
    ), count


def _opening(evidence: Evidence) -> float:
    """Seconds that opening takes where nothing but the work itself is opened."""
    return (evidence.alone or evidence).figures.get("seconds_cold_start", 0.0)


def _after(evidence: Evidence, last: float, seconds_round: float | None, lanes: int) -> float:
    """From the end of the last task to that of the batch: spans are without what traces cost, the batch is with it."""
    if seconds_round is None:
        return 0.0
    at_once = 1 if evidence.one_interpreter and evidence.gil else lanes
    cost = evidence.figures.get("seconds_trace", 0.0) * evidence.tasks / at_once
    return max(0.0, seconds_round - cost - last)


def _usual(evidence: Evidence, timeline: Timeline, gaps: Sequence[float]) -> float:
    """What a lane has between two tasks at most if nobody else takes the cores.

    Where other programs had more than OTHERS_MANY of them, what is much longer than most gaps are, and than the CPU
    time of handing a task over, counts as theirs: the kernel tells that delay of tasks only.
    """
    if evidence.figures.get("share_others", 0.0) < OTHERS_MANY or len(gaps) < GAPS_LEAST:
        return math.inf
    own = sum(task.seconds_cpu or 0.0 for task in timeline.tasks)
    beside = max(0.0, evidence.figures.get("seconds_cpu", math.inf) - own) / evidence.tasks
    return GAPS_LONG * min(statistics.median(gaps), beside)


def _tail_most(evidence: Evidence, lanes: int) -> float:
    """How long lanes can be idle at the end if nobody else takes the cores: the others wait for the longest task."""
    if evidence.figures.get("share_others", 0.0) < OTHERS_MANY or evidence.seconds_longest_alone is None:
        return math.inf
    return evidence.seconds_longest_alone * (lanes - 1) / lanes


def _seconds_serialisation(evidence: Evidence, lanes: int) -> float:
    """Of the batch: what is done where it begins is done once, what workers do is done by all of them at once."""
    sent = evidence.tables.get("serialisation", {})
    begins = ("seconds_dump_items", "seconds_load_values")
    works = ("seconds_load_items", "seconds_dump_values")
    return sum(sent.get(key, 0.0) for key in begins) + sum(sent.get(key, 0.0) for key in works) / lanes


def _waits(evidence: Evidence, timeline: Timeline, count: int) -> tuple[float, float, float]:
    """Seconds of a lane that tasks wait as they do alone, for a core, and for what they share.

    Where they never ran alone, the looks at their threads tell the last from the first.
    """
    waited = timeline.waiting
    core = waited.seconds_core or 0.0
    rest = max(0.0, (waited.seconds or 0.0) - core)
    io = waited.seconds_io
    if io is None:
        blocked = {site: share for site, share in evidence.tables.get("wait_sites", {}).items() if site != "running"}
        held = sum(blocked.get(site, 0.0) for site in ("gil", "lock", "file lock"))
        io = rest * (1 - held / sum(blocked.values())) if held else rest
    return io / count, core / count, max(0.0, rest - io) / count


def _lanes(evidence: Evidence, timeline: Timeline) -> tuple[list[list[TaskSpan]], bool]:
    """The tasks of each lane in their order, and whether every task had a worker of its own."""
    by_worker: dict[int, list[TaskSpan]] = {}
    for task in sorted(timeline.tasks, key=lambda task: task.seconds_started):
        by_worker.setdefault(task.worker, []).append(task)
    each = len(by_worker) == len(timeline.tasks) > evidence.workers
    if len(by_worker) <= evidence.workers:
        return list(by_worker.values()), each
    # Workers come and go: a lane is a place that one of them takes after the other.
    free = [(0.0, place) for place in range(evidence.workers)]
    lanes: list[list[TaskSpan]] = [[] for _ in free]
    for task in sorted(timeline.tasks, key=lambda task: task.seconds_started):
        _, place = heapq.heappop(free)
        lanes[place].append(task)
        heapq.heappush(free, (task.seconds_ended, place))
    return [lane for lane in lanes if lane], each


def _from_shared(evidence: Evidence, timeline: Timeline, seconds_round: float | None) -> tuple[Parts, int]:
    """Of an event loop, or of greenlets: one thread, busy or waiting, whatever the number of tasks under way."""
    spans = sorted((task.seconds_started, task.seconds_ended) for task in timeline.tasks)
    before, last, idle = max(0.0, spans[0][0]), spans[0][1], 0.0
    for began, ended in spans[1:]:
        idle += max(0.0, began - last)
        last = max(last, ended)
    after = _after(evidence, last, seconds_round, 1)
    inside = last - before - idle
    # A batch keeps its loop busy between two tasks: that is what handing them out takes.
    running = min(inside, max(0.0, evidence.figures.get("seconds_cpu", 0.0) - idle - before - after))
    alone = _waiting_at_least(evidence, timeline)
    waiting = min(inside - running, alone)
    return Parts(
        dispatch=idle + after,
        queueing=before,
        running=running,
        waiting=waiting,
        lock=inside - running - waiting,
        unexplained=evidence.seconds - (last + after),
    ), 1


def _waiting_at_least(evidence: Evidence, timeline: Timeline) -> float:
    """What the tasks' own waiting takes when as many wait at once as there are workers."""
    alone = [task.seconds_waited_alone or 0.0 for task in timeline.tasks]
    return max(sum(alone) / evidence.workers, *alone)
