"""What untimed rounds do to timed ones: visits with them against visits without, in turns."""

import math
import os
import statistics
from pathlib import Path

import pytest

from parabench.analyse.student import t_quantile
from parabench.measure.experiment import Experiment, ExperimentOptions
from parabench.models import find_models
from parabench.records import Cell
from parabench.workload import Workload

#: Of visits; `PARABENCH_PAIRS` names another number.
PAIRS = int(os.environ.get("PARABENCH_PAIRS", "12"))
ROUNDS = 5


def loop(additions: int) -> int:
    """Pure Python, as long as there are additions."""
    return sum(range(additions))


@pytest.mark.harness
@pytest.mark.parametrize("model", ["sequential", "thread-pool", "process-pool-fork", "asyncio"])
def test_timed_rounds_with_and_without_untimed_ones(model: str) -> None:
    """Median of the timed rounds of a visit that has untimed ones / of one that has none, and its 95 % interval."""
    if (missing := find_models()[model].availability()) is not None:
        pytest.skip(missing.reason)
    workload = Workload(name="loop", task=loop, items=lambda size: [100_000] * 40, kind="cpu")
    workers = 1 if model == "sequential" else min(2, len(os.sched_getaffinity(0)))
    cell = Cell(workload="loop", model=model, kind="cpu", workers=workers, size="small")
    options = ExperimentOptions(
        size="small", seed=1, latency_seconds=0.0, github_url="", cell_timeout_seconds=60.0, rounds=ROUNDS
    )
    logs = []
    with Experiment(options, {workload.name: workload}, [Path(__file__).parent]) as experiment:

        def median_round(*, instrument: bool) -> float:
            with experiment.visit(cell, instrument=instrument) as stay:
                for _ in range(stay.rounds):
                    stay.round()
            return statistics.median(stay.seconds_per_round)

        for pair in range(PAIRS):
            first = median_round(instrument=bool(pair % 2))
            second = median_round(instrument=not pair % 2)
            logs.append(math.log(first / second) * (1 if pair % 2 else -1))
    middle = statistics.fmean(logs)
    reach = t_quantile(0.95, PAIRS - 1) * statistics.stdev(logs) / math.sqrt(PAIRS)
    print(
        f"\n{model}: timed rounds of visits with untimed rounds / without: {math.exp(middle):.3f} "
        f"[{math.exp(middle - reach):.3f}, {math.exp(middle + reach):.3f}], {PAIRS} pairs, {ROUNDS} rounds each"
    )
    assert len(logs) == PAIRS
