"""From a probe to seconds: what binds each contestant, and which of them are raced."""

from __future__ import annotations

import pytest

from parabench.advise.otherwise import otherwise
from parabench.advise.prediction import Machine, Prediction, predictions, select, workers_of
from parabench.advise.probe import Probe
from parabench.models import find_models

NAMES = ("sequential", "thread-pool", "process-pool-fork", "mp-pool", "asyncio", "gevent")
MODELS = [find_models()[name] for name in NAMES]
COSTS = {"thread-pool": 50e-6, "process-pool-fork": 100e-6, "process-pool-fork auto": 10e-6, "asyncio": 20e-6}
MACHINE = Machine(2, COSTS | {"mp-pool": 90e-6, "mp-pool auto": 9e-6, "gevent": 60e-6})
FOUND = {"hosts": [], "processes": 0}


def probe(seconds: float, cpu: float, *, gil: float | None = None, **fields) -> Probe:
    return Probe(
        seconds=seconds,
        seconds_longest=seconds,
        seconds_cpu=cpu,
        gil_held=gil,
        in_flight_most=32,
        traces=FOUND | fields.pop("traces", {}),
        **fields,
    )


def predicted(found: Probe, items: int = 64, *, coroutine: bool = False, only: bool = False) -> dict[str, Prediction]:
    every = predictions(found, MODELS, MACHINE, items, coroutine=coroutine, only_coroutine=only)
    return {f"{one.model} x{one.workers} {one.chunk}": one for one in every}


def test_computing_that_holds_the_gil() -> None:
    found = predicted(probe(0.01, 0.01, gil=1.0))
    assert found["sequential x1 1"].seconds == pytest.approx(0.64)
    assert (found["thread-pool x2 1"].seconds, found["thread-pool x2 1"].bound) == (pytest.approx(0.6432), "the GIL")
    assert found["process-pool-fork x2 1"].seconds == pytest.approx(0.32 + 0.0064)
    assert found["process-pool-fork x2 auto"].bound == "2 cores"
    assert found["asyncio x32 1"].impossible is not None


def test_computing_that_lets_go_of_the_gil() -> None:
    found = predicted(probe(0.01, 0.01, gil=0.0))
    assert (found["thread-pool x2 1"].seconds, found["thread-pool x2 1"].bound) == (pytest.approx(0.3232), "2 cores")


@pytest.mark.parametrize(("most", "workers"), [(1, 1), (2, 2), (3, 3), (128, 4)])
def test_computing_keeps_to_what_may_be_in_flight(most: int, workers: int) -> None:
    found = probe(0.01, 0.01, gil=0.0)
    found.in_flight_most = most
    for model in ("thread-pool", "process-pool-fork"):
        assert workers_of(found, find_models()[model], 4, 64) == [workers]


def test_calls_that_are_shorter_than_handing_them_over() -> None:
    found = predicted(probe(1e-6, 1e-6, gil=0.0))
    assert found["thread-pool x2 1"].bound == "handing over"
    assert min(found.values(), key=lambda one: one.seconds).model == "sequential"


def test_waiting_until_the_other_side_keeps_up_no_more() -> None:
    scales = {1: 0.05, 2: 0.025, 4: 0.0125, 8: 0.00625}
    found = predicted(probe(0.05, 0.0001, threads=scales))
    assert found["thread-pool x32 1"].seconds == pytest.approx(64 * 0.05 / 32 + 64 * 50e-6)
    assert found["thread-pool x32 1"].bound == "32 in flight"
    stops = scales | {4: 0.0125, 8: 0.0124}
    found = predicted(probe(0.05, 0.0001, threads=stops))
    assert found["thread-pool x32 1"].seconds == pytest.approx(64 * 0.0124 + 64 * 50e-6)
    assert "keeps up with no more than 4 in flight" in found["thread-pool x32 1"].bound


def test_nothing_is_quicker_than_the_longest_task() -> None:
    uneven = probe(0.05, 0.0)
    uneven.seconds_longest = 2.0
    assert predicted(uneven)["thread-pool x32 1"].bound == "the longest task"


@pytest.mark.parametrize(
    ("found", "model", "reason"),
    [
        (probe(0.01, 0.01), "asyncio x32 1", "it never awaits: an event loop would run one call after the other"),
        (probe(0.01, 0.01), "gevent x2 1", "it needs gevent's patches in your whole program"),
        (
            probe(0.01, 0.01, traces={"values": {"why_not": "TypeError: no"}}),
            "mp-pool x2 1",
            "its results do not pickle: TypeError: no",
        ),
        (probe(0.01, 0.01, traces={"processes": 2}), "mp-pool x2 1", "which daemonic workers may not"),
    ],
)
def test_what_cannot_run_says_why(found: Probe, model: str, reason: str) -> None:
    assert reason in (predicted(found)[model].impossible or "")


def test_a_coroutine_needs_no_threads_unless_it_blocks_its_loop() -> None:
    waits = probe(0.05, 0.0001, coroutines={1: 0.05, 2: 0.025})
    assert predicted(waits, coroutine=True, only=True)["thread-pool x32 1"].impossible is not None
    blocks = probe(0.05, 0.0001, coroutines={1: 0.05, 2: 0.05})
    found = predicted(blocks, coroutine=True, only=True)
    assert found["thread-pool x32 1"].impossible is None
    assert found["asyncio x32 1"].seconds > 10 * found["thread-pool x32 1"].seconds


def test_what_is_far_behind_is_ruled_out_and_one_of_it_is_the_control() -> None:
    chosen = select(list(predicted(probe(0.01, 0.01, gil=1.0)).values()), 2)
    assert {one.model for one in chosen.raced} == {"sequential", "process-pool-fork", "mp-pool"}
    assert chosen.control is not None
    assert chosen.control.model == "thread-pool"
    reasons = {one.model: reason for one, reason in chosen.ruled_out}
    assert reasons["thread-pool"] == "the GIL: predicted 2.0x the time of the best"
    assert chosen.control not in chosen.reserve
    assert all(one.impossible is None for one in chosen.contestants)


def test_a_control_is_of_a_family_that_is_raced_where_there_is_no_other() -> None:
    found = [one for one in predicted(probe(0.05, 0.0001)).values() if one.family in ("baseline", "threads")]
    chosen = select(found, 2)
    assert chosen.control is not None
    assert chosen.control.family == "threads"
    assert 1.3 * chosen.raced[1].seconds < chosen.control.seconds


def test_sending_is_named_where_it_takes_longer_than_handing_over() -> None:
    large = probe(0.001, 0.001, gil=1.0)
    large.traces["values"] = {"seconds": 0.05, "bytes": 5e7, "why_not": None}
    bounds = {one.bound for one in predicted(large).values() if one.family == "processes"}
    assert bounds == {"sending items and results"}


def test_processes_for_waiting_are_not_raced_where_threads_do_as_well() -> None:
    chosen = select(list(predicted(probe(0.05, 0.0001)).values()), 2)
    assert {one.family for one in chosen.raced} == {"baseline", "threads"}
    assert any("and takes 32 processes" in reason for _, reason in chosen.ruled_out)


@pytest.mark.parametrize(
    ("found", "family", "text"),
    [
        (
            probe(0.01, 0.01, gil=1.0),
            "processes",
            "8 cores: processes still, 7.9x (predicted)",
        ),
        (
            probe(20e-6, 20e-6, gil=1.0),
            "baseline",
            "8 cores: processes, 1.7x; calls 10 times as long: processes, 1.8x (predicted)",
        ),
        (probe(0.05, 0.0001, threads={1: 0.05, 2: 0.025, 4: 0.0125, 8: 0.00625}), "threads", None),
    ],
)
def test_what_would_change_the_advice(found: Probe, family: str, text: str | None) -> None:
    def predict(probe: Probe, machine: Machine) -> list[Prediction]:
        return predictions(probe, MODELS, machine, 200, coroutine=False, only_coroutine=False)

    assert otherwise(found, MACHINE, family, predict) == (() if text is None else (text,))
