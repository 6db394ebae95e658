"""Whole runs, as short as can be: what is advised on a machine however busy, and what is told first."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import parabench
from parabench.advise.advice import Advice
from parabench.advise.advisor import advise_on
from parabench.advise.request import Request
from parabench.advise.target import target_of
from parabench.measure.lock import LOCK_VARIABLE
from parabench.session.discovery import find_workloads

HERE = Path(__file__).parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Costs of this machine are kept for the tests of this file only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv(LOCK_VARIABLE, f"parabench-test-{tmp_path_factory.getbasetemp().name}-advisor")
        patch.setattr(sys, "path", [str(HERE), *sys.path])
        yield


def advised(name: str, budget: float = 4.0, items: int = 24, **fields) -> Advice:
    return advise_on(
        Request(
            target=target_of(f"jobs_for_tests.py:{name}", HERE),
            items=list(range(items)),
            items_text=f"range({items})",
            budget_seconds=budget,
            **fields,
        )
    )


def test_results_that_depend_on_order_are_the_first_thing_told() -> None:
    advice = advised("depends_on_order")
    first = advice.warnings[0]
    assert first.kind == "results-differ"
    assert "item " in first.text
    assert " instead of " in first.text
    assert advice.use is not None
    assert advice.use.family == "baseline"


def test_a_race_that_could_not_end_is_not_begun() -> None:
    advice = advised("takes_long", budget=5.0)
    assert {warned.kind for warned in advice.warnings} >= {"predicted-only"}
    assert advice.use is not None
    assert (advice.use.family, advice.settled) == ("threads", False)
    assert advice.calls.made < 24


def test_a_run_can_be_kept_and_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "own_work" / "mine.py"
    file.parent.mkdir()
    advice = advised("plain", save=tmp_path / "results", workload_file=file)
    assert advice.stored is not None
    stored = json.loads(Path(advice.stored).read_text())
    assert {one["param"].partition("-")[0] for one in stored["benchmarks"]} == {"plain"}
    assert stored["parabench"]["answers"][0]["workload"] == "plain"
    assert not stored["parabench"]["interrupted"]
    assert [path.suffix for path in Path(advice.stored).parent.iterdir()] == [".json"], "no journal is left"
    found = find_workloads(file.parent)["plain"]
    assert list(found.items("small")) == list(range(24))
    assert found.task(4) == 8


def test_what_a_variable_is_bound_to_is_advised_on_inside_a_running_event_loop() -> None:
    jobs = importlib.import_module("jobs_for_tests")

    async def ask() -> Advice:
        assert asyncio.get_running_loop().is_running()
        advice = parabench.advise(jobs.tripled, range(8), idempotent=True, budget=2)
        assert isinstance(advice, Advice)
        await asyncio.sleep(0)
        return advice

    advice = asyncio.run(ask())
    assert (advice.function, advice.items) == ("tripled", 8)
    assert advice.use is not None
    assert advice.calls.made > 0
