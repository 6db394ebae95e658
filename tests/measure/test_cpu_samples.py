"""Whose code burns the CPU, and who awaits whom: looked at in a round of its own."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from types import SimpleNamespace

import deeds
import pytest

from parabench.measure.cpu_samples import THE_TASK, CpuSamples, Sample, package_of, why_unsampled
from parabench.measure.instrumented import ELSEWHERE
from parabench.records import Trace
from parabench.workers.await_chains import FUNCTIONS_MOST, NAME_MOST, chain_of, most_frequent
from parabench.workers.loop_ticks import begin_ticks, looking_at_chains, take_ticks

seen = pytest.mark.skipif(why_unsampled() is not None, reason=str(why_unsampled()))


def test_a_module_belongs_to_its_package_or_to_the_task():
    assert package_of("aiohttp.client", {"mine.work"}) == "aiohttp"
    assert package_of("json.decoder", {"mine.work"}) == "json"
    assert package_of("namedtuple_Outcome", {"mine.work"}) == "collections"
    assert package_of("mine.client", {"mine.work"}) == THE_TASK
    assert package_of("parabench.task", {"parabench.advise.calling"}) == "parabench"
    assert package_of("\x1b[31m" + "a" * 200, set()) == ("[31m" + "a" * 200)[:NAME_MOST]


def test_only_samples_of_threads_with_a_task_count():
    samples = CpuSamples(set())
    samples.samples = [Sample(1.5, "7:8", "json"), Sample(2.5, "7:8", "json"), Sample(1.5, "7:9", "re")]
    assert samples.counts([Trace(1.0, 2.0, 0.1, "7:8:123", "h")]) == {"json": 1}


def test_of_many_packages_the_rare_ones_are_one():
    samples = CpuSamples(set())
    samples.samples = [Sample(1.5, "7:8", f"p{number}") for number in range(40)]
    counts = samples.counts([Trace(1.0, 2.0, 0.1, "7:8:123", "h")])
    assert (len(counts), sum(counts.values())) == (13, 40)


@seen
def test_a_task_that_computes_is_met_and_the_switch_interval_is_as_before(visit):
    interval = sys.getswitchinterval()
    found = visit(deeds.workload(deeds.burn, [0.05] * 4), "thread-pool", instrument=True).instrumented.sampled
    assert found.cpu_packages_reason is None
    assert max(found.cpu_packages, key=found.cpu_packages.get) == THE_TASK
    with CpuSamples(set()):
        assert sys.getswitchinterval() < interval
    assert sys.getswitchinterval() == interval


@seen
@pytest.mark.parametrize(
    ("task", "item", "model"), [("wait", 0.02, "thread-pool"), ("burn", 0.02, "process-pool-fork")]
)
def test_where_nothing_is_seen_the_reason_is_told(visit, task, item, model):
    found = visit(deeds.workload(getattr(deeds, task), [item] * 2), model, instrument=True).instrumented.sampled
    if model == "process-pool-fork":
        assert (found.cpu_packages, found.cpu_packages_reason) == (None, ELSEWHERE)
    else:
        assert (found.cpu_packages is None) == (found.cpu_packages_reason is not None)
    assert found.await_chain is None
    assert found.await_chain_reason


def _graph(*names, awaited_by=()):
    stack = [SimpleNamespace(frame=SimpleNamespace(f_code=SimpleNamespace(co_qualname=name))) for name in names]
    return SimpleNamespace(call_stack=stack, awaited_by=awaited_by)


def test_a_chain_begins_with_who_waits_and_is_bounded():
    assert chain_of(_graph("read", "A.<locals>.fetch", awaited_by=[_graph("main")])) == "main > A.fetch > read"
    assert chain_of(_graph("x\x1b" * 200)) == "x" * NAME_MOST
    assert len(chain_of(_graph(*["f"] * 100)).split(" > ")) == FUNCTIONS_MOST
    assert most_frequent(Counter({"main": 2, "main > fetch": 2, "other": 1})) == "main > fetch"
    assert most_frequent(Counter()) is None


def test_few_samples_say_nothing_of_shares():
    samples = CpuSamples(set())
    samples.reason = None
    traces = [Trace(1.0, 2.0, 0.1, "7:8:123", "h")]
    samples.samples = [Sample(1.5, "7:8", "json")] * 8
    assert samples.sampled(traces, Counter()).cpu_packages == {"json": 8}
    samples.samples.pop()
    few = samples.sampled(traces, Counter())
    assert few.cpu_packages is None
    assert few.cpu_packages_reason.startswith("7 samples met a thread")


@pytest.mark.skipif(not hasattr(asyncio, "capture_call_graph"), reason="from Python 3.14 on")
def test_who_awaits_whom_is_met_at_ticks():
    async def innermost() -> None:
        await asyncio.sleep(0.03)

    async def outermost() -> None:
        begin_ticks()
        places = asyncio.Semaphore(0)
        waiting = asyncio.create_task(wait_for_a_place(places))
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(innermost())
        waiting.cancel()

    async def wait_for_a_place(places: asyncio.Semaphore) -> None:
        async with places:
            pass

    with looking_at_chains() as chains:
        asyncio.run(outermost())
    take_ticks()
    assert "outermost > " in most_frequent(chains)
    assert "innermost > sleep" in most_frequent(chains)
    assert not any("wait_for_a_place" in chain for chain in chains)
