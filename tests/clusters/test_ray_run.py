"""Batches on Ray, with a stand-in for Ray itself: what it does with workers that die is not left to it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

import pytest

from parabench.clusters.ray_run import RayRun
from parabench.records import Outcome
from parabench.task import Batch, TaskCall
from parabench.workers.services import Services


class WorkerCrashedError(Exception):
    pass


class NodeDiedError(Exception):
    pass


class ObjectLostError(Exception):
    pass


LOSSES = (WorkerCrashedError, NodeDiedError, ObjectLostError)


class StandIn:
    """Tries each call as often as Ray would, and loses its worker where `losses` has an error for that try."""

    def __init__(self, losses: dict[int, Sequence[type[Exception]]]) -> None:
        self._losses = {item: list(errors) for item, errors in losses.items()}
        self._tries = 1

    def remote(self, *, num_cpus: int, max_retries: int) -> Callable[[Any], StandIn]:
        self._tries += max_retries
        return lambda function: Remote(function, self._once, self._tries)

    def _once(self, item: int) -> None:
        if self._losses.get(item):
            raise self._losses[item].pop(0)

    def put(self, value: Any) -> Any:
        return value

    def get(self, reference: Callable[[], Any], timeout: float) -> Any:
        return reference()


class Remote:
    def __init__(self, function: Callable[..., Any], once: Callable[[int], None], tries: int) -> None:
        self._function, self._once, self._tries = function, once, tries

    def remote(self, call: TaskCall, item: int) -> Callable[[], Outcome]:
        def run() -> Outcome:
            for _ in range(self._tries - 1):
                try:
                    self._once(item)
                    break
                except Exception:
                    continue
            else:
                self._once(item)
            return self._function(call, item)

        return run


@pytest.fixture(autouse=True)
def _exceptions_of_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    exceptions = ModuleType("ray.exceptions")
    vars(exceptions).update({loss.__name__: loss for loss in LOSSES})
    monkeypatch.setitem(sys.modules, "ray", ModuleType("ray"))
    monkeypatch.setitem(sys.modules, "ray.exceptions", exceptions)


def run_on(losses: dict[int, Sequence[type[Exception]]]) -> tuple[RayRun, Batch]:
    return RayRun(StandIn(losses), Services()), Batch(TaskCall(task="operator:neg"), [1, 2, 3])


@pytest.mark.parametrize("loss", LOSSES)
def test_a_task_whose_worker_is_lost_is_sent_again_and_the_round_tells_it(loss: type[Exception]) -> None:
    run, batch = run_on({2: [loss]})
    assert [outcome.value for outcome in run(batch)] == [-1, -2, -3]
    assert run.disturbed() == {"tasks sent again": 1}
    assert [outcome.value for outcome in run(batch)] == [-1, -2, -3]
    assert run.disturbed() == {}, "each round tells its own"


def test_a_task_that_takes_two_workers_along_is_given_up() -> None:
    run, batch = run_on({1: [WorkerCrashedError] * 2, 3: [WorkerCrashedError]})
    first, *others = run(batch)
    assert first.failure is not None
    assert first.failure.type == "WorkerDied"
    assert [outcome.value for outcome in others] == [-2, -3]
    assert run.disturbed() == {"tasks sent again": 2}
