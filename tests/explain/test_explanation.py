from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from parabench.cli.explain import explain_command
from parabench.errors import NothingToExplain
from parabench.explain.cause_rules import RULES
from parabench.explain.explanation import explain, explain_session
from parabench.explain.facts import CAUSES, UNCLEAR
from parabench.history.reader import read_session
from parabench.report.explanation_text import details
from tests.explain.cells import cell, computing_alone, span

RESULTS = Path(__file__).parents[2] / "results"
STORED = next(RESULTS.glob("Linux-x86_64-CPython-3.11*/0001*.json"))
ALONE = computing_alone()
PROCESSES = {"family": "processes"}
GIL_WAITED_FOR = "50 % of worker time waits for the GIL (and 50 % computing)"


def turns(count, each, *, cpu, workers=2, alone=0.0, core=0.0):
    """So many tasks of equal length, in turn on the workers."""
    return [
        span(
            place // workers * each, (place // workers + 1) * each, cpu, alone=alone, core=core, worker=place % workers
        )
        for place in range(count)
    ]


#: Four coroutines at a time that wait 0.05 s alone, and 0.4 s here.
TOGETHER = [span(0.4 * (place // 4), 0.4 * (place // 4) + 0.4, None, alone=0.05) for place in range(8)]
LOOP_TURNS = {"seconds_loop_stalled": 0.0, "workers": 4}
ASLEEP = cell("sequential", [], seconds=0.4, family="baseline", tables={"wait_sites": {"sleep": 1.0}}, seconds_cpu=0.01)
FAULTS = {"seconds_cpu": 0.8, "seconds_cpu_system": 0.7, "page_faults": 400_000}
CASES = {
    "computing": (ALONE, "computing"),
    "processes that compute": (
        cell("pool", turns(8, 0.1, cpu=0.1), seconds=0.4, family="processes", alone=ALONE, seconds_cpu=0.8),
        "computing",
    ),
    "threads that compute": (
        cell("thread-pool", turns(8, 0.2, cpu=0.1), seconds=0.8, alone=ALONE, seconds_cpu=0.8),
        "gil",
    ),
    "threads without a GIL share a lock": (
        cell("thread-pool", turns(8, 0.2, cpu=0.1), seconds=0.8, alone=ALONE, gil=False, seconds_cpu=0.8),
        "lock",
    ),
    "threads that wait for the GIL and, woken for it, for cores that other programs have": (
        cell(
            "thread-pool",
            turns(8, 0.4, cpu=0.1, core=0.28),
            seconds=1.6,
            alone=ALONE,
            tables={"wait_sites": {"gil": 0.2, "running": 0.8}},
            share_others=0.8,
            seconds_cpu=0.8,
        ),
        "gil",
    ),
    "threads that wait for cores that other programs have": (
        cell("thread-pool", turns(8, 0.4, cpu=0.1, core=0.28), seconds=1.6, alone=ALONE, gil=False, seconds_cpu=0.8),
        "computing",
    ),
    "more processes than cores": (
        cell(
            "pool",
            turns(8, 0.2, cpu=0.1, workers=4, core=0.1),
            seconds=0.4,
            workers=4,
            family="processes",
            alone=ALONE,
            seconds_cpu=0.8,
        ),
        "cores",
    ),
    "waiting as alone": (
        cell("thread-pool", turns(8, 0.1, cpu=0.01, alone=0.09), seconds=0.4, kind="network", seconds_cpu=0.08),
        "waiting",
    ),
    "a server that slows down": (
        cell("thread-pool", turns(8, 0.2, cpu=0.01, alone=0.05), seconds=0.8, kind="network", seconds_cpu=0.08),
        "server",
    ),
    "tasks that share a lock": (
        cell("pool", turns(8, 0.2, cpu=0.05), seconds=0.8, family="processes", seconds_cpu=0.4),
        "lock",
    ),
    "a loop that computes": (
        cell("asyncio", [span(0, 0.8, None)] * 8, seconds=0.8, family="asyncio", alone=ALONE, seconds_cpu=0.8),
        "loop",
    ),
    "tasks too short to be sent": (
        cell(
            "pool",
            [span(p * 0.1, p * 0.1 + 0.01, 0.01, worker=p % 2) for p in range(8)],
            seconds=0.8,
            family="processes",
        ),
        "dispatch",
    ),
    "one long task": (
        cell(
            "pool", [span(0, 0.1, 0.1), span(0, 0.5, 0.5, worker=1)], seconds=0.5, family="processes", seconds_cpu=0.6
        ),
        "imbalance",
    ),
    "opening takes longer than the work": (
        cell("thread-pool", turns(8, 0.1, cpu=0.1), seconds=0.4, seconds_cold_start=4.0, seconds_cpu=0.8),
        "start-up",
    ),
    "coroutines that wait for each other": (
        cell("asyncio", TOGETHER, family="asyncio", alone=ASLEEP, **LOOP_TURNS, seconds=0.8, seconds_cpu=0.01),
        "lock",
    ),
    "coroutines that wait for a server": (
        cell("asyncio", TOGETHER, family="asyncio", kind="network", **LOOP_TURNS, seconds=0.8, seconds_cpu=0.01),
        "server",
    ),
    "a coroutine that blocks": (
        cell(
            "asyncio",
            TOGETHER,
            family="asyncio",
            kind="network",
            seconds=0.8,
            seconds_loop_stalled=0.7,
            seconds_cpu=0.01,
        ),
        "loop",
    ),
    "a first batch that loads what all others use": (
        cell("thread-pool", turns(8, 0.1, cpu=0.1), seconds=0.4, seconds_first_batch=4.0, seconds_cpu=0.8),
        "start-up",
    ),
    "many pages touched first": (
        cell("pool", turns(8, 0.1, cpu=0.1), seconds=0.4, **PROCESSES, **FAULTS),
        "memory",
    ),
    "large messages": (
        cell(
            "pool",
            [span(n * 0.1, n * 0.1 + 0.01, 0.01, worker=n % 2) for n in range(8)],
            seconds=0.8,
            tables={"serialisation": {"bytes_items": 8_000_000, "bytes_values": 10}},
            **PROCESSES,
        ),
        "serialisation",
    ),
    "nothing known": (cell("thread-pool", [], seconds=0.8), UNCLEAR),
}


@pytest.mark.parametrize(("evidence", "main"), CASES.values(), ids=CASES)
def test_the_main_cause(evidence, main):
    found = explain(evidence, [evidence])
    assert found.causes[0] == main, found
    assert len(found.causes) <= 2
    assert set(found.share) == set(found.causes)
    assert all(0 <= share <= 1 for share in found.share.values())


def test_every_cause_has_a_rule_and_a_source():
    assert {rule.cause for rule in RULES} | {UNCLEAR} == set(CAUSES)
    assert all(rule.source and rule.evidence for rule in RULES)


def test_the_gain_is_checked_against_the_models_that_would_bring_it():
    threads, processes = CASES["threads that compute"][0], CASES["processes that compute"][0]
    found = explain(threads, [ALONE, threads, processes])
    assert found.sentence == f"{GIL_WAITED_FOR}; processes or a free-threaded build would give up to 2x"
    assert found.predicted.holds
    assert (found.predicted.speedup, found.predicted.measured) == pytest.approx((2.0, 2.0))
    slow = cell("pool", turns(8, 0.1, cpu=0.1), seconds=0.7, family="processes", seconds_cpu=0.8)
    assert explain(threads, [ALONE, threads, slow]).predicted.holds is False
    assert explain(threads, [ALONE, threads]).predicted.measured is None


def test_a_gain_is_no_smaller_than_the_share_of_its_cause():
    parts = {"cores", "server", "lock", "dispatch", "serialisation", "imbalance"}
    found = [explain(evidence, [evidence]) for evidence, main in CASES.values() if main in parts]
    assert {one.causes[0] for one in found} == parts
    for one in found:
        bound = one.predicted.speedup or math.inf  # without a bound next to nothing would be left
        assert 1 - 1 / bound >= one.share[one.causes[0]] - 1e-9, one
    large = explain(CASES["large messages"][0], [])
    left = 0.04 + 0.05  # each lane runs four tasks of 0.01 s, and one of them is idle at the end
    assert large.predicted.speedup == pytest.approx(0.71 / left)
    helps = "smaller messages, or workers that share memory, would give up to 7.9x"
    assert large.sentence == f"87 % of the time goes into pickling and moving items and values; {helps}"


def test_where_no_work_is_left_there_is_no_bound_to_the_gain():
    spans = CASES["tasks too short to be sent"][0].timelines[0].tasks
    short = cell("pool", spans, seconds=0.8, family="processes", seconds_trace=0.02)
    loop = cell("sequential", spans, seconds=0.1, family="baseline", workers=1)
    found = explain(short, [short, loop])
    assert found.sentence.endswith("longer tasks or larger chunks would save nearly all of the time")
    assert (found.predicted.speedup, found.predicted.holds) == (None, None)
    assert "next to nothing would be left; beside it stands the measured 8x of baseline" in details(found)


def test_a_model_pays_from_the_length_on_at_which_it_saves_what_it_costs():
    short = CASES["tasks too short to be sent"][0]
    between = 0.1 + 6 * 0.19  # lane seconds: one waits for its first task, and each three times for the next
    assert explain(short, [short]).break_even_seconds == pytest.approx(2 * between / 2 / 8)
    assert explain(CASES["threads that compute"][0], []).break_even_seconds is None
    assert explain(CASES["a loop that computes"][0], []).break_even_seconds is None


def test_stored_sessions_of_earlier_versions_are_explained():
    found = {(one.workload, one.model): one.causes[0] for one in explain_session(read_session(STORED))}
    assert found["count-primes", "sequential"] == "computing"
    assert found["count-primes", "thread-pool"] == "gil"
    assert found["github-mocked-requests", "sequential"] == "waiting"
    assert found["no-op", "process-pool-fork"] == "dispatch"


@pytest.mark.parametrize("odd", [None, True, 7, "x", [], [True], {"a": "b"}, {"gil": -1}])
def test_what_is_damaged_in_a_file_is_unknown_and_no_error(odd):
    session = read_session(STORED)
    keys = ("timeline", "timeline_other_rounds", "seconds_traced_other_rounds", "wait_sites", "serialisation")
    damaged = tuple(
        dataclasses.replace(one, tables=dict(one.tables) | dict.fromkeys(keys, odd)) for one in session.benchmarks
    )
    found = explain_session(dataclasses.replace(session, benchmarks=damaged))
    assert len(found) == len(session.benchmarks)
    assert {one.split.source for one in found} == {"totals"}


def test_the_verb_tells_each_family_and_all_of_one_cell():
    arguments = ["--results", str(RESULTS), "--sessions", "3.11"]
    told = CliRunner().invoke(explain_command, arguments)
    assert told.exit_code == 0, told.output
    assert "count-primes\n" in told.output
    assert "waits for the GIL" in told.output
    one = CliRunner().invoke(explain_command, ["count-primes-thread-pool*", *arguments])
    assert "split over 2 lanes, from spans:" in one.output
    as_json = CliRunner().invoke(explain_command, ["count-primes-*", *arguments, "--format", "json"])
    cells = json.loads(as_json.output)["cells"]
    assert {entry["model"] for entry in cells} == {"sequential", "thread-pool", "process-pool-fork"}
    keys = {"cell", "workload", "model", "causes", "share", "sentence", "split", "predicted"}
    assert all(keys <= entry.keys() for entry in cells)


def test_a_cell_that_is_not_there_is_told_with_those_that_are():
    with pytest.raises(NothingToExplain, match=r"there is no cell 'nothing' in 0005.*.*: it has add-100.* and 14 more"):
        CliRunner().invoke(
            explain_command, ["nothing", "--results", str(RESULTS), "--sessions", "3.11"], catch_exceptions=False
        )
