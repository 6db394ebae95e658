"""What was measured is kept, and kept once, whatever goes wrong while a session ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from test_plugin_resume import SLOW, journals, lines_of, recover, stop_after
from user_project import QUICK, Project, flat

MINE = "def mine(item):\n    return item * 2\n"
#: The service of these workloads has the settings that the law needs.
SERVED = """
import contextlib
from parabench.workload import Limit, workload

@contextlib.contextmanager
def pages(options):
    yield {"page_size": 3}

def law(case):
    return Limit(1e-9 * case.settings["page_size"], "a page takes so long")

@workload(items=[1, 2], kind="custom", service=pages, limit=law)
def served(item):
    return item
"""
NO_END = SERVED.replace('yield {"page_size": 3}', 'yield {"page_size": 3}\n    raise RuntimeError("it will not end")')
RAISING_HOOK = """
def pytest_benchmark_update_json(config, benchmarks, output_json):
    raise RuntimeError("no such field")
"""
#: From the first call on, a file is where the URL of the results leads.
IN_THE_WAY = """
import shutil
from pathlib import Path

SHARED = Path(__file__).parent.parent / "shared"

def mine(item):
    if SHARED.is_dir():
        shutil.rmtree(SHARED)
    SHARED.touch()
    return item
"""


@pytest.fixture
def one(project: Project) -> Project:
    """One plain workload and its experiment."""
    project.workload("mine", MINE)
    project.experiment()
    return project


@pytest.fixture
def slow(project: Project) -> Project:
    """A workload of some tens of milliseconds and its experiment."""
    project.workload("mine", SLOW)
    project.experiment()
    return project


def said_by(result: pytest.RunResult) -> str:
    said = flat(result.stdout.str() + result.stderr.str())
    assert "INTERNALERROR" not in said
    assert "Traceback" not in said
    return said


def visits_in(path: Path) -> int:
    return sum("visit" in line for line in lines_of(path))


def test_an_error_while_storing_keeps_the_journal_and_resume_stores_it(one: Project) -> None:
    hook = one.file("conftest.py", RAISING_HOOK)
    result = one.pytest("benchmarks", *QUICK)
    said = said_by(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the session could not be stored: RuntimeError: no such field" in said
    assert "--resume" in said
    (journal,) = journals(one)
    assert visits_in(journal) == 2
    assert one.sessions() == []
    hook.unlink()
    one.pytest("benchmarks", "--resume").assert_outcomes(passed=2)
    assert one.stored()["parabench"]["interrupted"] is False
    assert journals(one) == []


def test_a_law_that_raises_costs_its_limit_only(project: Project) -> None:
    project.workload("served", SERVED.replace('"page_size"]', '"no such"]'))
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    said_by(result)
    assert result.ret == pytest.ExitCode.OK
    about = project.cells()["served-thread-pool"]["extra_info"]
    assert about["ideal_seconds_per_round"] is None
    assert about["ideal_reason"] == "its law raised KeyError: 'no such'"
    assert journals(project) == []


def test_a_session_that_is_only_replayed_has_no_service_to_ask_for_limits(project: Project) -> None:
    project.workload("served", SERVED)
    project.experiment()
    hook = project.file("conftest.py", RAISING_HOOK)
    project.pytest("benchmarks", *QUICK)
    hook.unlink()
    result = project.pytest("benchmarks", "--resume")
    said_by(result)
    assert result.ret == pytest.ExitCode.OK
    about = project.cells()["served-thread-pool"]["extra_info"]
    assert about["ideal_seconds_per_round"] is None
    assert about["ideal_reason"] == "its service did not run in this part of a resumed session"


def test_what_is_recorded_is_stored_although_the_budget_is_used_up(slow: Project) -> None:
    stop_after(slow, 7, signal.SIGKILL, "--passes", "6", "--budget", "600", "--seed", "3")
    (journal,) = journals(slow)
    *lines, last = [line for line in journal.read_bytes().splitlines(keepends=True) if line.endswith(b"}\n")]
    spent = {**json.loads(last), "seconds": 1000.0}
    journal.write_bytes(b"".join([*lines, json.dumps(spent).encode(), b"\n"]))
    recorded = [line for line in lines_of(journal) if "visit" in line]
    slow.pytest("benchmarks", "--resume").assert_outcomes(passed=3)
    data = {cell: benchmark["stats"]["data"] for cell, benchmark in slow.cells().items()}
    for line in recorded:
        assert data[line["cell"]][line["visit"]["pass_number"]] == line["visit"]["seconds_per_round"][0]
    begun = max(line["visit"]["pass_number"] for line in recorded) + 1
    assert {len(rounds) for rounds in data.values()} == {begun}, "what has begun is finished, and no more"
    assert slow.stored()["parabench"]["interrupted"] is False
    assert journals(slow) == []


def test_a_session_that_cannot_be_sent_is_kept_once(one: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    monkeypatch.setenv("XDG_CACHE_HOME", str(one.root / "cache"))
    one.workload("mine", IN_THE_WAY)
    result = one.pytest("benchmarks", *QUICK, f"--results=file://{one.root}/shared/results")
    said = said_by(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "and sent when the URL is used next" in said
    (kept,) = (one.root / "cache").rglob("0001_*.json")
    assert json.loads(kept.read_text())["parabench"]["interrupted"] is False
    assert [*(one.root / "cache").rglob(".session-*.journal")] == [], "all of it is in the file"


@pytest.mark.slow
def test_a_session_that_is_interrupted_twice_has_one_file(slow: Project) -> None:
    stop_after(slow, 3, signal.SIGINT, "--passes", "300", "--seed", "3")
    (first,) = slow.sessions()
    (journal,) = journals(slow)
    stop_after(slow, visits_in(journal) + 3, signal.SIGINT, "--passes", "300", "--seed", "3", "--resume")
    (second,) = slow.sessions()
    assert first != second
    assert sum(len(cell["stats"]["data"]) for cell in slow.cells().values()) == visits_in(journal)
    assert recover(slow).returncode == 0
    assert slow.sessions() == [second]
    assert journals(slow) == []


def test_a_service_that_raises_at_its_end_is_told_in_a_sentence(project: Project) -> None:
    project.workload("served", NO_END)
    project.experiment()
    result = project.pytest("benchmarks", *QUICK)
    said = said_by(result)
    assert "did not end as it should: RuntimeError: it will not end" in said
    assert "Stored as results/" in said
    assert len(project.sessions()) == 1
    assert journals(project) == []
    assert project.processes_left() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_scratch_folder_that_takes_no_files_is_refused(one: Project) -> None:
    (one.root / "readable").mkdir(mode=0o500)
    result = one.pytest("benchmarks", *QUICK, "--scratch", "readable")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--scratch 'readable' cannot be used: expected a folder that takes files" in said_by(result)


def test_a_scratch_folder_that_is_not_there_is_refused(one: Project) -> None:
    result = one.pytest("benchmarks", *QUICK, "--scratch", "nowhere")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--scratch 'nowhere' cannot be used: expected a folder that takes files" in said_by(result)
    assert one.processes_left() == []


def test_a_relative_scratch_folder_is_taken_from_the_root(one: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (one.root / "kept").mkdir()
    text = "from pathlib import Path\nfrom parabench.workload import workload\nimport os\n\n"
    text += "def mine(item):\n    return os.environ['PARABENCH_SCRATCH'].rpartition('/')[0]\n"
    one.workload("mine", text)
    shutil.copytree(one.root / "benchmarks", one.root / "elsewhere")
    monkeypatch.chdir(one.root / "elsewhere")
    one.pytest(one.root / "benchmarks", *QUICK, "--scratch", "kept").assert_outcomes(passed=2)
    assert [*(one.root / "kept").iterdir()] == []
