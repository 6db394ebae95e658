"""Models of queues and clusters against programs written by hand at the same settings, in turns."""

import statistics
import sys
import time
from pathlib import Path

import pytest
import queue_twins  # type: ignore[import-not-found]  # pytest finds it beside this file

from parabench.models import find_models
from parabench.queues.broker import embedded_broker
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services

WORKERS, TASKS, TURNS = 2, 200, 11
#: Workers that had nothing to do for a while look for messages less often: the other program's turn is such a while.
TASKS_TO_WAKE = 20


@pytest.mark.harness
@pytest.mark.parametrize("name", [*queue_twins.QUEUES, "dask", "dask-threads"])
def test_a_model_against_its_twin(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prints microseconds a task of both, and the ratio of each pair of turns."""
    model = find_models().get(name)
    if model is None or model.availability() is not None:
        pytest.skip(f"{name} is not installed")
    folder = str(Path(__file__).parent)
    monkeypatch.setattr(sys, "path", [folder, *sys.path])
    call, items = TaskCall(task="queue_twins:noop"), list(range(TASKS))
    ours: list[float] = []
    by_hand: list[float] = []
    with (
        embedded_broker() as socket,
        queue_twins.twin(name, str(socket), WORKERS) as twin,
        model.open_with(WORKERS, call, Services()) as run,
    ):
        assert twin(items) == items
        assert [outcome.value for outcome in run(Batch(call, items))] == items
        for turn in range(TURNS):
            both = [(ours, lambda some: run(Batch(call, some))), (by_hand, twin)]
            for seconds, go in both if turn % 2 else reversed(both):
                go(items[:TASKS_TO_WAKE])
                start = time.perf_counter()
                go(items)
                seconds.append(time.perf_counter() - start)
    ratios = sorted(one / other for one, other in zip(ours, by_hand, strict=True))
    quarter = len(ratios) // 4
    print(
        f"\n{name}: {statistics.median(ours) / TASKS * 1e6:,.0f} us a task, by hand "
        f"{statistics.median(by_hand) / TASKS * 1e6:,.0f}; ratio {statistics.median(ratios):.2f} "
        f"({ratios[quarter]:.2f} to {ratios[-1 - quarter]:.2f}, the middle half of {TURNS} pairs)"
    )
    assert len(ratios) == TURNS
