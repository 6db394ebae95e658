"""Whatever ends a session: what was measured is kept, and no process is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from user_project import Project, flat, wait_for

#: Each call leaves a line; some hundreds of them mean that some cells are done and many are not.
SLOW = """
import time
from pathlib import Path

def slow(item):
    with (Path(__file__).parent / "calls").open("a") as log:
        log.write("x\\n")
    time.sleep(0.005)
    return item
"""
#: A file where the results folder was, from the first call on.
IN_THE_WAY = """
import shutil
from pathlib import Path

RESULTS = Path(__file__).parent.parent / "results"

def mine(item):
    if RESULTS.is_dir():
        shutil.rmtree(RESULTS)
    RESULTS.touch()
    return item
"""
MODELS = "sequential,thread-pool,process-pool-fork,process-pool-spawn,asyncio"


@pytest.fixture
def midway(project: Project) -> Callable[..., subprocess.Popen[str]]:
    """Start a session that takes minutes and return when some cells are measured."""

    def start(*args: str) -> subprocess.Popen[str]:
        project.workload("slow", SLOW)
        project.experiment()
        started = project.start("benchmarks", "--models", MODELS, "--passes", "200", "--rounds", "1", *args)
        wait_for(project.root / "workloads" / "calls", lines=400)
        return started

    return start


@pytest.mark.parametrize("whom", ["the whole group, as a terminal does", "pytest alone"])
def test_ctrl_c_keeps_what_was_measured_and_says_so(project: Project, midway, whom: str) -> None:
    started = midway()
    (os.kill if whom == "pytest alone" else os.killpg)(started.pid, signal.SIGINT)
    output, _ = started.communicate(timeout=60)
    assert started.returncode == pytest.ExitCode.INTERRUPTED, output
    assert "KeyboardInterrupt" in output
    assert "Stored as results/" in output
    assert "INTERNALERROR" not in output
    assert project.processes_left() == []
    assert project.stored()["parabench"]["interrupted"] is True
    assert 0 < len(project.cells()) <= len(MODELS.split(","))
    assert all(cell["stats"]["data"] for cell in project.cells().values())


#: Ctrl-C while a visit is being written, after its rounds and before its record.
WHILE_WRITING = """
import os, signal
from parabench.history.journal import Journal

append, seen = Journal.append, []

def interrupted(self, line):
    append(self, line)
    if "visit" in line:
        seen.append(line)
        if len(seen) == 4:
            os.kill(os.getpid(), signal.SIGINT)

Journal.append = interrupted
"""


def test_ctrl_c_while_a_visit_is_written_leaves_journal_and_file_with_the_same_visits(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    project.file("conftest.py", WHILE_WRITING)
    project.pytest("benchmarks", "--models", "sequential,thread-pool,asyncio", "--passes", "3", "--rounds", "2")
    assert project.stored()["parabench"]["interrupted"] is True
    (journal,) = project.root.glob("results/*/.session-*.journal")
    lines = [json.loads(line) for line in journal.read_bytes().splitlines()]
    written = {(line["cell"], line["visit"]["pass_number"]) for line in lines if "visit" in line}
    stored = {(name, visit["pass"]) for name, cell in project.cells().items() for visit in cell["extra_info"]["passes"]}
    assert stored == written
    assert len(stored) == 4
    for cell in project.cells().values():
        assert len(cell["stats"]["data"]) == sum(visit["rounds"] for visit in cell["extra_info"]["passes"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_killed_session_leaves_no_process(project: Project, midway, number: signal.Signals) -> None:
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip(f"{number.name} is ignored here (nohup), and children inherit that")
    started = midway()
    started.send_signal(number)
    started.communicate(timeout=60)
    assert project.processes_left() == []


def test_results_that_cannot_be_written_any_more_are_kept_elsewhere_and_fail_the_run(project: Project) -> None:
    project.workload("mine", IN_THE_WAY)
    project.experiment()
    result = project.pytest("benchmarks", "--models", "sequential", "--passes", "1", "--rounds", "2")
    said = flat(result.stdout.str())
    assert "cannot write results into" in said
    kept = Path(re.search(r"what was measured is kept in (\S+)", said)[1])
    content = json.loads(kept.read_text())
    kept.unlink()
    assert len(content["benchmarks"]) == 1
    assert "nothing was measured" not in said
    assert result.ret != pytest.ExitCode.OK


def test_a_finished_session_leaves_no_process_and_no_file_but_its_own(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    project.experiment()
    models = "sequential,thread-pool,process-pool-fork,process-pool-forkserver,process-pool-spawn,mp-pool,joblib-loky"
    before = {path for path in project.root.rglob("*") if path.is_file()}
    result = project.pytest("benchmarks", "--models", models, "--passes", "1", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.OK
    assert project.processes_left() == []
    new = {path for path in project.root.rglob("*") if path.is_file() and path.suffix != ".pyc"} - before
    assert sorted(path for path in new if path.name not in ("stdout", "stderr")) == project.sessions()  # pytester's own


def test_a_killed_session_leaves_no_files(project: Project, midway) -> None:
    started = midway("--scratch", str(project.root))
    assert list(project.root.glob("parabench-*"))
    started.send_signal(signal.SIGKILL)
    started.communicate(timeout=60)
    assert project.processes_left() == []
    assert list(project.root.glob("parabench-*")) == []


@pytest.mark.parametrize("pauses", [(0.0, 0.0), (0.02, 0.1), (0.1, 0.05), (0.3, 0.2)])
def test_more_than_one_ctrl_c_never_makes_a_part_a_whole(project: Project, midway, pauses: tuple[float, ...]) -> None:
    started = midway()
    os.killpg(started.pid, signal.SIGINT)
    for pause in pauses:
        time.sleep(pause)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGINT)
    output, _ = started.communicate(timeout=60)
    assert project.processes_left() == []
    (journal,) = project.root.glob("results/*/.session-*.journal")
    visits = journal.read_text().count('"visit"')
    assert visits > 0
    assert "INTERNALERROR" not in output
    # The last one may come when all is stored and the interpreter is about to end.
    assert started.returncode in (pytest.ExitCode.INTERRUPTED, -signal.SIGINT), output
    assert project.stored()["parabench"]["interrupted"] is True
    assert sum(len(cell["stats"]["data"]) for cell in project.cells().values()) == visits


def test_a_session_that_stops_at_its_first_failure_is_not_whole(project: Project) -> None:
    project.workload("bad", "def bad(item):\n    raise ValueError('no')\n")
    project.workload("good", "def good(item):\n    return item\n")
    project.experiment()
    project.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "4", "--rounds", "1", "-x")
    assert len(list(project.root.glob("results/*/.session-*.journal"))) == 1
    assert project.stored()["parabench"]["interrupted"] is True


def test_a_test_that_skips_its_cell_leaves_nothing_to_go_on_with(project: Project) -> None:
    project.workload("mine", "def mine(item):\n    return item\n")
    text = "import pytest\n\n\n@pytest.mark.custom\ndef test_custom(cell, request):\n"
    text += "    if 'thread' in request.node.name:\n        pytest.skip('not today')\n    cell.measure()\n"
    project.file("benchmarks/test_custom.py", text)
    project.pytest("benchmarks", "--models", "sequential,thread-pool", "--passes", "2", "--rounds", "1")
    assert list(project.root.glob("results/*/.session-*.journal")) == []
    assert project.stored()["parabench"]["interrupted"] is False
