from __future__ import annotations

import dataclasses
import json
import math
import random
from pathlib import Path

import pytest
from click.testing import CliRunner

from parabench.cli import scale
from parabench.errors import InvalidOption, NothingToScale, SeveralMachines
from parabench.explain.scaling_of_models import counts_for, of_one_interpreter, overtakings_of, scalings_of
from parabench.history.reader import read_session
from parabench.report.scaling_text import scaling_text

RESULTS = Path(__file__).parents[2] / "results"
STORED = read_session(next(RESULTS.glob("Linux-x86_64-CPython-3.11*/0001*.json")))
CELL = next(benchmark for benchmark in STORED.benchmarks if benchmark.model == "thread-pool")
COUNTS = (1, 2, 4, 8, 16)


def sessions_of(laws, *, sessions=5, noise=0.02, counts=COUNTS):
    """Sessions whose models follow these laws: tasks per second of so many workers."""
    source = random.Random(1)
    return [
        dataclasses.replace(
            STORED,
            benchmarks=tuple(
                dataclasses.replace(
                    CELL,
                    workload="work",
                    model=model,
                    workers=n,
                    tasks=100,
                    seconds_per_round=100 / law(n) * math.exp(source.gauss(0, noise)),
                )
                for model, law in laws.items()
                for n in counts
            ),
        )
        for _ in range(sessions)
    ]


def slowed(session, factor, size="small"):
    """The session with all its times multiplied."""
    return dataclasses.replace(
        session,
        benchmarks=tuple(
            dataclasses.replace(one, size=size, seconds_per_round=factor * one.seconds_per_round)
            for one in session.benchmarks
        ),
    )


LAWS = {
    "threads": lambda n: 100 * n / (1 + 0.1 * (n - 1) + 0.02 * n * (n - 1)),
    "processes": lambda n: 60 * n / (1 + 0.02 * (n - 1)),
}


def test_each_model_has_a_law_and_crossings_lie_between_what_was_measured():
    sessions = sessions_of(LAWS)
    threads, processes = scalings_of(of_one_interpreter(sessions))
    assert (threads.model, processes.model) == ("threads", "processes")
    assert threads.law.serial_share.low < 0.1 < threads.law.serial_share.high
    assert threads.law.slower_beyond.value == pytest.approx(math.sqrt(0.9 / 0.02), rel=0.05)
    assert processes.law.slower_beyond is None
    assert processes.law.error_left_out < 0.1
    (place,) = overtakings_of(of_one_interpreter(sessions))
    assert (place.faster, place.slower, place.low, place.high) == ("processes", "threads", 4, 8)
    assert place.low < place.at < place.high
    told = scaling_text([threads, processes], [place])
    assert "slower beyond 7 [" in told
    assert "extrapolated, not measured: 24 workers" in told
    assert "processes is faster than threads from" in told


def test_models_are_compared_within_sessions_also_where_one_of_them_misses_one():
    sessions = [slowed(session, 1 + 3 * (place % 2)) for place, session in enumerate(sessions_of(LAWS))]
    short = dataclasses.replace(sessions[0], benchmarks=sessions[0].benchmarks[1:])
    (place,) = overtakings_of(of_one_interpreter([short, *sessions[1:]]))
    assert (place.faster, place.low, place.high) == ("processes", 4, 8)


def test_interpreters_are_compared_by_one_model_and_models_on_one_interpreter():
    with_gil = sessions_of({"threads": lambda n: 110 / (1 + 0.02 * n), "processes": LAWS["processes"]})
    without = sessions_of({"threads": lambda n: 80 * min(n, 4), "processes": LAWS["processes"]})
    sessions = {"3.13": dict(enumerate(with_gil)), "3.13t": dict(enumerate(without))}
    scalings = scalings_of(sessions)
    assert {(one.model, one.interpreter) for one in scalings} == {
        (model, interpreter) for model in ("threads", "processes") for interpreter in sessions
    }
    places = overtakings_of(sessions)
    crossed = {(place.faster, place.faster_on, place.slower, place.slower_on) for place in places}
    assert ("threads", "3.13t", "threads", "3.13") in crossed
    assert all(place.faster_on == place.slower_on or place.faster == place.slower for place in places)
    told = scaling_text(scalings, places)
    assert "\n  threads on 3.13t\n" in told
    assert "  threads on 3.13t is faster than threads on 3.13 from 1." in told


def test_sizes_are_never_mixed():
    small = sessions_of(LAWS)
    large = [slowed(session, 50, size="large") for session in small]
    scalings = scalings_of(of_one_interpreter([*small, *large]))
    assert [(one.model, one.size, one.law.sessions) for one in scalings] == [
        ("threads", "small", 5),
        ("processes", "small", 5),
        ("threads", "large", 5),
        ("processes", "large", 5),
    ]
    places = overtakings_of(of_one_interpreter([*small, *large]))
    assert [place.size for place in places] == ["small", "large"]
    told = scaling_text(scalings, places)
    assert told.startswith("work\n  threads")
    assert "\nwork, size large\n  threads" in told
    assert told.count("is faster than") == 2


def test_sessions_without_all_numbers_do_not_count():
    sessions = sessions_of(LAWS)
    short = dataclasses.replace(sessions[0], benchmarks=sessions[0].benchmarks[1:])
    threads, processes = scalings_of(of_one_interpreter([short, *sessions[1:]]))
    assert (threads.law.sessions, processes.law.sessions) == (4, 5)
    assert threads.law.reason == "5 numbers of workers in 4 sessions; 5 and 5 are needed"
    assert threads.law.reason in scaling_text([threads], [])


def test_the_numbers_reach_past_the_cores():
    assert counts_for(2) == [1, 2, 4, 8, 16]
    assert counts_for(12) == [1, 2, 4, 8, 16, 32, 64]


def test_stored_sessions_are_scaled_without_measuring(monkeypatch):
    sessions = iter(sessions_of(LAWS))
    monkeypatch.setattr(scale, "read_session", lambda path: next(sessions))
    arguments = ["--results", str(RESULTS), "--stored", "3.11", "--format", "json"]
    told = json.loads(CliRunner().invoke(scale.scale_command, arguments, catch_exceptions=False).output)
    assert [one["model"] for one in told["scalings"]] == ["threads", "processes"]
    assert told["scalings"][0]["law"]["kind"] == "usl"
    assert told["crossings"][0]["faster"] == "processes"


def measuring(monkeypatch, sessions):
    """`parabench scale` as if it had measured these sessions; the arguments that they were told come back."""
    said = []

    class Made:
        arms = scale.ARMS

        def blocks(self, arm):
            return {place: session.path for place, session in enumerate(sessions)}

    def new_run(results, number, arms, arguments):
        said.append(arguments)
        return Made()

    left = iter(sessions)
    monkeypatch.setattr(scale, "new_run", new_run)
    monkeypatch.setattr(scale, "make_or_exit", lambda run, root: None)
    monkeypatch.setattr(scale, "read_session", lambda path: next(left))
    return said


@pytest.mark.parametrize("workloads", ["w*k", "other,work", "other, w?rk"])
def test_workloads_are_named_by_patterns_and_with_commas(monkeypatch, workloads):
    said = measuring(monkeypatch, sessions_of(LAWS))
    done = CliRunner().invoke(scale.scale_command, [workloads, "--workers", "1,2,4,8,16"], catch_exceptions=False)
    assert "work\n  threads" in done.output
    assert said == [(f"--workloads={workloads}", "--workers=1,2,4,8,16", "--passes=1")]


def test_the_workloads_of_which_nothing_is_there_are_named(monkeypatch):
    measuring(monkeypatch, sessions_of(LAWS))
    with pytest.raises(NothingToScale, match="no model of else, other has several numbers of workers in 0001"):
        CliRunner().invoke(scale.scale_command, ["else,other"], catch_exceptions=False)


@pytest.mark.parametrize("workers", ["4", "4,4", "none"])
def test_numbers_of_workers_that_tell_nothing_are_refused_before_measuring(monkeypatch, workers):
    said = measuring(monkeypatch, [])
    with pytest.raises(InvalidOption, match=r"--workers '.*' cannot be used: expected"):
        CliRunner().invoke(scale.scale_command, ["work", "--workers", workers], catch_exceptions=False)
    assert said == []


def test_numbers_of_workers_without_a_law_are_warned_of_before_measuring(monkeypatch):
    measuring(monkeypatch, sessions_of(LAWS, counts=(1, 4, 8)))
    said = []
    monkeypatch.setattr(scale, "echo", lambda text, err=False: said.append(text))
    monkeypatch.setattr(scale, "make_or_exit", lambda run, root: said.append("measured"))
    CliRunner().invoke(scale.scale_command, ["work", "--workers", "1,4,8,8"], catch_exceptions=False)
    warned, measured, told = said
    assert "a law needs 5 numbers of workers, and there are 3" in warned
    assert measured == "measured"
    assert "processes is faster than threads from" in told


def test_sessions_of_several_machines_are_no_repetitions():
    arguments = ["--results", str(RESULTS), "--stored", "1-5, latest"]
    named = r"6 machines or interpreters, .*: Linux-.*-CPython-3\.11\.7-\w+ \(5\), .* '1-5&machine:Linux-[^,']*'$"
    with pytest.raises(SeveralMachines, match=named):
        CliRunner().invoke(scale.scale_command, arguments, catch_exceptions=False)


def test_what_cannot_be_scaled_is_told():
    runner = CliRunner()
    with pytest.raises(NothingToScale, match=r"no model has several numbers of workers in 0001.*: measure with"):
        runner.invoke(
            scale.scale_command, ["--results", str(RESULTS), "--stored", "python:3.11"], catch_exceptions=False
        )
    assert "name the workloads to scale" in runner.invoke(scale.scale_command, []).output
