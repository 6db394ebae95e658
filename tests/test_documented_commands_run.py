"""Command lines of README and docs are run as they stand, in a project with stored sessions.

Those that measure are run as far as their cells are known (`--collect-only`): their options and names fit together.
Advice gets two seconds. What is left is listed with the test that covers it.
"""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_documented_commands import ADDED, ROOT, commands

pytestmark = pytest.mark.slow

SECONDS_AT_MOST = 120
#: Pattern of command lines that are not run: why, and the test that covers them instead.
NOT_RUN = {
    "*[[]OPTIONS]*": ("a usage line", "tests/test_documented_commands.py"),
    "parabench ": ("the name of the program alone", "tests/test_documented_commands.py"),
    f"parabench {ADDED}": ("a verb that docs/extending.md adds", "tests/test_extending.py"),
    "*s3://*": ("needs a server of that kind", "tests/history/test_remote.py"),
    "*--serve": ("serves until Ctrl-C", "tests/report/test_page_forms.py"),
    "*--format svg*": ("needs the extra pictures", "tests/report/test_page_forms.py"),
    "parabench calibrate*": ("many sessions", "tests/analyse/test_calibration.py"),
    "parabench run *": ("many sessions", "tests/cli/test_run.py"),
    "parabench scale *": (
        "many sessions, or stored ones with many numbers of workers",
        "tests/explain/test_scaling.py",
    ),
    "parabench worker *": ("runs until Ctrl-C", "tests/queues/test_admission.py"),
    "pytest * --resume": ("needs a session that was killed", "tests/plugin/test_plugin_resume.py"),
    "parabench * 3.13*": ("needs sessions of that interpreter", "tests/cli/test_run_interpreters.py"),
    "* --models sequential,thread-halves": ("a model that docs/extending.md adds", "tests/test_extending.py"),
    "pytest tests *": ("the project's own tests", ".ci/run"),
    "pytest *::*": ("a cell by its name, as pytest prints it", "tests/plugin/test_plugin_cells.py"),
    "make *": ("both commands from a fresh clone", ".ci/fresh_clones"),
}
#: What is appended to those that would take long.
SHORTENED = {
    "parabench advise *": ["--budget", "2"],
    "parabench bench *": ["--collect-only", "-q"],
    "pytest *": ["--collect-only", "-q"],
}
#: Exit statuses besides 0, where what they say is not about the command.
ALLOWED = {"parabench doctor": 1}  # this machine may be busy
#: What a page says beforehand.
EXPORTED = {"PARABENCH_BROKER": "redis://:PASSWORD@10.0.0.1:6379/0"}
LINES = [f"{program} {line}" for program in ("parabench", "pytest", "make") for line in commands(program)]
JOBS = """
import zlib


def resize(item):
    return len(zlib.compress(bytes(item % 7 for _ in range(5_000))))


def fetch_invoice(item):
    return item
"""
OWN = """
def {name}(item):
    return item
"""


def pattern_of(line: str, patterns: dict[str, object]) -> str | None:
    return next((pattern for pattern in patterns if fnmatch.fnmatchcase(line, pattern)), None)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This project's work with functions of its own, two commits, and seventeen sessions of this interpreter."""
    folder = tmp_path_factory.mktemp("documented") / "project"
    for name in ("benchmarks", "workloads"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "jobs.py").write_text(JOBS)
    (folder / "mypackage").mkdir()
    (folder / "mypackage" / "jobs.py").write_text(JOBS)
    (folder / "invoices.json").write_text("[1, 2, 3, 4]")
    for name in ("mine", "repositories", "count_letters"):
        (folder / "workloads" / f"{name}.py").write_text(OWN.format(name=name))
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder)
    (stored,) = measured(folder, "before")
    git(folder, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(folder, "checkout", "--quiet", "-b", "change")
    commit(folder)
    copies(stored, 2, 16)
    measured(folder, "after")
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, timeout=SECONDS_AT_MOST)


def commit(folder: Path) -> None:
    (folder / ".gitignore").write_text("results\n")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "work")


def measured(folder: Path, tag: str) -> list[Path]:
    """A short session, and the files that are stored now."""
    options = ["--workloads", "count-primes,no-op", "--models", "sequential,thread-pool", "--passes", "2"]
    done = run(folder, ["parabench", "bench", *options, "--tag", tag, "--on-busy", "allow"])
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(folder.glob("results/*/0*.json"))


def copies(stored: Path, first: int, last: int) -> None:
    """The same session again, some minutes later each time."""
    session = json.loads(stored.read_text())
    began = dt.datetime.fromisoformat(session["datetime"])
    for number in range(first, last + 1):
        session["datetime"] = (began + dt.timedelta(minutes=number)).isoformat()
        (stored.parent / f"{number:04d}{stored.name[4:]}").write_text(json.dumps(session))


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "GITHUB_"))}
    program = Path(sys.executable).parent / command[0]
    return subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        env=kept | EXPORTED,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_AT_MOST,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("line", [line for line in LINES if pattern_of(line, NOT_RUN) is None])
def test_a_documented_command_runs(project: Path, line: str) -> None:
    shortened = pattern_of(line, SHORTENED)
    words = [word for word in shlex.split(line) if word != "..."]
    done = run(project, words + (SHORTENED[shortened] if shortened else []))
    assert "Traceback" not in done.stderr
    assert done.returncode in (0, ALLOWED.get(line)), done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.strip() or "recover" in line or "--output" in line


@pytest.mark.parametrize("pattern", NOT_RUN)
def test_what_is_not_run_is_there_and_covered(pattern: str) -> None:
    assert [line for line in LINES if fnmatch.fnmatchcase(line, pattern)], "no page has such a command any more"
    assert (ROOT / NOT_RUN[pattern][1]).exists()
