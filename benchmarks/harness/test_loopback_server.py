"""Is the loopback server ever what a client waits for? Its replies per second on one core; run with `-m server -s`."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from workloads.github.server_load import REPLIES_PER_SECOND_DEMANDED, measure


@pytest.mark.server
def test_loopback_server(benchmark: Any) -> None:
    """One thousand connections at 50 ms: at least 15,000 replies per second are demanded of one core."""
    load = benchmark.pedantic(measure, rounds=1)
    benchmark.extra_info.update(dataclasses.asdict(load), replies_per_second_demanded=REPLIES_PER_SECOND_DEMANDED)
    print(f"\n{load}")
