"""What tracing does to what it shows: the span of a timeline against rounds without traces, in turns."""

import os
import statistics
import time
from pathlib import Path

import pytest

from parabench.analyse.timeline import make_timeline
from parabench.analyse.without_trace_cost import without_cost
from parabench.measure.cell import opened
from parabench.measure.launcher import Launcher
from parabench.measure.scratch import name_of_scratch
from parabench.measure.trace_cost import measure_trace_cost
from parabench.models import find_models
from parabench.records import Cell
from parabench.workers.services import Services
from parabench.workload import Workload

ROUNDS = 61


def loop(additions: int) -> int:
    """Pure Python, as long as there are additions."""
    total = 0
    for number in range(additions):
        total += number
    return total


def additions_in(seconds: float) -> int:
    """How many of them take so long here."""
    spent = []
    for _ in range(50):
        start = time.perf_counter()
        loop(1_000)
        spent.append(time.perf_counter() - start)
    return max(1, round(1_000 * seconds / min(spent)))


@pytest.mark.harness
def test_what_a_trace_costs() -> None:
    """The target is 3 us a task on a quiet machine."""
    costs = [measure_trace_cost() for _ in range(5)]
    cost = min(costs, key=lambda cost: cost.seconds)
    print(
        f"\na trace adds {cost.seconds * 1e6:.2f} us to a task (+- {cost.seconds_error * 1e6:.2f}), "
        f"{cost.seconds_shared * 1e6:.2f} us (+- {cost.seconds_shared_error * 1e6:.2f}) to one that shares its thread"
    )
    assert cost.seconds > 0


@pytest.mark.harness
@pytest.mark.parametrize("model", ["sequential", "thread-pool", "process-pool-fork"])
@pytest.mark.parametrize("seconds", [1e-5, 1e-4, 1e-3, 1e-2])
def test_timeline_against_timed_rounds(model: str, seconds: float, tmp_path: Path) -> None:
    """The span of a timeline (start of the batch to the last end) over the median timed round, in turns."""
    if (missing := find_models()[model].availability()) is not None:
        pytest.skip(missing.reason)
    items = [additions_in(seconds)] * max(10, min(500, int(0.02 / seconds)))
    workload = Workload(name="loop", task=loop, items=lambda size: items, kind="cpu")
    workers = 1 if model == "sequential" else min(2, len(os.sched_getaffinity(0)))
    cell = Cell(workload="loop", model=model, kind="cpu", workers=workers, size="small")
    launcher = Launcher([Path(__file__).parent], tmp_path / name_of_scratch())
    timed, traced, spans = [], [], []
    try:
        with opened(cell, workload, items, "{}", launcher, 60.0, services=Services()) as (process, _):
            process.round()
            cost = process.trace_cost()
            for turn in range(ROUNDS):
                # On a busy machine the second of two rounds is interrupted more often: it follows without a pause.
                if turn % 2:
                    timed.append(process.round().seconds)
                done, host, _ = process.traced_round()
                if not turn % 2:
                    timed.append(process.round().seconds)
                traced.append(done.seconds)
                timeline = make_timeline(without_cost(done.traces, cost), done.seconds_started, host=host)
                spans.append(max(task.seconds_ended for task in timeline.tasks))
    finally:
        launcher.close()
    pairs = statistics.median(span / alone for span, alone in zip(spans, timed, strict=True))
    span, alone = (statistics.quantiles(values, n=4)[0] for values in (spans, timed))
    print(
        f"\n{model}, {len(items)} tasks of {seconds * 1e6:.0f} us: timed {statistics.median(timed) * 1e3:.2f} ms, "
        f"traced {statistics.median(traced) * 1e3:.2f} ms, span of the timeline / timed round {pairs:.3f} (median of "
        f"{ROUNDS} pairs; of the lower quartiles {span / alone:.3f}; trace {cost.seconds * 1e6:.2f} us)"
    )
    assert spans
