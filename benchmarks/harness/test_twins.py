"""What our adapters add: each local model against its hand-written twin, in turns, in fresh processes.

    pytest benchmarks -m harness -s -k twins

A pair is two processes, one of each side, that run batches of no-ops in turns, so that what the machine does meanwhile
meets both. The pairs are the replicates: what distinguishes two processes of the same program is in the interval.
TWIN_PAIRS in the environment is another number of pairs than 8.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.harness.twins.programs import FORMS, TWINS
from parabench.analyse.ranking import paired_ratio
from parabench.models import find_models

WORKERS = 2
PAIRS, ROUNDS_PER_PAIR = int(os.environ.get("TWIN_PAIRS", "8")), 7
#: A process or a thread for each task takes longer than all else that a batch does.
TASKS, TASKS_OF_PROCESS_PER_TASK = 2_000, 100
ROOT = Path(__file__).parents[2]


@contextmanager
def served(side: str, model: str, chunk: str, tasks: int) -> Iterator[subprocess.Popen[str]]:
    """A fresh process that has run its first batch, or is about to."""
    command = [sys.executable, "-m", "benchmarks.harness.twins.serve", side, model, chunk, str(WORKERS), str(tasks)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def seconds_of_batch(process: subprocess.Popen[str]) -> float:
    """Have a side run one batch."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())


def seconds_of_pair(side: str, model: str, chunk: str, tasks: int, *, twin_first: bool) -> tuple[float, float]:
    """Median seconds of a batch of a side and of the twin's."""
    sides = ("twin", side) if twin_first else (side, "twin")
    with served(sides[0], model, chunk, tasks) as first, served(sides[1], model, chunk, tasks) as second:
        processes = (first, second)
        for process in processes:
            seconds_of_batch(process)
        seconds: dict[str, list[float]] = {side: [], "twin": []}
        for number in range(ROUNDS_PER_PAIR):
            turns = list(zip(sides, processes, strict=True))
            for one, process in turns if number % 2 else reversed(turns):
                seconds[one].append(seconds_of_batch(process))
    return statistics.median(seconds[side]), statistics.median(seconds["twin"])


def compared(name: str, side: str, model: str, chunk: str) -> int:
    """Print how a side compares with the twin; returns the number of pairs."""
    if (missing := find_models()[model].availability()) is not None:
        pytest.skip(missing.reason)
    tasks = TASKS_OF_PROCESS_PER_TASK if model == "process-per-task" else TASKS
    pairs = [seconds_of_pair(side, model, chunk, tasks, twin_first=bool(number % 2)) for number in range(PAIRS)]
    this, twin = zip(*pairs, strict=True)
    ratio = paired_ratio(this, twin, 0.95)
    print(
        f"\n{name}, chunk {chunk}: {ratio.ratio:.3f} [{ratio.low:.3f}, {ratio.high:.3f}] of its twin, "
        f"{statistics.median(this) / tasks * 1e6:.2f} against {statistics.median(twin) / tasks * 1e6:.2f} us a task "
        f"({tasks} tasks, {WORKERS} workers, {PAIRS} pairs of processes)"
    )
    return len(pairs)


@pytest.mark.harness
@pytest.mark.parametrize(("model", "chunk"), [pytest.param(*key, id="-".join(key)) for key in TWINS])
def test_twins(model: str, chunk: str) -> None:
    """The goal is 1.03 (gevent, whose twin is a script with a pipe of its own: 1.10)."""
    assert compared(model, "ours", model, chunk) == PAIRS


@pytest.mark.harness
@pytest.mark.parametrize(("model", "chunk"), [pytest.param(*key, id=FORMS[key][0]) for key in FORMS])
def test_other_forms_of_twins(model: str, chunk: str) -> None:
    """A form that costs something else would be a model of its own."""
    assert compared(f"{model} as {FORMS[model, chunk][0]}", "form", model, chunk) == PAIRS
