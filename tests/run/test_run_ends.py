"""How `parabench run` ends: its exit status, what it says of foreign bytes and full disks, and what signals leave."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from user_project import PATIENCE_SECONDS, QUICK, Project, wait_for

from parabench.cli import cli
from parabench.cli._runs import INTERRUPTED
from parabench.errors import StoreNotWritable
from parabench.run.runner import make_turns
from parabench.run.state import TIME_FORMAT, Arm, Run
from parabench.session.turn import turns_of

WORK = "def mine(item):\n    return item\n"


@pytest.fixture
def repository(project: Project) -> Project:
    project.workload("mine", WORK)
    project.experiment()
    project.file(".gitignore", "results\n__pycache__\n.pytest_cache\nbegun\ngo-on\ntemporary\n")
    (project.root / "temporary").mkdir()
    return project


def git(project: Project, *arguments: str) -> str:
    who = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
    answer = subprocess.run(["git", *who, *arguments], cwd=project.root, check=True, capture_output=True, text=True)
    return answer.stdout.strip()


def committed_twice(project: Project) -> None:
    git(project, "init", "--quiet")
    for name in ("one", "two"):
        project.file("which", name)
        git(project, "add", "--all")
        git(project, "commit", "--quiet", "--message", name)


def parabench(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "parabench"), *arguments]
    return subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)


def a_run(results: Path, sessions: int = 1) -> Run:
    name = time.strftime(TIME_FORMAT)
    turns = turns_of(name, [""], sessions, random.Random(1))
    return Run(id=name, results=results, arms=[Arm(label="", python="")], turns=turns, pytest_arguments=[])


def test_revisions_with_failed_sessions_end_with_status_1(repository: Project) -> None:
    repository.file("benchmarks/test_never.py", "def test_never():\n    assert False\n")
    committed_twice(repository)
    result = parabench(repository, "run", "--rev", "HEAD~1", "--rev", "HEAD", "--sessions", "1", *QUICK)
    assert "2 sessions had failed cells" in result.stdout, result.stderr
    assert "HEAD against HEAD~1" in result.stdout
    assert result.returncode == 1


def test_a_session_that_is_found_stored_has_failed_if_a_cell_of_it_has(tmp_path: Path) -> None:
    run = a_run(tmp_path, sessions=2)
    (tmp_path / "machine").mkdir()
    for turn, failed in zip(run.turns, ([{"cell": "mine-sequential", "reason": "because"}], []), strict=True):
        stored = {"parabench": {"run": {"id": run.id, "turn": turn.turn}, "interrupted": False, "failed": failed}}
        (tmp_path / f"machine/{turn.turn + 1:04}_x.json").write_text(json.dumps(stored))
    make_turns(run, {"": tmp_path}, print)
    assert [done.exit_status for done in run.done] == [1, 0]


def test_bytes_that_are_no_text_do_not_break_a_run(repository: Project) -> None:
    repository.file("conftest.py", "import atexit, os\natexit.register(os.write, 1, b'\\xff')\n")
    result = parabench(repository, "run", "--sessions", "1", *QUICK)
    assert result.returncode == 0, result.stderr
    repository.file("benchmarks/conftest.py", "import os\nos.write(2, b'what \\xff is wrong')\nos._exit(3)\n")
    result = parabench(repository, "run", "--sessions", "1", *QUICK)
    assert result.returncode == 1
    assert "did not run to its end (exit status 3)" in result.stderr


def test_the_record_is_for_its_user_alone(tmp_path: Path) -> None:
    run = a_run(tmp_path / "results")
    run.save()
    run.save()
    assert stat.S_IMODE(run.path.stat().st_mode) == 0o600
    assert list(run.results.iterdir()) == [run.path]


def test_a_record_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreNotWritable, match="cannot write results into"):
        a_run(tmp_path / "file" / "results").save()

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    run = a_run(tmp_path / "results")
    with pytest.raises(StoreNotWritable, match="No space left on device"):
        run.save()
    assert list(run.results.iterdir()) == []


def test_the_command_says_so_without_a_traceback(repository: Project) -> None:
    repository.file("file", "")
    result = parabench(repository, "run", "--sessions", "1", "--results", "file/results")
    assert "Traceback" not in result.stderr
    assert "parabench: cannot write results into" in result.stderr
    assert result.returncode == 1


REVISIONS = ("--rev", "HEAD~1", "--rev", "HEAD", "--sessions", "1", "benchmarks/test_waits.py")
#: A session that says that it has begun, and ends when it is told to.
WAITS = """
import pathlib, signal, time

def test_waits():
    {first}
    here = pathlib.Path({folder!r})
    (here / "begun").write_text("yes\\n")
    while not (here / "go-on").exists():
        time.sleep(0.01)
"""


def started(
    project: Project, *arguments: str, first: str = "pass", under: tuple[str, ...] = ()
) -> subprocess.Popen[str]:
    """`parabench run` while its first session is under way; sessions have two seconds to end."""
    project.file("benchmarks/test_waits.py", WAITS.format(first=first, folder=str(project.root)))
    committed_twice(project)
    script = (
        "import parabench.run.runner as runner\nrunner.SECONDS_TO_END = 2.0\nfrom parabench.cli import main\nmain()\n"
    )
    run = subprocess.Popen(
        [*under, sys.executable, "-c", script, "run", *arguments],
        cwd=project.root,
        env=os.environ | {"TMPDIR": str(project.root / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(project.root / "begun", 1)
    return run


def assert_nothing_is_left(project: Project) -> None:
    assert project.processes_left() == []
    assert git(project, "worktree", "list").count("\n") == 0
    assert [path.name for path in (project.root / "temporary").glob("parabench-*")] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_asks_for_the_end_leaves_nothing(repository: Project, number: signal.Signals) -> None:
    run = started(repository, *REVISIONS)
    run.send_signal(number)
    out, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 130, out
    assert "2 of 2 sessions left: --resume goes on" in out
    assert_nothing_is_left(repository)


def test_a_second_one_does_not_leave_the_session_running(repository: Project) -> None:
    begun = str(repository.root / "begun")
    deaf = f"signal.signal(signal.SIGINT, lambda *_: pathlib.Path({begun!r}).open('a').write('told\\n'))"
    run = started(repository, *REVISIONS, first=deaf)
    run.send_signal(signal.SIGINT)
    wait_for(repository.root / "begun", 2)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        run.send_signal(number)
        time.sleep(0.05)
    out, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert_nothing_is_left(repository)
    assert run.returncode == 130, out


def test_under_nohup_a_closed_terminal_ends_nothing(repository: Project) -> None:
    run = started(repository, "--sessions", "1", *QUICK, under=("nohup",))
    run.send_signal(signal.SIGHUP)
    repository.file("go-on", "")
    out, _ = run.communicate(timeout=PATIENCE_SECONDS)
    assert run.returncode == 0, out


@pytest.mark.parametrize("verb", ["run", "calibrate", "scale"])
def test_verbs_that_may_be_stopped_document_the_status_of_that(verb: str) -> None:
    """All of them end with `make_or_exit`; the table in docs/cli.md is made of what their help says."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    assert f"{INTERRUPTED} interrupted" in (command.help or "")
