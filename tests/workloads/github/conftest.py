"""Fixtures: the stand-in for GitHub, and every client library in every way a worker uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stand_in
from listers import OVER_SOCKETS, Lister, library_of

from parabench.workload import ServiceOptions


@pytest.fixture(params=OVER_SOCKETS)
def list_over_sockets(request: pytest.FixtureRequest) -> Lister:
    """(user, settings) -> result of the task, with each client library."""
    pytest.importorskip(library_of(request.param))
    return OVER_SOCKETS[request.param]


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[stand_in.StandIn]:
    """The stand-in, and no token in the environment."""
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    with stand_in.serving() as state:
        yield state


@pytest.fixture
def live_settings(github: stand_in.StandIn) -> dict[str, Any]:
    """Settings of a live source at the stand-in, impatient enough for tests."""
    return {"source": "live", "url": github.url, "page_size": 30, "seconds_read": 0.5, "seconds_backoff": 0.01}


@pytest.fixture
def options(tmp_path: Path) -> Callable[..., ServiceOptions]:
    """(url, size, rounds_planned) -> what a session tells the service of the live workloads."""

    def make(url: str, *, size: str = "small", rounds_planned: int = 1) -> ServiceOptions:
        return ServiceOptions(
            seed=1,
            latency_seconds=0.005,
            scratch_directory=tmp_path,
            github_url=url,
            size=size,
            rounds_planned=rounds_planned,
        )

    return make
