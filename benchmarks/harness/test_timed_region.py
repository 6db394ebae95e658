"""What measuring costs inside the timed region: ours against two plain clock readings, interleaved in one run."""

import statistics
import time

import pytest

from parabench.measure.cell_server import _time_batch
from parabench.measure.energy import Packages
from parabench.records import Outcome
from parabench.task import Batch, TaskCall

REPETITIONS = 2_000


def empty(batch: Batch) -> list[Outcome]:
    return []


def plain(batch: Batch) -> float:
    start = time.perf_counter()
    empty(batch)
    end = time.perf_counter()
    return end - start


@pytest.mark.harness
def test_timed_region() -> None:
    batch = Batch(TaskCall(task="builtins:abs"), [])
    packages = Packages()
    ours, bare = [], []
    for _ in range(REPETITIONS):
        ours.append(_time_batch(empty, batch, packages, collect_garbage=False).seconds)
        bare.append(plain(batch))
    median_ours, median_bare = statistics.median(ours), statistics.median(bare)
    print(
        f"\nan empty batch, {REPETITIONS} times each: {median_ours * 1e9:.0f} ns in the timed region, "
        f"{median_bare * 1e9:.0f} ns between two plain readings, ratio {median_ours / median_bare:.2f}, "
        f"difference {(median_ours - median_bare) * 1e9:.0f} ns a batch"
    )
    assert len(ours) == len(bare) == REPETITIONS
