"""Which stored sessions say how much a speed-up differs."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest

from parabench.compare.speedups import log_speedups
from parabench.history.summary import CellKey, SessionSummary
from parabench.records import CellId

ALONE, POOL = CellId("work", "sequential", 1, "small"), CellId("work", "thread-pool", 2, "small")
KEYS = {cell: CellKey(f"test[{cell.text}]", "cpu", "aaaa", "{}", cell) for cell in (ALONE, POOL)}


def session(alone: float, pool: float, **more: object) -> SessionSummary:
    fields: dict[str, object] = {
        "path": Path("/results/0001.json"),
        "number": 1,
        "machine_id": "here",
        "commit_id": None,
        "dirty": None,
        "datetime": None,
        "interpreter": None,
        "version": None,
        "interrupted": False,
        "noisy": False,
        "tags": (),
        "failed": {},
        "layout": tuple(KEYS.values()),
        "seconds": (alone, pool),
    }
    return SessionSummary(**{**fields, **more})  # type: ignore[arg-type]


def test_a_session_gives_the_log_of_its_speed_up() -> None:
    found = log_speedups([session(2.0, 1.0), session(3.0, 1.0)], "here", KEYS)
    assert found == {POOL: [pytest.approx(math.log(2)), pytest.approx(math.log(3))]}


@pytest.mark.parametrize(
    "other",
    [
        session(2.0, 1.0, machine_id="there"),
        session(2.0, 1.0, interrupted=True),
        session(2.0, 1.0, noisy=True),
        session(2.0, math.nan),
        session(2.0, 1.0, layout=(KEYS[ALONE], KEYS[POOL]._replace(source_hash="bbbb"))),
        session(2.0, 1.0, layout=(KEYS[ALONE]._replace(circumstances='{"libraries": {}}'), KEYS[POOL])),
    ],
)
def test_what_was_measured_otherwise_does_not_count(other: SessionSummary) -> None:
    assert log_speedups([other], "here", KEYS) == {POOL: []}
    assert log_speedups([dataclasses.replace(other)], "here", {POOL: KEYS[POOL]}) == {POOL: []}, "no baseline"
