"""A project in which the documented command lines can be run: files, commits, and stored sessions."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import re
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from documented_pages import ROOT, programs

from parabench.measure.lock import LOCK_VARIABLE

SECONDS_AT_MOST = 120
#: A second function for each name that pages have; others are those of the pages themselves.
JOBS = """
import zlib


def resize(item):
    return len(zlib.compress(bytes(item % 7 for _ in range(5_000))))


def fetch_invoice(item):
    return item
"""
MEASURED = ("--models", "sequential,thread-pool", "--rounds", "2", "--no-report")
#: How much longer a session of HEAD takes than one of main.
SLOWER = 1.5


class Prepared:
    """The folder, and how a command is run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST_", "GITHUB_", "PARABENCH_"))
        } | {LOCK_VARIABLE: f"parabench-test-{uuid.uuid4().hex}", "COLUMNS": "120"}

    def command(self, words: list[str], folder: Path | None = None) -> tuple[list[str], dict[str, Any]]:
        """Words of a line as a process is started with them; settings may stand before the program."""
        settings = {}
        while match := re.fullmatch(r"([A-Z_]+)=(.*)", words[0]):
            settings[match[1]], words = match[2], words[1:]
        program = Path(sys.executable).with_name(words[0])
        where = {"cwd": folder or self.root, "env": self.environment | settings, "text": True}
        return [str(program), *words[1:]], where

    def run(self, words: list[str], folder: Path | None = None, said: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end; `said` is what its user types."""
        command, where = self.command(words, folder)
        return subprocess.run(command, **where, capture_output=True, check=False, timeout=SECONDS_AT_MOST, input=said)

    def git(self, *arguments: str) -> str:
        """What git says."""
        who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
        command = ["git", *who, *arguments]
        return subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def measured(self, *options: str) -> Path:
        """A short session, and its file."""
        done = self.run(["parabench", "bench", *MEASURED, *options])
        assert done.returncode == 0, done.stdout + done.stderr
        return max(self.root.glob("results/*/0*.json"))


def prepare(root: Path) -> Prepared:
    """This project's own work with functions of the pages, and two commits; nothing has been measured."""
    project = Prepared(root)
    for name in ("benchmarks", "workloads"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, root / name)
    (root / "mypackage").mkdir()
    for name in ("jobs.py", "mypackage/jobs.py"):
        (root / name).write_text(JOBS)
    (root / "invoices.json").write_text("[1, 2, 3, 4]")
    for _, text in programs():
        if named := re.match(r"# (workloads/\w+\.py)\n", text):
            (root / named[1]).write_text(text)
    (root / ".gitignore").write_text("results\n__pycache__\n.pytest_cache\n")
    project.git("init", "--quiet", "--initial-branch=main")
    for branch in ("main", "change"):
        project.git("checkout", "--quiet", "-B", branch)
        project.git("add", "--all")
        project.git("commit", "--quiet", "--allow-empty", "--message", f"work of {branch}")
    project.git("update-ref", "refs/remotes/origin/main", "main")
    return project


def store_sessions(project: Prepared) -> None:
    """Seventeen sessions of this interpreter, in turns of main and of HEAD; 12 to 16 have many numbers of workers.

    And before them, in turns, six each of 3.13 and of 3.14t, which takes longer.
    """
    own = project.measured("--workloads", "count-primes,no-op", "--passes", "1")
    counted = project.measured("--workloads", "no-op", "--passes", "1", "--workers", "1,2,4")
    plain, many = (json.loads(path.read_text()) for path in (own, counted))
    counted.unlink()
    source = random.Random(1)
    sides = [(project.git("rev-parse", "main"), "before", 1.0), (project.git("rev-parse", "HEAD"), "after", SLOWER)]
    for number in range(1, 18):
        commit, tag, factor = sides[(number + 1) % 2]
        session = copied(many if 12 <= number <= 16 else plain, number, factor, source)
        session["commit_info"] |= {"id": commit, "dirty": False}
        session["parabench"]["tags"] = [tag]
        (own.parent / f"{number:04d}{own.name[4:]}").write_text(json.dumps(session))
    for number in range(1, 7):
        for place, version in enumerate(("3.13", "3.14t")):
            session = copied(plain, 2 * number + place - 60, 1.0 + 0.3 * place, source)
            names = {
                "python_version": f"{version.rstrip('t')}.1",
                "python_implementation_version": f"{version.rstrip('t')}.1",
            }
            session["parabench"]["fingerprint"] |= {**names, "gil_enabled": not version.endswith("t")}
            session["parabench"]["machine_id"] = f"Linux-CPython-{version}"
            folder = project.root / "results" / f"Linux-CPython-{version}"
            folder.mkdir(exist_ok=True)
            (folder / f"{number:04d}{own.name[4:]}").write_text(json.dumps(session))


def copied(session: dict[str, Any], minutes: int, factor: float, source: random.Random) -> dict[str, Any]:
    """The session as one of a day before it, some minutes later, with times that are about so much longer."""
    made: dict[str, Any] = json.loads(json.dumps(session))
    moment = dt.datetime.fromisoformat(session["datetime"]) - dt.timedelta(days=1, minutes=-minutes)
    made["datetime"] = moment.isoformat()
    for benchmark in made["benchmarks"]:
        times = factor * source.lognormvariate(0, 0.01)
        for part in ("stats", "extra_info"):
            benchmark[part] = _longer(benchmark[part], times, within=part == "stats")
    return made


def _longer(value: Any, times: float, *, within: bool) -> Any:
    """Times of a stored cell that are longer by a factor, wherever they stand in it."""
    if isinstance(value, dict):
        counts = {"rounds", "iterations", "ops", "outliers"}
        return {
            key: each if key in counts else _longer(each, times, within=within or key.startswith("seconds"))
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [_longer(each, times, within=within) for each in value]
    return value * times if within and isinstance(value, float) else value
