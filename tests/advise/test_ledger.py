"""Calls made never exceed calls promised, whatever becomes of the batches."""

from __future__ import annotations

import sys
import uuid
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parabench.advise.advisor import advise_on
from parabench.advise.dispatch import dispatch_costs
from parabench.advise.ledger import Ledger, calls_most
from parabench.advise.request import Request
from parabench.advise.target import target_of
from parabench.errors import CallsSpent
from parabench.measure.lock import LOCK_VARIABLE
from parabench.models import find_models

HERE = Path(__file__).parent


@given(promised=st.integers(0, 500), batches=st.lists(st.integers(0, 100)))
def test_a_batch_that_would_break_the_promise_is_not_begun(promised: int, batches: list[int]) -> None:
    ledger = Ledger(promised)
    for calls in batches:
        before, left = ledger.made, ledger.left
        if calls <= left:
            ledger.charge(calls)
        else:
            with pytest.raises(
                CallsSpent, match=f"a batch of {calls} calls was not begun: {left} of those promised at most"
            ):
                ledger.charge(calls)
        assert ledger.made == before + (calls if calls <= left else 0)
        assert ledger.made <= promised
        assert ledger.left == promised - ledger.made


@pytest.fixture(scope="module", autouse=True)
def costs_of_dispatch(tmp_path_factory: pytest.TempPathFactory):
    """Kept for the runs of this file, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv(LOCK_VARIABLE, f"parabench-test-{tmp_path_factory.getbasetemp().name}-calls")
        patch.setattr(sys, "path", [str(HERE), *sys.path])
        local = [m for m in find_models().values() if not m.variant and not m.on_request and m.availability() is None]
        dispatch_costs(local)
        yield


def holds(name: str, folder: Path, *, items: int, budget: float, call_timeout: float, each_once: bool) -> None:
    """Run it, and compare the bytes that its calls have written with what was promised."""
    calls = folder / uuid.uuid4().hex
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CALLS_FILE", str(calls))
        patch.chdir(folder)
        advice = advise_on(
            Request(
                target=target_of(f"jobs_for_tests.py:{name}", HERE),
                items=list(range(items)),
                items_text=f"range({items})",
                budget_seconds=budget,
                call_timeout_seconds=call_timeout,
                each_once=each_once,
            )
        )
    made = len(calls.read_bytes())
    assert 0 < made <= advice.calls.made <= advice.calls.promised == calls_most(items, each_once=each_once)


@pytest.mark.slow
@pytest.mark.parametrize("each_once", [False, True])
@pytest.mark.parametrize("name", ["counts", "counts_and_dies", "counts_and_hangs"])
def test_calls_are_those_promised_at_most(name: str, each_once: bool, tmp_path: Path) -> None:
    holds(name, tmp_path, items=40, budget=3.0, call_timeout=0.5, each_once=each_once)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["counts", "counts_and_dies", "counts_and_hangs"]),
    items=st.integers(1, 90),
    budget=st.floats(1.0, 4.0),
    call_timeout=st.floats(0.05, 1.0),
    each_once=st.booleans(),
)
def test_they_are_whatever_was_asked_for(
    name: str, items: int, budget: float, call_timeout: float, each_once: bool, tmp_path: Path
) -> None:
    holds(name, tmp_path, items=items, budget=budget, call_timeout=call_timeout, each_once=each_once)
