"""`parabench run` and `parabench compare` in a user's repository."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from user_project import Project, flat

from parabench.run.runner import session_arguments
from parabench.run.state import Run
from parabench.session.turn import turns_of

WORK = """
from parabench.workload import workload

@workload(items=[1, 2], kind="cpu")
def spin(item):
    return sum(range(1000))
"""
EXPERIMENT = "import pytest\n\n@pytest.mark.cpu\ndef test_cpu(cell):\n    cell.measure()\n"
QUICK = ("--models", "sequential,thread-pool", "--passes", "1", "--rounds", "1")


@pytest.fixture
def repository(project: Project) -> Project:
    project.workload("some", WORK)
    project.file("benchmarks/test_cpu.py", EXPERIMENT)
    project.file(".gitignore", "results\n__pycache__\n.pytest_cache\n")
    git(project, "init", "--quiet")
    commit(project, "one")
    return project


def git(project: Project, *arguments: str) -> str:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    answer = subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def commit(project: Project, message: str) -> str:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", message)
    return git(project, "rev-parse", "HEAD")


def parabench(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "parabench"), *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


def stored(project: Project) -> list[dict]:
    return [json.loads(path.read_text()) for path in project.sessions()]


@pytest.mark.parametrize(
    ("short", "ini", "folder"),
    [(True, "parabench_short_options = true", ""), (False, "", ""), (True, "", "parabench/plugin")],
)
def test_sessions_are_told_options_by_names_that_their_project_knows(
    tmp_path: Path, short: bool, ini: str, folder: str
) -> None:
    """Revisions of parabench itself that are older than the long names know the short ones only."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{ini}\n")
    (turn,) = turns_of("id", [""], 1, random.Random(1))
    run = Run(id="id", results=tmp_path / "r", arms=[], turns=[turn], pytest_arguments=["--models", "a", "-k", "x"])
    prefix = "--" if short else "--parabench-"
    models = ["--models", "a"] if short else ["--parabench-models=a"]
    assert session_arguments(turn, run, tmp_path) == [
        *(str(tmp_path / "benchmarks"), f"{prefix}seed={turn.seed}", f"{prefix}results={tmp_path / 'r'}"),
        *(f"{prefix}passes=2", *models, "-k", "x"),
    ]


@pytest.mark.parametrize(
    ("arguments", "ini", "environment", "passes"),
    [
        (("--models", "a"), "", "", ["--passes=2"]),
        (("--passes", "5"), "", "", ["--passes"]),
        (("--parabench-passes=5",), "", "", ["--parabench-passes=5"]),
        (("--budget", "60"), "", "", []),
        ((), "parabench_passes = 5", "", []),
        ((), "parabench_budget = 60", "", []),
        ((), "addopts = -q --passes=5", "", []),
        ((), "", "--parabench-budget 60", []),
    ],
)
def test_sessions_of_a_run_are_plain_unless_somebody_says_how_often(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    ini: str,
    environment: str,
    passes: list[str],
) -> None:
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nparabench_short_options = true\n{ini}\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", environment)
    (turn,) = turns_of("id", [""], 1, random.Random(1))
    run = Run(id="id", results=tmp_path / "r", arms=[], turns=[turn], pytest_arguments=list(arguments))
    told = session_arguments(turn, run, tmp_path)
    assert [argument for argument in told if "passes" in argument] == passes


def test_a_run_races_nothing(repository: Project) -> None:
    """Cells of sessions that are to be compared are all visited, and equally often."""
    result = parabench(repository, "run", "--sessions", "1", "--models", "sequential,thread-pool", "--rounds", "1")
    assert result.returncode == 0, result.stderr
    [session] = stored(repository)
    options = session["parabench"]["options"]
    assert (options["race"], options["passes"]) == (False, 2)
    visits = [len(cell["extra_info"]["passes"]) for cell in session["benchmarks"]]
    assert visits == [2, 2]


def test_replicates_vary_what_users_vary_and_say_so(repository: Project) -> None:
    result = parabench(repository, "run", "--sessions", "3", "--tag", "before", *QUICK)
    assert result.returncode == 0, result.stderr
    sessions = stored(repository)
    runs = [session["parabench"]["run"] for session in sessions]
    assert [run["turn"] for run in runs] == [0, 1, 2]
    for varied in ("hash_seed", "environment_bytes", "directory_characters", "seed"):
        assert len({run[varied] for run in runs}) > 1, varied
    assert {session["parabench"]["options"]["seed"] for session in sessions} == {run["seed"] for run in runs}
    assert all(session["parabench"]["tags"] == ["before"] for session in sessions)
    assert "[3/3] session (about" in result.stderr
    assert "3 sessions, 0001, 0002, 0003" in result.stdout
    assert list(repository.root.glob("results/run-*")) == [], "nothing is left to resume"
    compared = parabench(repository, "compare", "1-2", "3", "--format", "json")
    assert compared.returncode == 0
    cells = json.loads(compared.stdout)["cells"]
    assert [(cell["verdict"], cell["sessions_base"], cell["sessions_new"]) for cell in cells] == [("unsure", 2, 1)] * 2
    assert {cell["order"] for cell in cells} == {"one after the other"}
    assert {(cell["sessions_needed"], cell["promise"]) for cell in cells} == {(None, None)}, "nothing is known yet"
    assert all("`parabench run --rev A --rev B` would decide" in cell["reason"] for cell in cells)


@pytest.mark.slow
def test_revisions_alternate_in_work_trees_of_their_own(repository: Project) -> None:
    old = git(repository, "rev-parse", "HEAD")
    repository.workload("some", WORK.replace("range(1000)", "range(400_000)"))
    new = commit(repository, "much slower")
    repository.workload("some", WORK.replace("range(1000)", "nothing"))  # not committed, so not measured
    one_cell = ("--models", "sequential", "--passes", "1", "--rounds", "1")
    result = parabench(repository, "run", "--rev", "HEAD~1", "--rev", "HEAD", "--sessions", "5", *one_cell)
    assert result.returncode == 1, "something is slower"
    assert "HEAD against HEAD~1" in result.stdout
    assert "slower" in result.stdout.split("HEAD against HEAD~1")[1]
    sessions = stored(repository)
    commits = [session["commit_info"]["id"] for session in sessions]
    assert sorted(commits) == sorted([old, new] * 5)
    assert all(set(commits[n : n + 2]) == {old, new} for n in range(0, 10, 2)), "one of each in every block"
    assert git(repository, "worktree", "list").count("\n") == 0


def test_a_run_that_was_stopped_goes_on(repository: Project) -> None:
    command = [str(Path(sys.executable).parent / "parabench"), "run", "--sessions", "4", *QUICK]
    started = subprocess.Popen(command, cwd=repository.root, stdout=subprocess.PIPE, text=True)
    while len(repository.sessions()) < 2 and started.poll() is None:
        time.sleep(0.01)
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=60)
    assert started.returncode == 130
    assert "sessions left: --resume goes on" in flat(out)
    assert repository.processes_left() == []
    result = parabench(repository, "run", "--resume")
    assert result.returncode == 0, result.stderr
    whole = [s for s in stored(repository) if not s["parabench"]["interrupted"]]
    assert [session["parabench"]["run"]["turn"] for session in whole] == [0, 1, 2, 3]
    assert len({session["parabench"]["run"]["id"] for session in whole}) == 1
    assert parabench(repository, "run", "--resume").returncode == 2, "nothing is left"


def test_a_session_that_does_not_run_says_why_and_can_be_mended(repository: Project) -> None:
    result = parabench(repository, "run", "--sessions", "2", "--models", "threds")
    assert result.returncode == 1
    assert "session 1 did not run to its end (exit status 4)" in result.stderr
    assert "no model matches 'threds'" in result.stderr
    assert "parabench run --resume" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("run", "--rev", "HEAD"), "give it twice"),
        (("run", "--rev", "HEAD", "--rev", "nowhere"), "it knows no such commit"),
        (("run", "--resume"), "there is no unfinished run"),
        (("compare", "1", "2"), "run parabench bench first"),
        (("compare", "1", "2", "--across", "time"), "--across 'time' is none of fingerprint, source, circumstances"),
        (("compare", "1", "2", "--threshold", "5x"), "'5x' is no share"),
    ],
)
def test_usage_errors_end_with_status_2(repository: Project, arguments: tuple[str, ...], told: str) -> None:
    result = parabench(repository, *arguments)
    assert result.returncode == 2
    assert told in flat(result.stderr)


def test_sessions_of_other_projects_are_compared_too(project: Project) -> None:
    """Stock pytest-benchmark files, without anything of ours."""
    project.file("test_sum.py", "def test_sum(benchmark):\n    benchmark(sum, range(100))\n")
    for _ in range(2):
        project.pytest("test_sum.py", "--benchmark-autosave", "--benchmark-storage", "file://./theirs")
    result = parabench(project, "compare", "1", "2", "--results", "theirs")
    assert result.returncode == 0, result.stderr
    assert "test_sum" in result.stdout
    assert "1 unsure" in result.stdout
    [file] = project.root.glob("theirs/*/0001_*.json")
    alone = parabench(project, "compare", os.fspath(file), "latest", "--results", "theirs")
    assert "1 unsure" in alone.stdout


def test_a_calibration_is_stored_and_warns_of_thresholds_below_it(repository: Project) -> None:
    result = parabench(repository, "calibrate", "--sessions", "4", *QUICK)
    assert result.returncode == 0, result.stderr
    assert "n = 4 sessions of 2 cells, nothing changed" in flat(result.stdout)
    assert "No drift found" in flat(result.stdout)
    assert "first half, second half" in result.stdout
    [file] = repository.root.glob("results/*/calibration.json")
    told = json.loads(file.read_text())
    assert told["kinds"]["cpu"]["cells"] == 2
    told["kinds"]["cpu"]["detectable"] = 0.2
    told["drift"] |= {"is_found": True, "slow": 0.03}
    file.write_text(json.dumps(told))
    low = parabench(repository, "compare", "1-2", "3-4")
    assert "the threshold of 5% is below what 2 sessions a side can see on this machine" in flat(low.stdout)
    assert "this machine drifted by 3.0% while it was calibrated" in flat(low.stdout)
    high = parabench(repository, "compare", "1-2", "3-4", "--threshold", "25%")
    assert "below what" not in high.stdout
    assert len(repository.sessions()) == 4, "its sessions are stored like any other"
    file.write_text("{")
    assert parabench(repository, "compare", "1-2", "3-4").returncode == 0, "a damaged calibration costs its note only"
