"""Documented lines that measure are run, shortened; those that go on with what was stopped find such a thing."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest
from lines import changed, lines_of
from prepared import SECONDS_AT_MOST, Prepared
from running import check, skip_without

pytestmark = pytest.mark.slow

SHORT = ["--workloads", "no-op", "--models", "sequential,thread-pool", "--passes", "3", "--rounds", "1", "--no-report"]


@pytest.mark.parametrize("line", lines_of("measured"))
def test_a_line_measures(project: Prepared, line: str) -> None:
    skip_without(line)
    check(line, project.run(changed(line)))


def stopped(project: Prepared, command: list[str], signum: int, what: str) -> None:
    """Start a command, and send it a signal once there is a file of that pattern with a visit in it."""
    words, where = project.command(command)
    process = subprocess.Popen(words, **where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + SECONDS_AT_MOST
    before = set(project.root.glob("results/*/0*.json"))
    while process.poll() is None:
        assert time.monotonic() < deadline
        found = set(project.root.glob(what)) - before
        if any(what.endswith(".json") or b'"visit"' in path.read_bytes() for path in found):
            process.send_signal(signum)
            break
        time.sleep(0.005)
    process.wait(SECONDS_AT_MOST)


@pytest.fixture(scope="module")
def journal(project: Prepared) -> tuple[Path, bytes]:
    """The journal of a session that was killed."""
    stopped(project, ["parabench", "bench", *SHORT], signal.SIGKILL, "results/*/.session-*.journal")
    (path,) = project.root.glob("results/*/.session-*.journal")
    return path, path.read_bytes()


@pytest.mark.parametrize("line", lines_of("unfinished"))
def test_a_line_goes_on_with_what_was_stopped(project: Prepared, journal: tuple[Path, bytes], line: str) -> None:
    path, text = journal
    if line.startswith("parabench run"):
        path.unlink(missing_ok=True)
        stopped(project, ["parabench", "run", "--sessions", "2", *SHORT], signal.SIGINT, "results/*/0*.json")
    else:
        path.write_bytes(text)
    stored = set(project.root.glob("results/*/0*.json"))
    done = project.run(changed(line), said="y\n")
    check(line, done)
    assert not path.exists()
    assert bool(set(project.root.glob("results/*/0*.json")) - stored) == ("--discard" not in line)
