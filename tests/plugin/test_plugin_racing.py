"""`--budget` alone: passes until the winners are settled."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from user_project import Project, flat

#: A model's name is not known to a task, but whether it runs in the main thread of the cell is.
WORK = """
import threading, time
from parabench.workload import workload

@workload(items=[1, 2, 3, 4], kind="network")
def wait(item):
    time.sleep(0.01)
    return item
"""
EXPERIMENT = "import pytest\n\n@pytest.mark.network\ndef test_wait(cell):\n    cell.measure()\n"
MODELS = ("--models", "sequential,thread-pool,asyncio", "--workers", "4")


@pytest.fixture
def race(project: Project) -> Project:
    """A workload that threads win by far."""
    project.workload("some", WORK)
    project.file("benchmarks/test_wait.py", EXPERIMENT)
    return project


def passes_of(session: dict[str, object]) -> dict[str, list[int]]:
    """Numbers of the passes that visited each model."""
    infos = [b["extra_info"] for b in session["benchmarks"]]  # type: ignore[index, attr-defined]
    return {info["model"]: [visit["pass"] for visit in info["passes"]] for info in infos}


def test_losers_are_dropped_and_a_settled_session_ends_before_its_budget(race: Project) -> None:
    result = race.pytest("benchmarks", *MODELS, "--budget", "60", "--seed", "1")
    result.assert_outcomes(passed=3)
    passes = passes_of(race.stored())
    assert 2 <= len(passes["asyncio"]) <= len(passes["thread-pool"]), "a blocked loop takes four times as long"
    ours = race.stored()["parabench"]
    assert ours["options"]["race"] is True
    assert ours["options"]["passes"] is None, "only the budget limits them"
    [answer] = ours["answers"]
    assert answer["use"] == {"family": "threads", "model": "thread-pool", "workers": 4, "chunk": "1"}
    assert answer["settled"] is True
    assert answer["equals"] == []
    assert 2 < answer["low"] < answer["speedup"] < answer["high"] < 8
    assert ours["seconds"]["total"] < 60
    parts = {key: value for key, value in ours["seconds"].items() if key != "total"}
    assert sum(parts.values()) == pytest.approx(ours["seconds"]["total"])
    assert min(parts.values()) >= 0


def test_without_a_number_of_passes_it_is_a_race_in_which_workers_take_part(race: Project) -> None:
    race.workload("more", WORK.replace("[1, 2, 3, 4]", "list(range(40))").replace("def wait", "def more"))
    race.pytest("benchmarks", "--models", "thread-pool", "--workloads", "more", "--seed", "1", "--budget", "20")
    stored = race.stored()
    cells = {b["name"].partition("[")[2].rstrip("]"): b["extra_info"] for b in stored["benchmarks"]}
    assert {"more-sequential", "more-thread-pool", "more-thread-pool-w32"} <= cells.keys()
    assert cells["more-thread-pool"]["workers"] == 4
    assert len(cells["more-thread-pool"]["passes"]) >= 2, "the default cell is there to be compared"
    [answer] = stored["parabench"]["answers"]
    assert answer["use"]["workers"] == 32


def test_a_number_of_passes_is_kept_to(race: Project) -> None:
    race.pytest("benchmarks", *MODELS, "--budget", "60", "--passes", "2")
    assert set(map(tuple, passes_of(race.stored()).values())) == {(0, 1)}
    assert race.stored()["parabench"]["options"]["race"] is False


def test_a_killed_race_goes_on_where_it_was(race: Project) -> None:
    command = [sys.executable, "-m", "pytest", "benchmarks", *MODELS, "--budget", "60", "--seed", "1"]
    with subprocess.Popen(command, cwd=race.root, stdout=subprocess.DEVNULL) as started:
        while started.poll() is None:
            journals = list(race.root.glob("results/*/.session-*.journal"))
            if journals and journals[0].read_bytes().count(b'"visit"') >= 4:
                started.send_signal(signal.SIGKILL)
                break
            time.sleep(0.005)
    recorded = [json.loads(line) for line in journals[0].read_text().splitlines()[1:-1]]
    race.pytest("benchmarks", "--resume").assert_outcomes(passed=3)
    passes = passes_of(race.stored())
    assert len(passes["thread-pool"]) >= 2
    for line in (one for one in recorded if "visit" in one):  # others tell of what a check before measuring found
        model = line["cell"].removeprefix("wait-").removesuffix("-w4")
        assert line["visit"]["pass_number"] in passes[model]


def test_items_that_cannot_be_made_fail_their_cells_and_say_why(race: Project) -> None:
    """A race asks how many tasks there are before anything runs: that must neither end it nor hide the error."""
    race.workload("broken", WORK.replace("[1, 2, 3, 4]", "lambda size: [][7]").replace("def wait", "def broken"))
    result = race.pytest("benchmarks", "--models", "thread-pool", "--workloads", "broken", "--budget", "5")
    assert result.parseoutcomes()["failed"] == 2
    said = flat(result.stdout.str())
    assert "broken-sequential, broken-thread-pool (2 cells): IndexError" in said
    assert [failed["workload"] for failed in race.stored()["parabench"]["failed"]] == ["broken", "broken"]


@pytest.mark.slow
def test_earlier_sessions_make_the_interval_one_of_the_machine(race: Project) -> None:
    for sessions in range(5):
        result = race.pytest("benchmarks", "--models", "thread-pool", "--passes", "2", "--rounds", "1")
        [answer] = race.stored()["parabench"]["answers"]
        assert answer["about"] == ("the machine" if sessions > 3 else "this session"), sessions
        assert answer["low"] < answer["speedup"] < answer["high"]
    assert "it is about this machine: earlier sessions tell" in flat(result.stdout.str())
