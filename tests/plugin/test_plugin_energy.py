"""Energy in the stored file: measured where the machine offers it, estimated on request, kept by the journal."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from user_project import Project

from parabench.history.reader import read_session

ONE = ("benchmarks", "--models", "sequential", "--passes", "1", "--rounds", "1")
SLOW = "import time\ndef mine(item):\n    time.sleep(0.005)\n    return item\n"


@pytest.fixture
def one(project: Project) -> Project:
    """A workload of some milliseconds a task and its experiment."""
    project.workload("mine", SLOW)
    project.experiment()
    return project


def journal_of_a_killed_session(project: Project) -> Path:
    """Kill a session of six passes with at least two visits in its journal."""
    command = [sys.executable, "-m", "pytest", "benchmarks", "--models", "sequential", "--passes", "6", "--rounds", "1"]
    process = subprocess.Popen(command, cwd=project.root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        if any(path.read_bytes().count(b'"visit"') >= 2 for path in project.root.glob("results/*/.session-*.journal")):
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    process.wait()
    (journal,) = project.root.glob("results/*/.session-*.journal")
    return journal


def rewrite(journal: Path, change: Any) -> None:
    """Change every visit of a journal, and whatever else `change` touches in its lines."""
    lines = [json.loads(line) for line in journal.read_bytes().splitlines() if line.endswith(b"}")]
    for line in lines:
        change(line)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_energy_is_known_or_has_a_reason_and_is_not_estimated_unasked(one: Project) -> None:
    one.pytest(*ONE).assert_outcomes(passed=1)
    told = one.cells()["mine-sequential"]["extra_info"]
    assert (told["joules_per_round"] is None) == (told["joules_reason"] is not None)
    assert told["joules_estimated"] is None
    assert one.stored()["parabench"]["options"]["watts_per_core"] is None
    (benchmark,) = read_session(one.sessions()[-1]).benchmarks
    if told["joules_per_round"] is None:
        assert benchmark.reasons["joules_per_round"] == told["joules_reason"]


def test_an_estimate_is_cpu_seconds_times_watts(one: Project) -> None:
    one.pytest(*ONE, "--watts-per-core", "4.5").assert_outcomes(passed=1)
    told = one.cells()["mine-sequential"]["extra_info"]
    assert told["joules_estimated"] == pytest.approx(told["seconds_cpu"] * 4.5)
    assert told["joules_estimated"] > 0
    assert one.stored()["parabench"]["options"]["watts_per_core"] == 4.5


def test_a_resumed_session_keeps_the_energy_of_its_first_visits(one: Project) -> None:
    def had_counters(line: dict[str, Any]) -> None:
        if "visit" in line:
            line["visit"].update(joules=7.5, joules_reason=None)

    journal = journal_of_a_killed_session(one)
    rewrite(journal, had_counters)
    one.pytest("benchmarks", "--resume").assert_outcomes(passed=1)
    told = one.cells()["mine-sequential"]["extra_info"]
    assert told["joules_per_round"] is not None
    if told["joules_per_round"] != 7.5:  # a machine with counters of its own measured the later visits
        assert told["joules_per_round"] > 0
    assert told["joules_reason"] is None


@pytest.mark.parametrize("how", ["resume", "recover"])
def test_a_journal_of_an_earlier_version_is_gone_on_with(one: Project, how: str) -> None:
    def earlier(line: dict[str, Any]) -> None:
        if "visit" in line:
            assert {"joules", "joules_reason"} <= line["visit"].keys()
            del line["visit"]["joules"], line["visit"]["joules_reason"]
            pair = ("gil_enabled_at_start", "gil_enabled_at_end")
            line["visit"]["gil_enabled"] = [line["visit"].pop(name) for name in pair]
        if "options" in line:
            del line["options"]["watts_per_core"]

    journal = journal_of_a_killed_session(one)
    rewrite(journal, earlier)
    if how == "resume":
        one.pytest("benchmarks", "--resume").assert_outcomes(passed=1)
    else:
        recover = [str(Path(sys.executable).with_name("parabench")), "recover"]
        subprocess.run(recover, cwd=one.root, capture_output=True, check=True)
        told = one.cells()["mine-sequential"]["extra_info"]
        assert told["joules_per_round"] is None
        assert told["joules_reason"] == "it was measured by a version that did not read energy"
    assert len(one.sessions()) == 1
    assert list(one.root.glob("results/*/.session-*.journal")) == []
